#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A create that lacks something: descriptors, memory, a disk, openat2, /proc, a quick root or a steady clock. With a GPU request it ends
# in the edited config.json or in one clear error and the old one; without one the container starts, its config.json untouched.
# limit: 180
. "$(dirname "$0")/../engines/common.sh"
need_root
need runc strace prlimit
simulated h200x4
policy "runtime.low-level = ['/bin/true']"
bundle "$TEST/b" true NVIDIA_VISIBLE_DEVICES=0
bundle "$TEST/plain" "echo started"
root=$TEST/b/rootfs
cp "$TEST/b/config.json" "$TEST/old.json"
cp "$TEST/plain/config.json" "$TEST/plain.json"
cp "$root/etc/ld.so.cache" "$TEST/old.cache"
create() { "$@" "$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" create --bundle "$TEST/b" b; }
restore() {
  cp "$TEST/old.json" "$TEST/b/config.json"
  cp "$TEST/old.cache" "$root/etc/ld.so.cache"
  rm -rf "$TEST/state" "$TEST/b/outboard-ld.so.cache"
}
shopt -s dotglob nullglob
create env
cp "$TEST/b/config.json" "$TEST/new.json"
not cmp -s "$TEST/old.json" "$TEST/new.json"
good=0 bad=0
# new_or_error WHAT COMMAND...: that create gives the new config.json, or one line of error and the old one
new_or_error() {
  local what=$1 code=0 file
  shift
  restore
  create "$@" >"$TEST/out" 2>&1 || code=$?
  if [ $code = 0 ]; then
    good=$((good + 1))
    cmp -s "$TEST/new.json" "$TEST/b/config.json" || fail "exit code 0 but not the edited config.json: $what"
  else
    bad=$((bad + 1))
    [ $code = 1 ] || fail "exit code $code: $what: $(<"$TEST/out")"
    [[ $(<"$TEST/out") == outboard:\ * ]] || fail "no clear error: $what: $(<"$TEST/out")"
    cmp -s "$TEST/old.json" "$TEST/b/config.json" || fail "an error, but config.json was changed: $what"
  fi
  for file in "$TEST/b"/.*outboard-* "$root"/etc/.*outboard-* "$TEST"/state/.*outboard-* "$TEST"/state/*/.*outboard-*; do fail "left behind: $file: $what"; done
}
# plain_starts COMMAND...: the container without a GPU request, through the low-level runtime itself
plain_starts() {
  same "$("$@" "$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" run --bundle "$TEST/plain" "p$$-$RANDOM")" started
  cmp "$TEST/plain.json" "$TEST/plain/config.json"
}

case_ "no descriptors: from 3 to 30 of them"
for count in $(seq 3 30); do new_or_error "$count descriptors" prlimit --nofile="$count"; done
[ $good -gt 0 ] && [ $bad -gt 0 ]
echo "note: enough for $good of the counts, a clear error at $bad"

case_ "no descriptors in the middle: every opening from the Nth on fails"
good=0 bad=0
for count in 1 2 3 5 8 13 21 34 55 89 144 233; do
  new_or_error "from opening $count on" strace -f -qqq --seccomp-bpf -o /dev/null -e trace=openat,openat2 -e "inject=openat,openat2:error=EMFILE:when=$count+"
done
[ $bad -gt 0 ]

case_ "no memory: a config.json of 8 MB in an address space of 8 to 96 MiB"
cp "$TEST/old.json" "$TEST/small.json"
padding=$(head -c 8000000 /dev/zero | tr '\0' x)
sed "s#\"hostname\": \"test\"#\"hostname\": \"test\", \"annotations\": {\"padding\": \"PADDING\"}#" "$TEST/small.json" |
  { IFS= read -r -d '' text || true; printf '%s' "${text/PADDING/$padding}"; } >"$TEST/old.json"
cp "$TEST/new.json" "$TEST/small_new.json"
restore
create env
cp "$TEST/b/config.json" "$TEST/new.json"
good=0 bad=0
for size in 8 12 16 20 24 32 40 48 64 96; do new_or_error "$size MiB" prlimit --as=$((size << 20)); done
[ $good -gt 0 ] && [ $bad -gt 0 ]
echo "note: enough for $good of the sizes, the old config.json stays at $bad"
mv "$TEST/small.json" "$TEST/old.json"
mv "$TEST/small_new.json" "$TEST/new.json"

case_ "a full disk under the state directory does not stop a container, one under its root does, with a clear error"
restore
mkdir "$TEST/state"
mount -t tmpfs -o size=4k tmpfs "$TEST/state"
dd if=/dev/zero of="$TEST/state/filler" bs=1k 2>/dev/null || true
create env
cmp "$TEST/new.json" "$TEST/b/config.json"
umount "$TEST/state"
mkdir -p "$TEST/full" "$TEST/c/rootfs"
mount -t tmpfs -o size=64k tmpfs "$TEST/full"
mkdir "$TEST/full/upper" "$TEST/full/work"
mount -t overlay -o "lowerdir=$TEST/rootfs,upperdir=$TEST/full/upper,workdir=$TEST/full/work" overlay "$TEST/c/rootfs"
bundle "$TEST/c" true NVIDIA_VISIBLE_DEVICES=0
cp "$TEST/c/config.json" "$TEST/c.json"
dd if=/dev/zero of="$TEST/full/filler" bs=1k 2>/dev/null || true
fails_with 1 "No space left" "$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" create --bundle "$TEST/c" c
cmp "$TEST/c.json" "$TEST/c/config.json"
cmp "$TEST/rootfs/etc/ld.so.cache" "$TEST/c/rootfs/etc/ld.so.cache"
same "$(find "$TEST/full/upper" -name '*outboard*')" ""

case_ "no openat2: a clear error that says so, for the container's root is never looked through by hand"
restore
fails_with 1 "no openat2" create strace -f -qqq --seccomp-bpf -o /dev/null -e trace=openat2 -e inject=openat2:error=ENOSYS
cmp "$TEST/old.json" "$TEST/b/config.json"

case_ "an unreadable /proc of the driver"
mv "$OUTBOARD_ROOT/proc/driver" "$TEST/driver"
new_or_error "no /proc/driver" env
restore
fails_with 1 "not loaded" create env
mv "$TEST/driver" "$OUTBOARD_ROOT/proc/driver"

case_ "a slow root: each look into it takes 5 ms"
good=0 bad=0
new_or_error "slow root" strace -f -qqq --seccomp-bpf -o /dev/null -e trace=openat2,pread64,getdents64 -e inject=openat2,pread64,getdents64:delay_enter=5000
same $good 1

case_ "a clock that jumped, files from the future"
good=0 bad=0
for jump in 1 100000000; do new_or_error "clock ahead $jump s" unshare -T --monotonic $jump; done
touch -d '2099-01-01' "$OUTBOARD_ROOT"/usr/lib/*-linux-gnu 2>/dev/null || true
new_or_error "files of the year 2099" env
same $good 3

case_ "a root that is a plain directory is never written"
restore
cp -a "$TEST/rootfs" "$TEST/shared"
sed "s#\"rootfs\"#\"$TEST/shared\"#" "$TEST/old.json" >"$TEST/b/config.json"
# access times apart
listing() { find "$TEST/shared" -printf '%p %y %m %U:%G %s %T@ %C@ %l\n' | sort | sha256sum; }
before=$(listing)
create env
same "$(listing)" "$before"
grep -q outboard-ld.so.cache "$TEST/b/config.json"
"$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" delete b
same "$(listing)" "$before"

case_ "without a GPU request the container starts through it: few descriptors, a broken driver, no openat2, a full disk of ours"
policy
plain_starts prlimit --nofile=64
plain_starts strace -qqq -o /dev/null -e trace=openat2 -e inject=openat2:error=ENOSYS:when=1
mv "$OUTBOARD_ROOT" "$TEST/gone"
plain_starts env
mv "$TEST/gone" "$OUTBOARD_ROOT"
rm -rf "$TEST/state"
mkdir "$TEST/state"
mount -t tmpfs -o ro,size=4k tmpfs "$TEST/state"
plain_starts env
umount "$TEST/state"
printf 'nonsense [[[' >"$POLICY"
plain_starts env
rm "$POLICY"
plain_starts env
