#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A hostile (or broken) libnvidia-ml: whatever it tries in the helper that loads it, the host is as it was, and who asked gets one
# line of ours. The control loads the same library without the helper's fences.
# limit: 120
. "$(dirname "$0")/attack.sh"
need_root
need runc
simulated a100x8-mig
naive=$(built naive_writer)
library=$(driver_library libnvidia-ml)
cp "$library" "$TEST/genuine"
# deadline MILLISECONDS
deadline() { policy "runtime.low-level = ['/bin/true']" "nvml.helper = '$HELPER'" "nvml.deadline-ms = $1"; }
deadline 15000

prey() {  # the canaries, and a directory that everybody may write
  rm -rf "$CANARY"
  mkdir -p "$CANARY/open"
  chmod 0777 "$CANARY/open"
  echo "the host's secret" >"$CANARY/secret"
  chmod 0600 "$CANARY/secret"
  echo "everybody's file" >"$CANARY/open/file"
  chmod 0666 "$CANARY/open/file"
  canary_state >"$TEST/canary.before"
}
hostile() {  # ATTACK: puts the library in the place of the driver's
  cc -D_GNU_SOURCE -O0 -w -shared -fPIC -DATTACK="\"$1\"" -DHOST="\"$CANARY\"" -o "$library.new" "$ATTACKS/hostile_nvml.c" -lpthread
  mv "$library.new" "$library"
  rm -f "$TEST/state/nvml.json"
}
# naively: what of the attack works for root without fences (in namespaces of its own, for this machine's sake)
naively() { (ulimit -c 0 && ulimit -v 12000000 && timeout -s KILL 20 unshare -mu --propagation private "$naive" load "$library" 2>/dev/null | head -c 4000 | tr '\0' ' ') || true; }
# asked: the same through a create whose request depends on NVML; prints our error
asked() {
  local code=0
  bundle "$TEST/mig" true NVIDIA_VISIBLE_DEVICES=MIG-00000000-0000-0000-0000-000000000000
  cp "$TEST/mig/config.json" "$TEST/before.json"
  create "$TEST/mig" timeout -s KILL 20 2>"$TEST/errors" >/dev/null || code=$?
  [ $code = 1 ] || fail "exit code $code: $(head -c 500 "$TEST/errors")"
  cmp "$TEST/before.json" "$TEST/mig/config.json"
  [ ! -e "$TEST/state/nvml.json" ] || fail "the answer was kept"
  same "$(wc -l <"$TEST/errors")" 1
  [ "$(wc -c <"$TEST/errors")" -lt 9000 ]
  cat "$TEST/errors"
}

case_ "the genuine library answers, as user 65534"
bundle "$TEST/mig" true NVIDIA_VISIBLE_DEVICES=0:0
create "$TEST/mig"
[ -e "$TEST/state/nvml.json" ]

for attack in run change write read multiply allocate reach look; do
  case_ "it tries to $attack"
  prey
  hostile "$attack"
  case $attack in
    write) # the limit on file sizes ends it
      output=$(asked)
      has "crashed" "$output" ;;
    *)
      output=$(asked)
      has "NVML does not start: none (NVML error 999)" "$output" ;;
  esac
  unharmed
  echo "control: what of it works without the helper's fences"
  prey
  output=$(naively)
  case $attack in
    read) has "the host's secret" "$output" ;;
    *) [[ $output == *";"* ]] || harmed ;;
  esac
done

case_ "it crashes"
hostile crash
has "crashed in" "$(asked)"
has "Segmentation fault" "$(asked)"

case_ "it hangs, or burns time: ended at the deadline, with its own process"
for attack in hang spin; do
  hostile "$attack"
  deadline 1500
  has "did not finish within 1500 ms" "$(asked)"
  deadline 15000
  sleep 0.2
  same "$(pgrep -c -f "$HELPER --library $library" || true)" 0
done

case_ "it prints without end"
for attack in print shout; do
  hostile "$attack"
  has "printed more than 4096 KiB" "$(asked)"
done

case_ "it ends the process with success and without an answer"
hostile exit
has "answer is not JSON" "$(asked)"

case_ "its messages have control characters and lines"
hostile control
output=$(asked)
has 'line\x0aline\x1b[2J\x07\x08\x7f\xc2\x9b' "$output"
same "$(printf %s "$output" | LC_ALL=C tr -d '\40-\176' | wc -c)" 0

case_ "it is no library, or not there"
echo "not a library" >"$library"
has "no libnvidia-ml" "$(outboard list 2>&1 || true; asked)" || true
head -c 5000 "$TEST/genuine" >"$library"
asked >/dev/null

case_ "the helper ends with who started it"
hostile hang
bundle "$TEST/mig" true NVIDIA_VISIBLE_DEVICES=MIG-00000000-0000-0000-0000-000000000000
deadline 60000
"$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" create --bundle "$TEST/mig" c-mig 2>/dev/null &
pid=$!
daemons+=("$pid")
for _ in $(seq 100); do pgrep -P "$pid" >/dev/null && break; sleep 0.05; done
child=$(pgrep -P "$pid" | head -1)
for _ in $(seq 100); do grep -q '^Seccomp:.*2' "/proc/$child/status" && break; sleep 0.05; done
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
for _ in $(seq 100); do [ -e "/proc/$child" ] || break; sleep 0.05; done
[ ! -e "/proc/$child" ]
deadline 15000

case_ "where user 65534 may not open the nodes the helper stays root, without capabilities, and it works"
cp "$TEST/genuine" "$library"
chmod 0600 "$OUTBOARD_ROOT"/dev/nvidia0
rm -f "$TEST/state/nvml.json"
bundle "$TEST/mig" true NVIDIA_VISIBLE_DEVICES=0:0
create "$TEST/mig"
[ -e "$TEST/state/nvml.json" ]
hostile look
output=$(asked)
has "root; " "$output"
# CAP_DAC_READ_SEARCH (bit 2) alone
same "$(grep -oE 'Cap[A-Za-z]+:.x09[0-9a-f]+' <<<"$output" | tr '\n' ' ')" 'CapPrm:\x090000000000000004 CapEff:\x090000000000000004 '
lacks "new privileges" "$output"
