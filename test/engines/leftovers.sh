#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a GPU container leaves in its own file system, and what an image brings along: nothing of ours after delete, debris of
# another driver replaced, the host's driver before an image's own.
# limit: 300
. "$(dirname "$0")/common.sh"
need_root
need runc
simulated h200x4

# upper DIR: names, kinds, modes and content of a bundle's upper layer. Directories of the lower layer in which something was made
# are there as copies, which overlayfs never takes back; ld.so.cache is compared by what it holds.
upper() {
  (cd "$1/rootfs.upper" && find . -mindepth 1 -printf '%P %y %m %l\n' | while read -r name kind rest; do
    [ "$kind" = d ] && [ "$(stat -c %a "$TEST/rootfs/$name" 2>/dev/null)" = "${rest% }" ] || echo "$name $kind $rest"
  done | sort && find . -type f ! -path ./etc/ld.so.cache -exec md5sum {} + | sort -k2)
}
libraries() { ldconfig "$@" -p | tail -n +2; }
low_level() { "$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" "$@"; }
# life DIR ID: create, start, wait for the end, delete, as an engine does; what the container prints is printed
life() {
  low_level create --bundle "$1" "$2" >"$1/output" 2>&1 </dev/null || { cat "$1/output"; return 1; }
  low_level start "$2"
  for _ in $(seq 100); do [[ $(runc --root "$TEST/runc" state "$2") != *'"running"'* ]] && break; sleep 0.05; done
  low_level delete "$2"
  cat "$1/output"
}

for loader_cache in with without; do
  case_ "delete leaves the upper layer as create found it (an image $loader_cache ld.so.cache)"
  bundle "$TEST/$loader_cache" "ldconfig -p 2>&1 | grep -c 'libcuda.so.1 '" NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=all
  root=$TEST/$loader_cache/rootfs
  if [ $loader_cache = with ]; then
    cp --remove-destination "$root/etc/ld.so.cache" "$TEST/cache.before"
    cp "$TEST/cache.before" "$root/etc/ld.so.cache"
  else
    rm "$root/etc/ld.so.cache"
  fi
  upper "$TEST/$loader_cache" >"$TEST/before"
  same "$(life "$TEST/$loader_cache" "life-$loader_cache")" 1
  upper "$TEST/$loader_cache" >"$TEST/after"
  diff "$TEST/before" "$TEST/after"
  [ $loader_cache = without ] || diff <(libraries -C "$TEST/cache.before") <(libraries -r "$root")
done
same "$(ls "$TEST/state/containers")" ""

case_ "killed before the low-level runtime has started: a delete takes everything away, though there is no container"
bundle "$TEST/never" true NVIDIA_VISIBLE_DEVICES=all
cp --remove-destination "$TEST/rootfs/etc/ld.so.cache" "$TEST/never/rootfs/etc/ld.so.cache"
upper "$TEST/never" >"$TEST/before"
policy "runtime.low-level = ['/bin/false']"
not low_level create --bundle "$TEST/never" never
policy
same "$(find "$TEST/state/containers" -type f | wc -l)" 1
not low_level delete never >/dev/null 2>&1
same "$(ls "$TEST/state/containers")" ""
upper "$TEST/never" >"$TEST/after"
diff "$TEST/before" "$TEST/after"

case_ "a delete that the low-level runtime refuses takes nothing away"
bundle "$TEST/busy" "sleep 100" NVIDIA_VISIBLE_DEVICES=all
low_level create --bundle "$TEST/busy" busy </dev/null >/dev/null 2>&1
low_level start busy
not low_level delete busy >/dev/null 2>&1
same "$(find "$TEST/state/containers" -type f | wc -l)" 1
runc --root "$TEST/runc" exec busy sh -c "ldconfig -p | grep -q 'libcuda.so.1 ' && LD_PRELOAD=libcuda.so.1 /bin/true"
low_level delete -f busy
same "$(ls "$TEST/state/containers")" ""

case_ "what the container wrote at our places stays"
bundle "$TEST/wrote" "echo kept >/usr/bin/of-the-container" NVIDIA_VISIBLE_DEVICES=all
life "$TEST/wrote" life-wrote
same "$(cat "$TEST/wrote/rootfs/usr/bin/of-the-container")" kept

case_ "dangling links of another driver at mount targets are replaced"
bundle "$TEST/debris" "LD_PRELOAD=libcuda.so.1 /bin/true && echo loaded" NVIDIA_VISIBLE_DEVICES=all
directory=$TEST/debris/rootfs/usr/lib/x86_64-linux-gnu
[ -d "$directory" ] || directory=$(dirname "$(find "$TEST/debris/rootfs/usr" -name libc.so.6 | head -1)")
ln -s libcuda.so.470.1 "$directory/libcuda.so.1"
ln -s libcuda.so.1 "$directory/libcuda.so"
ln -s /nowhere/libnvidia-ml.so.470.1 "$directory/libnvidia-ml.so.1"
same "$(life "$TEST/debris" life-debris 2>&1)" loaded

case_ "empty files that docker commit kept are mount targets again, and are gone after delete"
bundle "$TEST/empty" "LD_PRELOAD=libcuda.so.1 /bin/true && echo loaded; ldconfig -p | grep -c 'libcuda.so.1 '" NVIDIA_VISIBLE_DEVICES=all
: >"$TEST/empty/rootfs${directory#"$TEST/debris/rootfs"}/libcuda.so.1"
same "$(life "$TEST/empty" life-empty 2>&1)" "loaded
1"
[ ! -e "$TEST/empty/rootfs${directory#"$TEST/debris/rootfs"}/libcuda.so.1" ]

# What of an image's own, as CUDA's images have it: a driver of another version in its compat directory.
compat=/usr/local/cuda-12.4/compat
library=$(driver_library libcuda)
own_driver() {  # ROOT
  mkdir -p "$1$compat"
  { cat "$library"; echo "the image's own"; } >"$1$compat/libcuda.so.550.54.15"
  ln -s libcuda.so.550.54.15 "$1$compat/libcuda.so.1"
  ln -s cuda-12.4 "$1/usr/local/cuda"
}
loaded="LD_PRELOAD=libcuda.so.1 sed -n 's|.* /|/|; /libcuda/p' /proc/self/maps | sort -u"
whose='for f in $(LD_PRELOAD=libcuda.so.1 sed -n "s|.* /|/|; /libcuda/p" /proc/self/maps | sort -u); do tail -c 20 $f | grep -c own || true; done'

case_ "LD_LIBRARY_PATH with a compat directory: the host's driver wins, also for who puts the directory back; said in the log and by explain"
bundle "$TEST/compat" "$loaded; echo \$LD_LIBRARY_PATH; export LD_LIBRARY_PATH=/usr/local/cuda/compat; $whose" NVIDIA_VISIBLE_DEVICES=all \
  LD_LIBRARY_PATH=/usr/local/cuda/compat:/opt/lib
own_driver "$TEST/compat/rootfs"
policy "runtime.log = '$TEST/runtime.log'"
usual=${directory#"$TEST/debris/rootfs"}
for round in first second; do
  same "$(in_bundle "$TEST/compat" 2>&1)" "$usual/libcuda.so.1
/opt/lib
0"
  [ $round = second ] || cp "$TEST/compat/config.json" "$TEST/compat.once"
done
cmp "$TEST/compat.once" "$TEST/compat/config.json"
has "LD_LIBRARY_PATH: '/usr/local/cuda/compat'" "$(cat "$TEST/runtime.log")"
has "the host's driver wins" "$(outboard explain --gpus all "rootfs:$TEST/compat/rootfs")"
sed -i 's/NVIDIA_VISIBLE_DEVICES=all/NVIDIA_VISIBLE_DEVICES=void/' "$TEST/compat/config.json"
same "$(in_bundle "$TEST/compat" 2>&1)" "$compat/libcuda.so.550.54.15
/usr/local/cuda/compat:/opt/lib
1"

case_ "the same with the built-in engine"
own_driver "$TEST/rootfs"
same "$(said outboard run --engine builtin --rm --gpus all -e LD_LIBRARY_PATH=/usr/local/cuda/compat "rootfs:$TEST/rootfs" sh -c "$whose")" 0
same "$(outboard run --engine builtin --gpus 0 --rm -e LD_LIBRARY_PATH=/usr/local/cuda/compat "rootfs:$TEST/rootfs" sh -c "$whose")" 1

case_ "an image with a driver at the usual place: covered, and said"
mkdir -p "$TEST/rootfs$usual"
cp "$TEST/rootfs$compat/libcuda.so.550.54.15" "$TEST/rootfs$usual/libcuda.so.550.54.15"
ln -sf libcuda.so.550.54.15 "$TEST/rootfs$usual/libcuda.so.1"
same "$(said outboard run --engine builtin --rm --gpus all "rootfs:$TEST/rootfs" sh -c "$whose")" 0
has "driver libraries of its own" "$(outboard explain --gpus all "rootfs:$TEST/rootfs")"
