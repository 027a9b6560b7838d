#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# CVE-2026-24260 and the race of CVE-2024-0133: a process swaps /etc, /usr/lib and the loader's directories of the root for links
# to the host while 1,000 creates and deletes run. Whatever a create finds, it says in words or does inside the root.
# limit: 180
. "$(dirname "$0")/attack.sh"
need_root
need runc
simulated h200x4
naive=$(built naive_writer)
racer=$(built root_racer)
libraries=usr/lib/x86_64-linux-gnu

# A root whose directories each have a twin that is a link to the host.
attacked() {
  mkdir -p "$1"
  tmpfs_root "$1/rootfs"
  bundle "$1" true NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=all
  cp "$1/config.json" "$1/request.json"
  ln -s "$UP/etc" "$1/rootfs/etc.other"
  ln -s "$UP/lib" "$1/rootfs/usr/lib.other"
  ln -s "$UP/lib" "$1/rootfs/$libraries.other"
  ln -s "$UP/lib" "$1/rootfs/usr/lib64.other"
}
# race DIR: starts the racer; stop_race CREATES: ends it, the root is as before, and more swaps than creates were made
race() {
  "$racer" 1000 "$1/rootfs/etc" "$1/rootfs/etc.other" "$1/rootfs/usr/lib64" "$1/rootfs/usr/lib64.other" \
    "$1/rootfs/$libraries" "$1/rootfs/$libraries.other" "$1/rootfs/usr/lib" "$1/rootfs/usr/lib.other" >"$TEST/swaps" 2>"$TEST/racer.errors" &
  racing=$!
  daemons+=("$racing")
}
stop_race() {
  kill "$racing"
  wait "$racing" || fail "the racer ended: $(cat "$TEST/racer.errors")"
  [ "$(cat "$TEST/swaps")" -gt "$1" ] || fail "only $(cat "$TEST/swaps") swaps"
}

case_ "CVE-2026-24260: /etc and the library directories become links to the host during 1,000 creates and deletes"
attacked "$TEST/race"
control "a tool that checks the path first is outrun"
"$racer" 0 "$TEST/race/rootfs/etc" "$TEST/race/rootfs/etc.other" >"$TEST/swaps" &
racing=$!
daemons+=("$racing")
for _ in $(seq 100); do
  "$naive" careful-cache "$TEST/race/rootfs" 100 2>/dev/null || true
  if harmed; then break; fi
done
harmed
stop_race 12
canaries
no_container
race "$TEST/race"
edited=0
for i in $(seq 1000); do
  cp "$TEST/race/request.json" "$TEST/race/config.json"
  if create "$TEST/race" 2>"$TEST/errors"; then
    edited=$((edited + 1))
    [ $((edited % 20)) -ne 1 ] || sources_are_the_hosts "$TEST/race"
  else
    grep -q '^outboard: ' "$TEST/errors" || fail "create $i: $(cat "$TEST/errors")"
  fi
  [ $((i % 5)) -ne 0 ] || "$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" delete c-race
  [ $((i % 100)) -ne 0 ] || unharmed
done
unharmed
stop_race 1000
unharmed
echo "note: $(cat "$TEST/swaps") swaps during 1000 creates, $edited of which found a root that they could use"
[ $edited -gt 0 ]

case_ "the creates left no temporary file in the root, wherever its directories were"
same "$(find "$TEST/race/rootfs" -name '.*outboard*' -print)" ""

# runc before 1.1.14 can itself be led to make empty files and directories outside the root by such a race (CVE-2024-45310); it may do
# that here, and nothing else: what was there stays as it was.
unharmed_but_by_runc() {
  local version
  version=$(runc --version | sed -n 's/^runc version \([0-9.]*\).*/\1/p')
  if [ "$(printf '%s\n' 1.1.14 "$version" | sort -V | head -1)" = 1.1.14 ]; then
    unharmed
    return
  fi
  ! diff <(grep -v '^[^ ]* d ' "$TEST/canary.before") <(canary_state | grep -v '^[^ ]* d ') >"$TEST/made" || return 0
  ! grep '^<' "$TEST/made" || fail "the host's files have changed"
  ! grep '^>' "$TEST/made" | grep -vE '^> (lib|etc)/[^ ]* f [0-7]+ [0-9]+ [0-9]+ 0  |^> 4294967295 0 ' || fail "more than an empty file was made on the host"
  echo "note: runc $version made $(grep -c '^> .* f ' "$TEST/made") empty files outside the root (CVE-2024-45310, mended in 1.1.14)"
  canaries
}

case_ "CVE-2024-0133: the same with the real runc, which makes the mount targets"
policy
race "$TEST/race"
for _ in $(seq 12); do
  cp "$TEST/race/request.json" "$TEST/race/config.json"
  in_bundle "$TEST/race" >/dev/null 2>&1 || true
done
stop_race 12
unharmed_but_by_runc

case_ "when nobody swaps any more the same root works"
cp "$TEST/race/request.json" "$TEST/race/config.json"
in_bundle "$TEST/race"
unharmed
