#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Specifications that an image or a careless client can bring about: control characters in every name that we repeat, documents
# and environments of any size, nesting, wrong types. One line of ours, bounded memory, and config.json as it was; what asks for
# no GPU is the low-level runtime's affair.
# limit: 120
. "$(dirname "$0")/attack.sh"
need_root
need runc
simulated h200x4
no_container
bundle "$TEST/b" true NVIDIA_VISIBLE_DEVICES=all
cp "$TEST/b/config.json" "$TEST/request.json"
megabytes() { head -c "$(($1 * 1000000))" /dev/zero | tr '\0' "$2"; }

# clean FILE: no control character but the newline at its end, one line, shorter than 9,000 bytes
clean() {
  same "$(LC_ALL=C tr -d '\12\40-\176\200-\377' <"$1" | wc -c)" 0
  if LC_ALL=C grep -aqP '\xc2[\x80-\x9f]' "$1"; then fail "C1 control character in $(cat -v "$1")"; fi
  same "$(wc -l <"$1")" 1
  [ "$(wc -c <"$1")" -lt 9000 ] || fail "$(wc -c <"$1") bytes: $(head -c 300 "$1")"
}
# refused TEXT [MEMORY IN KiB]: stderr and the two kinds of log say it in one clean line, the specification stays
refused() {
  local code format
  cp "$TEST/b/config.json" "$TEST/before.json"
  for format in text json; do
    rm -f "$TEST/log"
    code=0
    (ulimit -v "${2:-300000}" && exec timeout -s KILL 20 "$RUNTIME" --outboard-config "$POLICY" --log "$TEST/log" --log-format $format \
      --root "$TEST/runc" create --bundle "$TEST/b" id) >/dev/null 2>"$TEST/errors" || code=$?
    [ $code = 1 ] || fail "exit code $code: $(head -c 300 "$TEST/errors")"
    has "$1" "$(head -c 9000 "$TEST/errors")"
    clean "$TEST/errors"
    clean "$TEST/log"
  done
  cmp "$TEST/before.json" "$TEST/b/config.json"
}
# accepted [MEMORY IN KiB]
accepted() {
  (ulimit -v "${1:-300000}" && create "$TEST/b" timeout -s KILL 20) 2>"$TEST/errors" || fail "$(head -c 300 "$TEST/errors")"
}
# with OLD NEW: the request with one piece replaced
with() { sed "s#$1#$2#" "$TEST/request.json" >"$TEST/b/config.json"; }
# Newline, escape sequences, bell, a C1 control character, a byte order override's neighbour and quotes, as JSON writes them
evil='x\\n\\r\\u001b[2J\\u001b]0;title\\u0007\\u009b31m\\u007f\\u0000\\"level\\":\\"info\\"y'

case_ "control characters in GPU names, capabilities, requirements, the root's path and field types"
with NVIDIA_VISIBLE_DEVICES=all "NVIDIA_VISIBLE_DEVICES=$evil"
refused '\x0a'
with NVIDIA_VISIBLE_DEVICES=all "NVIDIA_VISIBLE_DEVICES=all\", \"NVIDIA_DRIVER_CAPABILITIES=$evil"
refused '\x0a'
with '"path": "rootfs"' "\"path\": \"$evil\""
refused '\x0a'
with '"path": "rootfs"' "\"path\": \"/$evil\""
refused '\x0a'
with '"hostname": "test"' "\"annotations\": {\"io.outboard.edit\": \"{\\\\\"bundle\\\\\": \\\\\"$evil\\\\\"}\", \"$evil\": \"$evil\"}"
accepted

case_ "control characters in the names of bundle, container, options and driver root"
mkdir -p "$TEST/"$'b\n\e[2Jundle'
cp "$TEST/request.json" "$TEST/"$'b\n\e[2Jundle/config.json'
"$RUNTIME" --outboard-config "$POLICY" create --bundle "$TEST/"$'b\n\e[2Jundle' id >/dev/null 2>"$TEST/errors" && fail accepted
clean "$TEST/errors"
with x x
"$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" create --bundle "$TEST/b" $'i\n\e[2Jd' 2>"$TEST/errors"
[ ! -s "$TEST/errors" ] || clean "$TEST/errors"
same "$(find "$TEST/state/containers" -type f -name $'i*' 2>/dev/null | wc -l)" 0
for option in $'--outboard-config=\n\e[2J' $'--outboard-entry=\n\e[2J'; do
  "$RUNTIME" "$option" create --bundle "$TEST/b" id 2>"$TEST/errors" && fail accepted
  clean "$TEST/errors"
done
printf "driver.root = \"/no\\\\u0007\\\\nwhere\"\n" >"$TEST/evil.toml"
with x x
"$RUNTIME" --outboard-config "$TEST/evil.toml" create --bundle "$TEST/b" id 2>"$TEST/errors" && fail accepted
clean "$TEST/errors"

case_ "an annotation that an image's manifest can bring (Podman copies them) claims that the engine asked: it is not believed"
claim() { # ANNOTATION: is the container given GPUs where the environment does not count?
  sed "s#\"hostname\": \"test\"#\"annotations\": {\"io.outboard.edit\": \"$1\"}, \"hostname\": \"test\"#" "$TEST/request.json" >"$TEST/b/config.json"
  "$RUNTIME" --outboard-config "$POLICY" --outboard-entry=default --root "$TEST/runc" create --bundle "$TEST/b" id || fail "refused"
  grep -q libcuda "$TEST/b/config.json"
}
quote='\\"'
not claim "{${quote}hook${quote}:true}"
not claim "{${quote}hook${quote}:true,${quote}bundle${quote}:${quote}/run/b${quote}}"
# the control: what an edit of this very bundle wrote
claim "{${quote}hook${quote}:true,${quote}bundle${quote}:${quote}$TEST/b${quote}}"
# nor may it take the engine's own mounts away
sed "s#\"hostname\": \"test\"#\"annotations\": {\"io.outboard.edit\": \"{${quote}mounts${quote}:[${quote}/tmp${quote},${quote}/dev${quote}]}\"}, \"hostname\": \"test\"#" "$TEST/request.json" >"$TEST/b/config.json"
accepted
grep -q '"destination":"/dev"' "$TEST/b/config.json"
grep -q '"destination":"/tmp"' "$TEST/b/config.json"

case_ "100,000 environment entries, the request at the end"
{
  sed '/"env": /,$d' "$TEST/request.json"
  printf '"env": ['
  seq 100000 | sed 's/.*/"VARIABLE_&=value of &",/' | tr -d '\n'
  printf '"NVIDIA_VISIBLE_DEVICES=all"],\n'
  sed '1,/"env": /d' "$TEST/request.json"
} >"$TEST/b/config.json"
SECONDS=0
accepted 300000
[ $SECONDS -lt 8 ] || fail "$SECONDS seconds"
grep -q libcuda "$TEST/b/config.json"
same "$(grep -o '"VARIABLE_[0-9]*=' "$TEST/b/config.json" | wc -l)" 100000

case_ "a GPU list of 1 MB, of 100,000 names, and capabilities of 1 MB"
long() {  # VARIABLE: its value on stdin becomes the request's
  { sed '/"env": /,$d' "$TEST/request.json"; printf '"env": ["NVIDIA_VISIBLE_DEVICES=all", "%s=' "$1"; cat; printf '"],\n'; sed '1,/"env": /d' "$TEST/request.json"; } >"$TEST/b/config.json"
}
SECONDS=0
megabytes 1 G | long NVIDIA_VISIBLE_DEVICES
refused GGG
seq -s, 100 100100 | tr -d '\n' | long NVIDIA_VISIBLE_DEVICES
refused "'100'"
seq -s, -f 'GPU-none-%.0f' 100000 | tr -d '\n' | long NVIDIA_VISIBLE_DEVICES
refused "'GPU-none-1'"
megabytes 1 c | long NVIDIA_DRIVER_CAPABILITIES
refused ccc
[ $SECONDS -lt 30 ] || fail "$SECONDS seconds"

case_ "a specification of 100 MB that may ask for a GPU: refused in bounded memory"
{ sed 's/"hostname": "test",//; s/^}$//' "$TEST/request.json"; printf ', "x-large": "'; megabytes 100 x; printf '"}\n'; } >"$TEST/large.json"
ln -f "$TEST/large.json" "$TEST/b/config.json"
refused "larger than" 120000

case_ "one of 100 MB that asks for nothing: the low-level runtime's affair"
{ sed 's/"NVIDIA_VISIBLE_DEVICES=all"/"A=b"/; s/^}$//' "$TEST/request.json"; printf ', "x-large": "'; megabytes 100 x; printf '"}\n'; } >"$TEST/large.json"
ln -f "$TEST/large.json" "$TEST/b/config.json"
accepted 120000
cmp "$TEST/large.json" "$TEST/b/config.json"
rm "$TEST/b/config.json"

case_ "one of 40 MB is edited, and its unknown field survives"
{ sed 's/^}$//' "$TEST/request.json"; printf ', "x-large": "'; megabytes 40 x; printf '"}\n'; } >"$TEST/b/config.json"
accepted 400000
[ "$(stat -c %s "$TEST/b/config.json")" -gt 40000000 ]
grep -q libcuda "$TEST/b/config.json"

case_ "two million values, and a nesting of 100,000"
{ sed 's/^}$//' "$TEST/request.json"; printf ', "x-many": [0'; head -c 2000000 /dev/zero | sed 's/\x00/,0/g'; printf ']}\n'; } >"$TEST/b/config.json"
refused "more than 1000000 values" 600000
{ sed 's/^}$//' "$TEST/request.json"; printf ', "x-deep": '; head -c 100000 /dev/zero | tr '\0' '['; } >"$TEST/b/config.json"
refused "nested deeper than"

case_ "wrong types where an edit would write"
for field in mounts hooks annotations linux process; do
  sed "s#\"ociVersion\"#\"$field\": \"NVIDIA_VISIBLE_DEVICES\", \"ociVersion\"#; s#\"$field\": [[{]#\"y-$field\": &#; s#\"y-$field\": \"$field\": #\"y-$field\": #" "$TEST/request.json" >"$TEST/b/config.json"
  create "$TEST/b" >/dev/null 2>"$TEST/errors" || clean "$TEST/errors"
done

case_ "the request through every engine-side entrance of the command line is as clean"
for word in $'x\n\e[2J\x9b' $'\xc2\x9b31m' '"' "'"; do
  outboard args --gpus "device=$word" 2>"$TEST/errors" && fail accepted
  same "$(LC_ALL=C tr -d '\12\40-\176\200-\377' <"$TEST/errors" | wc -c)" 0
  outboard run --engine builtin --gpus all "rootfs:/no/$word" true 2>"$TEST/errors" && fail accepted
  same "$(LC_ALL=C tr -d '\12\40-\176\200-\377' <"$TEST/errors" | wc -c)" 0
done
