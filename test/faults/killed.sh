#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A create and a delete killed before each of their system calls. After each kill config.json and ld.so.cache are the old or the new
# ones, never half; the next create gives exactly what it always gives and the next delete takes everything away, and then no file is
# there that was not there before. Without FULL=1: before each call that writes, and at a part of the others, for a kill between two
# calls that only read leaves what the one before left.
# limit: 1200
. "$(dirname "$0")/one_create.sh"
known_after_create=$known
list=()
before=
calls_to_kill=()
# choose EVERY: from $list the calls that write and every EVERYth of the others
choose() {
  local at name number writes
  calls_to_kill=()
  for at in "${!list[@]}"; do
    read -r name number writes <<<"${list[at]}"
    if [ "$FULL" = 1 ] || [ -n "$writes" ] || [ $((at % $1)) = 0 ] || [ "$name" = execve ]; then calls_to_kill+=("$name $number"); fi
  done
}
kills=0
# killed create|delete "NAME NUMBER": dies before that call
killed() {
  local code=0 name number
  read -r name number <<<"$2"
  "$1" strace -qqq -f -o "$TEST/trace" -e trace="$name" -e inject="$name:signal=SIGKILL:when=$number" >"$TEST/out" 2>&1 || code=$?
  [ $code = 137 ] || fail "exit code $code of $1, to be killed before $2: $(<"$TEST/out")"
  kills=$((kills + 1))
  what="$1 killed before $(tail -n 2 "$TEST/trace" | head -n 1)"
  cmp -s "$TEST/old.json" "$TEST/b/config.json" || cmp -s "$TEST/new.json" "$TEST/b/config.json" || fail "half a config.json: $what"
  cmp -s "$TEST/old.cache" "$root/etc/ld.so.cache" || cmp -s "$TEST/new.cache" "$root/etc/ld.so.cache" || fail "half an ld.so.cache: $what"
}
# only NAMES: what is there now is among them
only() {
  local now name
  names now
  while IFS= read -r name; do [[ $1 == *"$name"$'\n'* ]] || fail "left behind: $name: $what"; done <<<"${now%$'\n'}"
}
create_is_complete() {
  create env
  cmp -s "$TEST/new.json" "$TEST/b/config.json" || fail "the next create gives another config.json: $what"
  cmp -s "$TEST/new.cache" "$root/etc/ld.so.cache" || fail "the next create gives another ld.so.cache: $what"
  only "$known_after_create"
}
sleep 1.1  # what has just changed is not remembered
create env
create env
cp "$TEST"/state/containers/b-*.json "$TEST/record.json"
record=$(echo "$TEST"/state/containers/b-*.json)
recorded() { sed "s/.*\"$1\":\[\([^]]*\)\].*/\1/; s/\"//g" "$TEST/record.json" | tr ',' '\n'; }
mapfile -t target_directories < <(recorded directories)
mapfile -t targets < <(recorded files)
[[ ${#targets[@]} -gt 10 && ${targets[0]} == /usr/lib/*/libcuda.so.1 ]]
# mounted_once: the state after a container has run: mount targets, which the low-level runtime makes
mounted_once() {
  cp "$TEST/new.json" "$TEST/b/config.json"
  cp "$TEST/new.cache" "$root/etc/ld.so.cache"
  cp "$TEST/record.json" "$record"
  mkdir -p "${target_directories[@]/#/$root}"
  touch "${targets[@]/#/$root}"
}
restore
names before
rm -f "$record"
delete_is_complete() {
  local path
  delete env
  cmp -s "$TEST/old.cache" "$root/etc/ld.so.cache" || same "$(ldconfig -p -C "$root/etc/ld.so.cache" | tail -n +2)" "$old_libraries"
  for path in "${targets[@]}" "${target_directories[@]}"; do
    if [ -e "$root$path" ]; then fail "left behind: $path: $what"; fi
  done
  only "$before"
}
old_libraries=$(ldconfig -p -C "$TEST/old.cache" | tail -n +2)

case_ "a create on a machine that the runtime knows"
restore
calls list create
choose 4
for call in "${calls_to_kill[@]}"; do
  restore
  killed create "$call"
  create_is_complete
done
[ $kills -gt 100 ]
echo "note: killed before $kills of ${#list[@]} calls"

case_ "the same, and a delete is what comes next"
kills=0
choose 1000000
for call in "${calls_to_kill[@]}"; do
  restore
  killed create "$call"
  what="delete after a $what"
  # the bundle is the engine's to take away: a delete does not know it
  rm -f "$TEST/b/.config.json.outboard-new"
  delete_is_complete
done
echo "note: killed before $kills of ${#list[@]} calls"

case_ "the first create on a machine, whose nodes are not there yet"
kills=0
nodes() { stat -c '%n %t:%T %a %u:%g' "$OUTBOARD_ROOT"/dev/nvidia*; }
nodes_before=$(nodes)
cold() { rm -rf "$TEST/state" "$OUTBOARD_ROOT"/dev/char "$OUTBOARD_ROOT"/dev/nvidia{0,ctl,-uvm}; }
cold
restore
calls list create
choose 40
for call in "${calls_to_kill[@]}"; do
  cold
  restore
  killed create "$call"
  create_is_complete
  same "$(nodes)" "$nodes_before"
done
[ $kills -gt 30 ]
echo "note: killed before $kills of ${#list[@]} calls"

case_ "where the file system has no O_TMPFILE"
kills=0
need cc
cc -O1 -o "$TEST/without_tmpfile" "$OUTBOARD_SOURCE/test/faults/without_tmpfile.c"
restore
create env
under=("$TEST/without_tmpfile")
restore
calls list create
grep -q 'O_TMPFILE.*EOPNOTSUPP' "$TEST/trace"
choose 1000000
for call in "${calls_to_kill[@]}"; do
  restore
  killed create "$call"
  create_is_complete
  restore
  killed create "$call"
  # the bundle is the engine's, and the state directory is on a tmpfs, which has O_TMPFILE
  rm -f "$TEST/b/.config.json.outboard-"* "$TEST/state/containers/".*outboard-*
  delete_is_complete
done
under=()
[ $kills -gt 20 ]
echo "note: killed before $((kills / 2)) of ${#list[@]} calls"

case_ "a delete"
kills=0
mounted_once
calls list delete
# what is left of the image's own ld.so.cache is the same, laid out anew
cp "$root/etc/ld.so.cache" "$TEST/old.cache"
choose 2
for call in "${calls_to_kill[@]}"; do
  mounted_once
  killed delete "$call"
  delete_is_complete
done
[ $kills -gt 50 ]
echo "note: killed before $kills of ${#list[@]} calls"
