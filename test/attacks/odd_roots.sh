#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A root with a FIFO, a device, a socket, a directory, a loop of links, a huge or a corrupt file in every place that a create reads:
# it ends in time, in little memory, without having opened what is no file, with success or with one line of ours.
# limit: 120
. "$(dirname "$0")/attack.sh"
need_root
need runc
simulated h200x4
no_container
mkdir -p "$TEST/odd"
tmpfs_root "$TEST/odd/rootfs"
root=$TEST/odd/rootfs
bundle "$TEST/odd" true NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=all
cp "$TEST/odd/config.json" "$TEST/request.json"
mkdir -p "$root/usr/lib/i386-linux-gnu" "$root/usr/lib32"
tar -C "$root" -cf "$TEST/root.tar" .
memory=300000  # KiB of addresses

# odd PATH KIND: puts it there
odd() {
  local path=$root$1
  rm -rf "$path"
  mkdir -p "$(dirname "$path")" 2>/dev/null || return 0
  case $2 in
    fifo) mkfifo "$path" ;;
    zero) mknod "$path" c 1 5 ;;
    block) mknod "$path" b 7 200 ;;
    gpu) mknod "$path" c 195 0 ;;
    socket) cp -a "$TEST/socket" "$path" ;;
    directory) mkdir "$path" ;;
    loop) ln -s "$(basename "$path")" "$path" ;;
    deep) ln -s "$(printf 'x/%.0s' $(seq 1500))" "$path" ;;
    huge) truncate -s 1T "$path" ;;
    random) head -c 100000 "$TEST/noise" >"$path" ;;
    empty) : >"$path" ;;
    header) head -c 64 /usr/bin/true >"$path" ;;
    shut) echo x >"$path"; chmod 0 "$path" ;;
  esac
}
restore() { tar -C "$root" --recursive-unlink -xf "$TEST/root.tar" 2>/dev/null || { find "$root" -mindepth 1 -delete; tar -C "$root" -xf "$TEST/root.tar"; }; }
head -c 100000 /dev/urandom >"$TEST/noise"
# A socket's inode, without a program that can make one: any one that is about.
socket=$(find /run /tmp -xdev -type s 2>/dev/null | head -1 || true)
kinds="fifo zero block gpu directory loop deep huge random empty header shut"
if [ -n "$socket" ] && cp -a "$socket" "$TEST/socket" 2>/dev/null; then kinds="$kinds socket"; fi

# bounded: a create within 10 seconds and $memory; either it edits or it says why not
bounded() {
  local code=0
  cp "$TEST/request.json" "$TEST/odd/config.json"
  (ulimit -v $memory && create "$TEST/odd" timeout -s KILL 10) >/dev/null 2>"$TEST/errors" || code=$?
  case $code in
    0) ;;
    1) grep -q '^outboard: ' "$TEST/errors" || fail "$1: $(cat "$TEST/errors")"
       same "$(wc -l <"$TEST/errors")" 1 ;;
    *) fail "$1: exit code $code: $(cat "$TEST/errors")" ;;
  esac
}

for place in /etc/ld.so.cache /etc /usr/lib64/ld-linux-x86-64.so.2 /usr/lib/x86_64-linux-gnu/libc.so.6 /usr/lib64/libc.so.6 \
  /usr/lib/ld-linux.so.2 /usr/lib/i386-linux-gnu/libc.so.6 /usr/lib/ld-musl-x86_64.so.1 /usr/lib /usr/lib/x86_64-linux-gnu /lib64; do
  case_ "at $place: $kinds"
  for kind in $kinds; do
    odd "$place" "$kind"
    bounded "$kind at $place"
    restore
  done
done

case_ "as mount targets, in the places where the libraries go"
for kind in $kinds; do
  for name in libcuda.so.1 libcuda.so libnvidia-ml.so.1; do odd "/usr/lib/x86_64-linux-gnu/$name" "$kind"; done
  bounded "$kind as mount target"
  restore
done

case_ "the root works again without them, so that the tests above tried something"
bounded plain
grep -q libcuda "$TEST/odd/config.json"

case_ "FIFOs are not opened: who waits for a reader waits on"
waiting=()
for place in /etc/ld.so.cache /usr/lib/x86_64-linux-gnu/libc.so.6 /usr/lib64/ld-linux-x86-64.so.2; do
  odd "$place" fifo
  (exec 3>"$root$place") 2>/dev/null &
  waiting+=($!)
  daemons+=($!)
  bounded "a FIFO with a writer at $place"
  kill -0 "${waiting[-1]}" || fail "the FIFO at $place was opened"
  restore
done
# the control: reading one lets its writer through
mkfifo "$TEST/fifo"
(exec 3>"$TEST/fifo") &
pid=$!
timeout 10 cat "$TEST/fifo"
wait "$pid"

case_ "an ld.so.cache of 600,000 entries: seconds, not minutes"
# header: magic, number of entries 600,000, length of strings, reserved; then entries of zeros
{ printf 'glibc-ld.so.cache1.1\xc0\x27\x09\0\x10\0\0\0'; head -c $((20 + 600000 * 24 + 16)) /dev/zero; } >"$root/etc/ld.so.cache"
SECONDS=0
bounded "600,000 entries"
[ $SECONDS -lt 8 ] || fail "$SECONDS seconds"
restore

case_ "the built-in engine: accounts, hosts and the program itself"
lower=$TEST/lower
mkdir "$lower"
tar -C "$lower" -xf "$TEST/root.tar"
for kind in fifo zero directory loop huge random; do
  for place in /etc/passwd /etc/group /etc/hosts /etc/resolv.conf /usr/bin/prog; do
    root=$lower odd "$place" "$kind"
    (ulimit -v 4000000 && timeout -s KILL 20 outboard run --engine builtin --gpus all "rootfs:$lower" /usr/bin/prog) >/dev/null 2>"$TEST/errors" </dev/null && fail "it ran"
    rm -rf "${lower:?}$place"
  done
done
