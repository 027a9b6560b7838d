# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# One create on a simulated machine whose system calls are counted, so that each can be made to fail or be the last one. The low-level
# runtime is /bin/true. Sourced by tests; gives $root, old and new config.json and ld.so.cache in $TEST.
. "$(dirname "$0")/../engines/common.sh"
need_root
need runc strace
simulated h200x4
policy "runtime.low-level = ['/bin/true']"
FULL=${FULL:-0}

bundle "$TEST/b" true NVIDIA_VISIBLE_DEVICES=0
root=$TEST/b/rootfs
cp "$TEST/b/config.json" "$TEST/old.json"
cp "$root/etc/ld.so.cache" "$TEST/old.cache"
# a program that changes what the kernel answers
under=()
create() { "$@" "${under[@]}" "$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" create --bundle "$TEST/b" b; }
delete() { "$@" "${under[@]}" "$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" delete b; }
restore() {
  cp "$TEST/old.json" "$TEST/b/config.json"
  cp "$TEST/old.cache" "$root/etc/ld.so.cache"
  rm -f "$TEST/state/containers/"* "$TEST/b/outboard-ld.so.cache"
}
# names NAME: into that variable everything in the places that are written, in the shell's own process
shopt -s dotglob nullglob
names() { local all=("$TEST/b"/* "$root"/etc/* "$root"/* "$TEST"/state/* "$TEST"/state/*/*); printf -v "$1" '%s\n' "${all[@]}"; }

create env
cp "$TEST/b/config.json" "$TEST/new.json"
cp "$root/etc/ld.so.cache" "$TEST/new.cache"
not cmp -s "$TEST/old.json" "$TEST/new.json"
not cmp -s "$TEST/old.cache" "$TEST/new.cache"
names known
# the helper's answers, which are asked for when /proc says less than it should
# shellcheck disable=SC2034  # used by the tests
known+=$TEST/state/nvml.json$'\n'
# calls LIST create|delete: into the array LIST, "NAME NUMBER WRITES" of each call from the start of main until the low-level runtime
# starts (create; the C library's own start is not ours) or the end (delete). strace counts each system call's name for itself. WRITES
# is ENOSPC for a call that changes a file tree, else nothing.
calls() {
  "$2" strace -qqq -o "$TEST/trace" >/dev/null
  # brk and the calls that cannot fail are left out: what strace would make of them the kernel never answers
  mapfile -t "$1" < <(awk '/^[^a-z]/ { next } { line = $0; sub(/\(.*/, "") } { count[$1]++ } /^fcntl$/ { main = 1 }
    $1 == "execve" && main { print $1, 1, ""; exit }
    main && $1 !~ /^(exit_group|brk|getpid|geteuid)$/ {
      print $1, count[$1], $1 ~ /^(write|mkdir|mknod|symlink|unlink|link|rename|fchown|fchmod)/ || line ~ /O_CREAT|O_TMPFILE/ ? "ENOSPC" : ""
    }' "$TEST/trace")
}
