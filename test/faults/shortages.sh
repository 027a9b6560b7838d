#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A create that lacks something: descriptors, memory, a disk, openat2, /proc, a quick root or a steady clock. With a GPU request it ends
# in the edited config.json or in one clear error and the old one; without one the container starts, its config.json untouched.
# limit: 300
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

case_ "no memory: address spaces from the smallest in which a static program starts"
# with_memory JSON SIZE...: address spaces in MiB
with_memory() {
  local json=$1 size
  shift
  cp "$TEST/old.json" "$TEST/kept_old.json"
  cp "$TEST/new.json" "$TEST/kept_new.json"
  cp "$json" "$TEST/old.json"
  restore
  create env
  cp "$TEST/b/config.json" "$TEST/new.json"
  good=0 bad=0
  for size; do new_or_error "$size MiB, ${json##*/}" prlimit --as=$((size << 20)); done
  [ $good -gt 0 ] && [ $bad -gt 0 ]
  echo "note: ${json##*/}: enough at $good sizes of address space, a clear error and the old config.json at $bad"
  mv "$TEST/kept_old.json" "$TEST/old.json"
  mv "$TEST/kept_new.json" "$TEST/new.json"
}
annotations() { sed "s#\"hostname\": \"test\"#\"hostname\": \"test\", \"annotations\": {$1}#" "$TEST/old.json"; }
annotations '"padding": "PADDING"' |
  { IFS= read -r -d '' text || true; printf '%s' "${text/PADDING/$(head -c 8000000 /dev/zero | tr '\0' x)}"; } >"$TEST/one_text_of_8_MB.json"
annotations PADDING |
  { IFS= read -r -d '' text || true; printf '%s' "${text/PADDING/$(seq -s, -f '"name%g": "value"' 60000)}"; } >"$TEST/60000_values.json"
cp "$TEST/old.json" "$TEST/usual.json"
with_memory "$TEST/usual.json" 4 5 6 8 16
with_memory "$TEST/one_text_of_8_MB.json" 4 6 $(seq 8 6 80) 96
with_memory "$TEST/60000_values.json" 4 5 6 7 $(seq 8 20) 24

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

case_ "each file and directory of /proc, /sys and /dev in turn missing, empty, or something else"
# any_answer WHAT: a config.json with the request's library, or a clear error and the old one; without a request nothing changes
any_answer() {
  local code=0
  restore
  create env >"$TEST/out" 2>&1 || code=$?
  if [ $code = 0 ]; then
    good=$((good + 1))
    grep -q '"destination":"/usr/lib/[^"]*/libcuda.so.1"' "$TEST/b/config.json" || fail "exit code 0 but not the edited config.json: $1"
  else
    bad=$((bad + 1))
    [ $code = 1 ] && [[ $(<"$TEST/out") == outboard:\ * ]] || fail "exit code $code: $1: $(<"$TEST/out")"
    cmp -s "$TEST/old.json" "$TEST/b/config.json" || fail "an error, but config.json was changed: $1"
  fi
  "$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" create --bundle "$TEST/plain" p
  cmp "$TEST/plain.json" "$TEST/plain/config.json"
}
good=0 bad=0
mapfile -t facts < <(cd "$OUTBOARD_ROOT" && find proc sys dev -mindepth 1 ! -path '*/0000:[1-9a-f]*' | sort)
[ ${#facts[@]} -gt 20 ]
for fact in "${facts[@]}"; do
  mv "$OUTBOARD_ROOT/$fact" "$TEST/fact"
  any_answer "no $fact"
  # what a create has made again
  rm -rf "${OUTBOARD_ROOT:?}/$fact"
  : >"$OUTBOARD_ROOT/$fact"
  any_answer "empty $fact"
  rm "$OUTBOARD_ROOT/$fact"
  mkdir "$OUTBOARD_ROOT/$fact"
  any_answer "a directory $fact"
  rm -r "${OUTBOARD_ROOT:?}/$fact"
  mv "$TEST/fact" "$OUTBOARD_ROOT/$fact"
done
echo "note: ${#facts[@]} facts: $good creates, $bad clear errors"
[ $good -gt 20 ] && [ $bad -gt 10 ]
restore
create env
cmp "$TEST/new.json" "$TEST/b/config.json"

case_ "this machine's own /proc: not mounted, hidden, or with masked files"
good=0 bad=0
for mask in 'mount -t tmpfs tmpfs /proc' 'mount -t proc -o hidepid=2 proc /proc' 'mount -t proc -o subset=pid proc /proc' 'mount --bind /dev/null /proc/self/uid_map'; do
  # shellcheck disable=SC2016  # expanded there
  new_or_error "$mask" unshare -m --propagation private sh -c "$mask"' && exec "$@"' sh
  unshare -m --propagation private sh -c "$mask"' && exec "$@"' sh "$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" create --bundle "$TEST/plain" p
  cmp "$TEST/plain.json" "$TEST/plain/config.json"
done
same "$good $bad" "3 1"
restore
fails_with 1 "/proc is not mounted" create unshare -m --propagation private sh -c 'mount -t tmpfs tmpfs /proc && exec "$@"' sh
restore
create env
cp "$root/etc/ld.so.cache" "$TEST/with_ours"
unshare -m --propagation private sh -c 'mount -t tmpfs tmpfs /proc && exec "$@"' sh "$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" delete b
cmp "$TEST/with_ours" "$root/etc/ld.so.cache"

case_ "a slow root: each look into it takes 5 ms"
good=0 bad=0
new_or_error "slow root" strace -f -qqq --seccomp-bpf -o /dev/null -e trace=openat2,pread64,getdents64 -e inject=openat2,pread64,getdents64:delay_enter=5000
same $good 1

case_ "a slow FUSE root (fuse-overlayfs, each of its own calls takes 2 ms), which has no O_TMPFILE either"
if [ -c /dev/fuse ]; then
  need fuse-overlayfs
  umount "$root"
  mkdir "$TEST/fuse.upper" "$TEST/fuse.work"
  strace -f -qqq --seccomp-bpf -o /dev/null -e trace=openat,newfstatat,pread64,readlinkat,getdents64 \
    -e inject=openat,newfstatat,pread64,readlinkat,getdents64:delay_enter=2000 \
    fuse-overlayfs -f -o "lowerdir=$TEST/rootfs,upperdir=$TEST/fuse.upper,workdir=$TEST/fuse.work" "$root" >"$TEST/fuse.log" 2>&1 &
  fuse=$!
  daemons+=("$fuse")
  for _ in $(seq 100); do ! mountpoint -q "$root" || break; sleep 0.1; done
  same "$(stat -f -c %T "$root")" fuseblk
  good=0 bad=0
  new_or_error "slow FUSE root" env
  new_or_error "slow FUSE root, once more" env
  same $good 2
  ldconfig -p -C "$root/etc/ld.so.cache" | grep -q 'libcuda.so.1 '
  "$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" delete b
  lacks libcuda.so.1 "$(ldconfig -p -C "$root/etc/ld.so.cache")"
  umount "$root"
  wait $fuse || true
  mount -t overlay -o "lowerdir=$TEST/rootfs,upperdir=$root.upper,workdir=$root.work" overlay "$root"
fi

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
