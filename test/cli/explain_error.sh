#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `outboard explain` on error texts: what counts as one, where it is read from, the answer, the JSON document, the exit codes. (Which
# text means what is tested in src/compat.)
set -euo pipefail
PATH=$OUTBOARD_STAGE/bin:$PATH
unset OUTBOARD_ROOT
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
say() { echo "$1"; bad=1; }

# answers ID COMMAND...: exit code 0, and the answer is that of ID
answers() {
  local id=$1
  shift
  "$@" >"$work/out" 2>"$work/err" || { say "$*: exit code $?"; return 0; }
  [ "$(head -1 "$work/out" | cut -d: -f1)" = "$id" ] || say "$*: $(head -1 "$work/out"), not $id"
  [ ! -s "$work/err" ] || say "$*: $(cat "$work/err")"
}
# refuses CODE "TEXT" COMMAND...: that exit code, that one error, nothing on standard output
refuses() {
  local code=$1 text=$2 got=0
  shift 2
  "$@" >"$work/out" 2>"$work/err" || got=$?
  [ "$got" = "$code" ] || say "$*: exit code $got, not $code"
  grep -qF -- "$text" "$work/err" || say "$*: no '$text' in '$(cat "$work/err")'"
  [ ! -s "$work/out" ] || say "$*: something on standard output"
}

echo "case: what is an error text"
answers cuda-804 outboard explain 'CUDA 804'
answers cuda-804 outboard explain CUDA 804
answers cuda-803 outboard explain 803
answers cuda-803 outboard explain CUDA_ERROR_SYSTEM_DRIVER_MISMATCH
answers cuda-35 outboard explain cudaErrorInsufficientDriver
answers nvml-18 outboard explain NVML_ERROR_LIB_RM_VERSION_MISMATCH
answers xid-79 outboard explain 'Xid 79'
answers docker-no-gpu-driver outboard explain 'could not select device driver "" with capabilities: [[gpu]].'
answers docker-no-gpu-driver outboard explain could not select device driver '""' with capabilities: '[[gpu]].'
answers cuda-999 outboard explain --error cudaerrorunknown
# an image, and no error text, is what an image can be called
export DOCKER_HOST=unix:///no/such
for image in alpine library/alpine:3 Registry.example:5000/alpine 803:latest 8030000; do
  refuses 1 "docker" outboard explain "$image"
done

echo "case: standard input"
printf 'line before\nFailed to initialize NVML: Driver/library version mismatch\n' >"$work/log"
answers nvml-18 outboard explain - <"$work/log"
answers nvml-18 outboard explain --error - <"$work/log"
answers nvml-18 bash -c 'outboard explain - < <(cat "$1")' - "$work/log"

echo "case: the answer"
answers crun-hook-failed outboard explain 'OCI runtime error: crun: error executing hook `/usr/bin/nvidia-cdi-hook` (exit code: 1)'
for line in '  cause: ' '  check: ' '  mend:  ' '  from:  ' 'also in this text: oci-create-failed'; do
  grep -qF -- "$line" "$work/out" || say "no '$line'"
done
answers toolkit-load-library outboard explain $'load library failed: \e]0;x\alib\x9b31m.so: cannot open shared object file'
! grep -q $'[\e\a\x9b]' "$work/out" || say "a command for the terminal is printed"

echo "case: Xids: those of the drivers 535 to 590 are known, and the user's own rows count"
for number in 8 13 31 32 38 43 44 45 46 48 54 56 57 58 61 62 63 64 66 68 69 73 74 78 79 92 94 95 109 110 119 120 121 136 137 140 143 \
  144 145 146 147 148 149 150 154 155 156 157 158 171 172; do
  answers "xid-$number" outboard explain --error "NVRM: Xid (PCI:0000:3b:00): $number, pid=1"
done
mkdir -p "$work/config/outboard/compat.d"
printf 'xid,class,meaning,look,action,confidence,source\n79,hardware,our own words,,call the vendor,high,us\n' \
  >"$work/config/outboard/compat.d/xid.csv"
answers xid-79 env XDG_CONFIG_HOME="$work/config" outboard explain 'Xid 79'
grep -q '^  cause: Our own words.$' "$work/out" && grep -q '^  mend:  call the vendor$' "$work/out" || say "the user's row does not count"

echo "case: JSON"
outboard explain --json 'OCI runtime create failed: nvml error: driver/library version mismatch' >"$work/json"
python3 - "$work/json" <<'END' || say "the JSON document is wrong"
import json, sys
matches = json.load(open(sys.argv[1]))["matches"]
assert [m["id"] for m in matches][0] == "toolkit-version-mismatch", matches
assert matches[-1]["wrapper"] and not matches[0]["wrapper"]
assert set(matches[0]) == {"id", "printer", "wrapper", "found", "cause", "check", "mend", "confidence", "source"}
END
got=0
outboard explain --json 'nothing that is known' >"$work/json" 2>"$work/err" || got=$?
[ "$got" = 1 ] || say "--json of an unknown text: exit code $got"
[ "$(tr -d ' \n' <"$work/json")" = '{"matches":[]}' ] || say "--json of an unknown text: $(cat "$work/json")"

echo "case: what is refused"
refuses 1 "no known error in 'nothing that is known'" outboard explain 'nothing that is known'
grep -q "hint: 'outboard doctor'" "$work/err" || say "no way on from an unknown text"
refuses 2 "the error text is empty" outboard explain --error ''
refuses 2 "the error text is empty" outboard explain --error $' \n\t '
refuses 2 "the error text is empty" outboard explain - </dev/null
head -c 262145 /dev/zero | tr '\0' x >"$work/big"
refuses 2 "larger than 256 KiB" outboard explain - <"$work/big"
printf 'Xid 79\0' >"$work/binary"
refuses 2 "the error text is binary" outboard explain - <"$work/binary"
grep -q "hint: give the lines around the error as text" "$work/err" || say "no hint for a binary text"
refuses 2 "--error and further words" outboard explain --error Xid 79
refuses 2 "--gpus has no meaning for an error text" outboard explain --gpus all 'Xid 79'
refuses 2 "--root has no meaning for an error text" outboard explain --root / --error 'Xid 79'
refuses 1 "read standard input" bash -c 'outboard explain - <&-'

echo "case: Outboard's own messages"
while IFS= read -r message; do
  outboard explain --json --error "outboard: ${message//…/17}" >"$work/json" || { say "not explained: $message"; continue; }
  grep -q '"printer": "outboard"' "$work/json" || say "not found to be ours: $message"
done < <(sed -n 's/^| `\([^`]*\)` |.*/\1/p' "$OUTBOARD_SOURCE/doc/errors.md")
exit $bad
