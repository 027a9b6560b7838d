#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The runtime leaves nothing of its own to the low-level runtime and takes nothing of the engine's from it: descriptors, umask,
# working directory, signals, limits and arguments arrive as the engine gave them, whether a container asks for a GPU or not.
# limit: 60
. "$(dirname "$0")/attack.sh"
need_root
simulated h200x4

# The low-level runtime of this test writes down what it got.
cat >"$TEST/low-level" <<'SH'
#!/bin/dash
{
  for fd in /proc/$$/fd/*; do
    target=$(readlink "$fd") || continue
    # the shell's own: its script and what this is written to
    case $target in */low-level | "$RECORD") ;; *) echo "fd ${fd##*/} $target" ;; esac
  done
  echo "umask $(umask)"
  echo "directory $(pwd -P)"
  grep -E '^(Sig|Shd|Cap|NoNewPrivs|Seccomp|Uid|Gid|Groups)' /proc/$$/status | grep -vE '^Sig(Cgt|Q)'
  cat /proc/$$/limits
  for word; do echo "word $word"; done
} >"$RECORD"
SH
chmod +x "$TEST/low-level"
policy "runtime.low-level = ['$TEST/low-level']"
echo content >"$TEST/handed"

# passed_on DIR START: what arrives if the shell text START comes before the runtime ("$@"), as against the low-level runtime alone
passed_on() {
  local words=(--root "$TEST/runc" create --bundle "$1" --pid-file "$TEST/pid" --preserve-fds 2 --console-socket "$TEST/console" id)
  (cd "$1" && RECORD=$TEST/with bash -c "$2" start "$RUNTIME" --outboard-config "$POLICY" "${words[@]}")
  (cd "$1" && RECORD=$TEST/without bash -c "$2" start "$TEST/low-level" "${words[@]}")
  [ -s "$TEST/without" ]
  # pipes have numbers of their own
  diff <(sed 's/:\[[0-9]*\]//' "$TEST/without") <(sed 's/:\[[0-9]*\]//' "$TEST/with") >&2 || fail "not the same"
}

bundle "$TEST/plain" true
for request in plain gpu; do
  case_ "descriptors, limits, signals and words arrive ($request)"
  [ "$request" = plain ] || bundle "$TEST/gpu" true NVIDIA_VISIBLE_DEVICES=all
  # shellcheck disable=SC2016  # expanded by the shell that starts the runtime
  for start in \
    'exec "$@"' \
    'exec 3<"'"$TEST"'/handed" 4>>"'"$TEST"'/handed" 77</dev/zero; LISTEN_FDS=2 exec "$@"' \
    'umask 0; exec "$@"' \
    'umask 0777; exec "$@"' \
    'ulimit -n 64; ulimit -c 0; ulimit -s 4096; exec "$@"' \
    'trap "" PIPE HUP INT; exec "$@"'; do
    [ "$request" = plain ] || bundle "$TEST/gpu" true NVIDIA_VISIBLE_DEVICES=all
    passed_on "$TEST/$request" "$start"
  done
done
grep -q libcuda "$TEST/gpu/config.json"

case_ "the control: a descriptor that is left open is seen"
RECORD=$TEST/with bash -c 'exec 9</dev/null; exec "$@"' start "$TEST/low-level"
grep -q '^fd 9 /dev/null' "$TEST/with"

case_ "also after the helper for NVML and the runtime's other children have run"
simulated a100x8-mig
policy "runtime.low-level = ['$TEST/low-level']" "nvml.helper = '$HELPER'"
bundle "$TEST/gpu" true NVIDIA_VISIBLE_DEVICES=0:0
# shellcheck disable=SC2016
passed_on "$TEST/gpu" 'exec 3<"'"$TEST"'/handed" 77</dev/zero; exec "$@"'
[ -e "$TEST/state/nvml.json" ]

case_ "closed standard descriptors: no file of ours takes their place, and they stay closed"
for closed in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
  bundle "$TEST/gpu" true NVIDIA_VISIBLE_DEVICES=0:0
  passed_on "$TEST/gpu" "exec \"\$@\" $closed"
  bundle "$TEST/gpu" true NVIDIA_VISIBLE_DEVICES=nonsense
  cp "$TEST/gpu/config.json" "$TEST/before.json"
  bash -c "exec \"\$@\" $closed" start "$RUNTIME" --outboard-config "$POLICY" create --bundle "$TEST/gpu" id >/dev/null 2>&1 && fail "it must be refused"
  cmp "$TEST/before.json" "$TEST/gpu/config.json"
done

case_ "what the runtime makes is closed to others under every umask"
rm -rf "$TEST/state"
bundle "$TEST/gpu" true NVIDIA_VISIBLE_DEVICES=0:0
(umask 0 && RECORD=$TEST/with "$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" create --bundle "$TEST/gpu" id)
same "$(find "$TEST/state" -perm /022)" ""
same "$(find "$TEST/gpu" -maxdepth 1 -type f -newer "$TEST/handed" -perm /022)" ""
same "$(stat -c %a "$TEST/state/containers")" 700

case_ "a crash writes no core and no other process may look in: that is set before the specification is read"
need strace
bundle "$TEST/gpu" true NVIDIA_VISIBLE_DEVICES=0:0
RECORD=$TEST/with strace -qq -o "$TEST/trace" -e trace=prctl,open,openat "$RUNTIME" --outboard-config "$POLICY" create --bundle "$TEST/gpu" id
grep -nE 'PR_SET_DUMPABLE, SUID_DUMP_DISABLE|config.json' "$TEST/trace" | head -1 | grep -q PR_SET_DUMPABLE
