#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every system call of a create fails once, each with several errors: first on a machine that the runtime sees for the first time
# (it reads every driver file), then on one that it knows. Each time: exit code 0 or one clear error, config.json and ld.so.cache the
# old or the new ones, no temporary file anywhere, and the next create gives exactly what it always gives. With FULL=1 every call fails
# with every error; else the first kind takes the errors in turn. killed.sh kills at every call.
# limit: 300
. "$(dirname "$0")/one_create.sh"
errors=(EIO EMFILE ENOMEM)
targets() { grep -o '"destination":"[^"]*"' "$1" | grep -vF '"/etc/ld.so.cache"'; }
faults=0
list=()
survived=0
# what must hold after the fault $1, whose exit code is $2 and output in $TEST/out
check() {
  local now name new
  faults=$((faults + 1))
  if [ "$2" = 0 ]; then
    survived=$((survived + 1))
    # the mount of a cache beside the bundle, where it could not be learned that the root's own may be written
    if grep -qF "$TEST/b/outboard-ld.so.cache" "$TEST/b/config.json"; then
      same "$(targets "$TEST/b/config.json")" "$(targets "$TEST/new.json")"
    else
      cmp -s "$TEST/new.json" "$TEST/b/config.json" || fail "exit code 0 but not the edited config.json after $1"
    fi
    cmp -s "$TEST/new.cache" "$root/etc/ld.so.cache" || grep -q "$TEST/b/" "$TEST/b/config.json" || fail "exit code 0 but not the new ld.so.cache after $1"
  else
    new=$(<"$TEST/out")
    [ "$2" = 1 ] || fail "exit code $2 after $1: $new"
    [[ $new == outboard:\ * && $new != *$'\n'*$'\n'* ]] || fail "no clear error after $1: $new"
    cmp -s "$TEST/old.json" "$TEST/b/config.json" || cmp -s "$TEST/new.json" "$TEST/b/config.json" || fail "half a config.json after $1"
    cmp -s "$TEST/old.cache" "$root/etc/ld.so.cache" || cmp -s "$TEST/new.cache" "$root/etc/ld.so.cache" || fail "half an ld.so.cache after $1"
  fi
  names now
  # the copy that is mounted where the root's own cache could not be written
  ! grep -qF "$TEST/b/outboard-ld.so.cache" "$TEST/b/config.json" || now=${now/"$TEST/b/outboard-ld.so.cache"$'\n'/}
  while IFS= read -r name; do [[ $known == *"$name"$'\n'* ]] || fail "left behind after $1: $name"; done <<<"${now%$'\n'}"
}
# one NAME NUMBER ERROR: that call fails
one() {
  local code=0
  restore
  create strace -qqq --seccomp-bpf -f -o "$TEST/trace" -e trace="$1" -e inject="$1:error=$3:when=$2" >"$TEST/out" 2>&1 || code=$?
  grep -q INJECTED "$TEST/trace" || fail "call $1 $2 did not happen"
  check "$3: $(grep -m1 INJECTED "$TEST/trace")" $code
}

case_ "a machine that the runtime knows"
sleep 1.1  # what has just changed is not remembered
create env
create env
restore
calls list create
step=0
for call in "${list[@]}"; do
  read -r name number full <<<"$call"
  for error in "${errors[@]:$((FULL ? 0 : step++ % 3)):$((FULL ? 3 : 1))}" $full; do one "$name" "$number" "$error"; done
done
[ $faults -gt 100 ]
echo "note: $faults faults in a create of ${#list[@]} calls, $survived of them without effect"

case_ "a machine that the runtime sees for the first time: and what failed once is not remembered as missing"
rm -rf "$TEST/state"
restore
calls list create
faults=0 survived=0
for ((at = 0; at < ${#list[@]}; at += FULL ? 1 : 9)); do
  read -r name number full <<<"${list[at]}"
  rm -rf "$TEST/state"
  one "$name" "$number" "${errors[at % 3]}"
  restore
  create env
  cmp -s "$TEST/new.json" "$TEST/b/config.json" || fail "the next create differs after $name $number"
done
[ $faults -gt 50 ]
echo "note: $faults faults in a create of ${#list[@]} calls, $survived of them without effect"
