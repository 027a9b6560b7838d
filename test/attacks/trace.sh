#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every system call of a create and a delete is held against trace.allow: what is not on the list fails the test. Controls: an open
# more, a runtime that keeps its state elsewhere, a program that writes the cache by joined paths.
# limit: 120
. "$(dirname "$0")/attack.sh"
need_root
need strace
simulated a100x8-mig
policy "runtime.low-level = ['/bin/true']" "nvml.helper = '$HELPER'"
low_level=/bin/true
request() { bundle "$TEST/b" true NVIDIA_VISIBLE_DEVICES=0:0 NVIDIA_DRIVER_CAPABILITIES=all; }

# traced NAME COMMAND...: what it did, sorted, with the names that trace.allow uses, in $TEST/NAME.done
traced() {
  local name=$1
  shift
  strace -f -qq -y -s 4096 -o "$TEST/$name.raw" "$@" || fail "traced $name"
  done_by "$name"
}
done_by() {
  awk -v RUNTIME="$RUNTIME" -v HELPER="$HELPER" -f "$ATTACKS/trace.awk" "$TEST/$1.raw" |
    sed -E "s# $TEST/b/rootfs# ROOT#; s# $TEST/b# BUNDLE#; s# $OUTBOARD_ROOT# DRIVER#; s# $TEST/state# STATE#; s# $POLICY\$# POLICY#
      s# $HELPER\$# HELPER#; s# $low_level\$# LOWLEVEL#; s#write ($TEST|/tmp|${TEST%/*})\$#write ABOVE-STATE#" | sort -u >"$TEST/$1.done"
}
# allowed STEP NAME: prints what of $TEST/NAME.done is not on the list for that step, and fails if anything is
allowed() {
  awk -v step="$1" '
    function as_expression(pattern) {
      gsub(/[.+(){}^$?\[\]]/, "\\\\&", pattern)
      gsub(/\*/, ".*", pattern)
      return "^(" pattern ")$"
    }
    FNR == NR {
      if ($0 ~ /^(#|$)/) next
      if ($1 != "all" && ("," $1 ",") !~ ("," step ",")) next
      list[$2 " " $3] = list[$2 " " $3] " " as_expression($4)
      next
    }
    {
      path = substr($0, length($1 " " $2) + 2)
      n = split(list[$1 " " $2], patterns, " ")
      for (i = 1; i <= n; i++) if (path ~ patterns[i]) next
      print "not allowed in " step ": " $0
      bad = 1
    }
    END { exit bad }' "$ATTACKS/trace.allow" "$TEST/$2.done"
}
create=("$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" create --bundle "$TEST/b" id)

case_ "a create without a GPU request reads the specification and the policy"
bundle "$TEST/b" true
traced plain "${create[@]}"
allowed plain plain
[ "$(wc -l <"$TEST/plain.done")" -lt 30 ]

case_ "the first create: the machine, the driver's files, NVML through its helper"
request
rm -rf "$OUTBOARD_ROOT"/dev/char/*
sleep 1.1
traced cold "${create[@]}"
allowed cold cold
grep -q '^runtime run HELPER' "$TEST/cold.done"

case_ "every other create"
request
traced warm "${create[@]}"
allowed warm warm
lacks HELPER "$(cat "$TEST/warm.done")"

case_ "the fallback: a root that is not written"
mkdir -p "$TEST/plain"
cp -a "$TEST/rootfs" "$TEST/plain/rootfs"
bundle "$TEST/plain" true NVIDIA_VISIBLE_DEVICES=0
mkdir -p "$TEST/plain/rootfs"
strace -f -qq -y -s 4096 -o "$TEST/fallback.raw" "$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" create --bundle "$TEST/plain" other
done_by fallback
same "$(grep -c " write $TEST/plain/rootfs" "$TEST/fallback.done" || true)" 0
same "$(grep ' write ' "$TEST/fallback.done" | grep -c "outboard-ld.so.cache")" 1

case_ "delete"
: >"$TEST/b/rootfs/usr/bin/nvidia-smi"
traced delete "$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" delete id
allowed delete delete
grep -q '^runtime write ROOT' "$TEST/delete.done"

case_ "controls: what is not on the list is seen"
cp "$TEST/warm.raw" "$TEST/more.raw"
for call in 'openat(AT_FDCWD</>, "/etc/shadow", O_RDONLY|O_CLOEXEC) = 3</etc/shadow>' 'unlinkat(3<'"$TEST"'/b/rootfs/etc>, "passwd", 0) = 0' \
  'execve("/usr/sbin/ldconfig", ["ldconfig"], 0x7ffc /* 1 var */) = 0' 'chroot("/") = 0' \
  'openat2(3<'"$TEST"'/b/rootfs>, "/etc/passwd", {flags=O_RDONLY|O_CLOEXEC, resolve=RESOLVE_IN_ROOT}, 24) = 4</x>' \
  'openat(AT_FDCWD</>, "'"$OUTBOARD_ROOT"'/dev/nvidia0", O_RDWR) = 3'; do
  # before the last line, which becomes the low-level runtime
  sed "1a $(awk 'NR == 1 { print $1 }' "$TEST/warm.raw") ${call//\\/\\\\}" "$TEST/warm.raw" >"$TEST/more.raw"
  done_by more
  not allowed warm more >"$TEST/found"
  same "$(wc -l <"$TEST/found")" 1
done
policy "runtime.low-level = ['/bin/true']" "nvml.helper = '$HELPER'" "runtime.state-directory = '$TEST/elsewhere'"
sed -i "0,/state-directory/{/state-directory/d}" "$POLICY"
request
traced elsewhere "${create[@]}"
not allowed cold elsewhere >"$TEST/found"
grep -q "write $TEST/elsewhere" "$TEST/found"
traced naive "$(built naive_writer)" cache "$TEST/b/rootfs"
not allowed warm naive >"$TEST/found"

case_ "the list is the one that SECURITY.md explains"
for name in BUNDLE ROOT STATE POLICY DRIVER HELPER LOWLEVEL; do
  grep -q "$name" "$OUTBOARD_SOURCE/SECURITY.md" || fail "SECURITY.md does not name $name"
done
