#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The built-in engine: no daemon, images from directories and archives, docker's exit codes.
# limit: 300
. "$(dirname "$0")/common.sh"
need_root
need skopeo umoci script runc
simulated h200x4
"$OUTBOARD_SOURCE/test/make_rootfs" "$TEST/rootfs"
run() { outboard run --engine builtin --rm "$@"; }
image=rootfs:$TEST/rootfs

case_ "exactly the chosen GPUs can be opened, a node made inside stays shut"
same "$(run --gpus device=1 "$image" sh -c "$LIST_NODES" | grep -E '^nvidia[0-9]')" "nvidia1 allowed"
same "$(run --gpus all "$image" sh -c "$LIST_NODES" | grep -cE '^nvidia[0-9] allowed')" 4
same "$(run --gpus device=0 "$image" sh -c "$(make_node one 1); $LIST_NODES" | grep made)" "made-one denied"

case_ "libraries: the loader and ldconfig -p find them, also after ldconfig ran inside"
same "$(said run --gpus all "$image" sh -c 'LD_PRELOAD=libcuda.so.1:libnvidia-ml.so.1 /bin/true && ldconfig -p | grep -c "libcuda.so.1 " && ldconfig && LD_PRELOAD=libcuda.so.1 /bin/true && echo good')" "1
good"

case_ "the directory of rootfs: is not written"
run --gpus all "$image" sh -c 'echo changed >/etc/changed; rm -f /etc/passwd'
[ ! -e "$TEST/rootfs/etc/changed" ] && [ -e "$TEST/rootfs/etc/passwd" ]
same "$(find "$TEST/rootfs" -name 'libcuda*' | wc -l)" 0

case_ "exit codes are docker's"
for code in 0 7 42 255; do
  got=0
  run --gpus all "$image" sh -c "exit $code" || got=$?
  same "$got" "$code"
done
fails_with 127 "no-such-program" run --gpus all "$image" no-such-program
fails_with 126 "/etc/passwd" run --gpus all "$image" /etc/passwd
fails_with 125 "'9'" run --gpus device=9 "$image" true
fails_with 125 "--cpu-shares" run --gpus all --cpu-shares 5 "$image" true
fails_with 125 "rootfs:" run --gpus all "rootfs:$TEST/nowhere" true

case_ "signals: a terminated run ends its program, with docker's exit code"
outboard run --engine builtin --rm --gpus all "$image" sh -c 'trap "echo caught; exit 9" TERM; echo ready; while :; do sleep 0.1; done' >"$TEST/signal.out" &
pid=$!
for _ in $(seq 100); do grep -q ready "$TEST/signal.out" && break; sleep 0.1; done
kill -TERM $pid
got=0
wait $pid || got=$?
same "$got" 9
grep -q caught "$TEST/signal.out"

case_ "-v -e -w -u -i"
mkdir "$TEST/data"
echo content >"$TEST/data/file"
same "$(run --gpus all -e COLOUR=green -w /tmp -u 1000:1000 -v "$TEST/data:/data:ro" "$image" sh -c 'echo $COLOUR $PWD $(id -u) $(cat /data/file)')" "green /tmp 1000 content"
not run --gpus all -v "$TEST/data:/data:ro" "$image" sh -c 'echo x >/data/file' 2>/dev/null
same "$(echo typed | run -i --gpus all "$image" cat)" typed

case_ "-t gives the program a terminal"
has "/dev/pts" "$(script -qec "outboard run --engine builtin --rm -it --gpus all $image tty" /dev/null)"

case_ "two containers of one name are a conflict, and --rm leaves nothing"
outboard run --engine builtin --rm --name same --gpus all "$image" sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done' &
pid=$!
for _ in $(seq 100); do grep -q "outboard.*same" /proc/self/mountinfo && break; sleep 0.1; done
fails_with 125 "same" run --name same --gpus all "$image" true
kill -TERM $pid
wait $pid || true
run --name same --gpus all "$image" true

case_ "--dry-run starts nothing, and shows what would be written"
output=$(run --dry-run --gpus device=1 "$image" touch /tmp/x)
has " run --bundle " "$output"
has "/config.json with:" "$output"
has "/etc/ld.so.cache with" "$output"
has "/dev/nvidia1" "$output"
has "libcuda.so.1" "$output"
lacks "/dev/nvidia2" "$output"
# what it prints is a command, the rest comments
same "$(grep -cv '^#' <<<"$output")" 1
same "$(run --dry-run --gpus 0 "$image" true | grep -c "^#" || true)" 0
same "$(find "$TEST/state/containers" -mindepth 1 ! -name .lock 2>/dev/null)" ""

case_ "oci:, oci-archive: and docker-archive: images and a path to them, with their entrypoint, environment, user and directory"
umoci init --layout "$TEST/layout"
umoci new --image "$TEST/layout:latest"
umoci unpack --image "$TEST/layout:latest" "$TEST/unpacked" >/dev/null 2>&1
cp -a "$TEST/rootfs/." "$TEST/unpacked/rootfs/"
umoci repack --image "$TEST/layout:latest" "$TEST/unpacked" >/dev/null 2>&1
umoci config --image "$TEST/layout:latest" --config.entrypoint /bin/sh --config.entrypoint -c --config.cmd 'echo "$COLOUR $PWD $(id -un)"' \
  --config.env COLOUR=blue --config.workingdir /var --config.user nobody
same "$(run --gpus all "oci:$TEST/layout:latest")" "blue /var nobody"
same "$(run --gpus all "oci:$TEST/layout:latest" 'echo other')" other
skopeo copy -q "oci:$TEST/layout:latest" "docker-archive:$TEST/archive.tar:test:1"
same "$(run --gpus all "docker-archive:$TEST/archive.tar")" "blue /var nobody"
same "$(run --gpus all "$TEST/archive.tar")" "blue /var nobody"
skopeo copy -q "oci:$TEST/layout:latest" "oci-archive:$TEST/oci.tar:v1"
same "$(run --gpus all "oci-archive:$TEST/oci.tar:v1")" "blue /var nobody"
same "$(run --gpus all "$TEST/oci.tar" 'echo other')" other
same "$(run --gpus device=2 --entrypoint /bin/sh "docker-archive:$TEST/archive.tar" -c "$LIST_NODES" | grep -E '^nvidia[0-9]')" "nvidia2 allowed"

case_ "outboard verify counts the simulated devices inside and says that no kernel ran"
output=$(outboard verify --engine builtin --gpus device=0,2 "$image")
has "simulated" "$output"
has "not run" "$output"
fails_with 1 "kernel" outboard verify --engine builtin --require-kernel --gpus all "$image"
