#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Mount sources come from root's own inventory of the host: a driver file that somebody else could change is refused with its name,
# neither mounted, nor loaded, nor run, unless the policy says that it may be.
# limit: 60
. "$(dirname "$0")/attack.sh"
need_root
need runc
simulated h200x4
# Without its marker the machine counts as a real one.
machine=$OUTBOARD_ROOT
rm "$machine/outboard-sim.json"
# real [LINE...]
real() {
  printf '%s\n' "driver.root = '$machine'" "driver.dev-root = '$machine/dev'" "driver.proc-root = '$machine/proc'" \
    "driver.sys-root = '$machine/sys'" "runtime.state-directory = '$TEST/state'" "runtime.low-level = ['/bin/true']" "nvml.helper = '$HELPER'" "$@" >"$POLICY"
}
real
libraries=$machine/usr/lib/x86_64-linux-gnu
cuda=$(find "$libraries" -name 'libcuda.so.[0-9]*.*' -type f)
smi=$(find "$machine" -name nvidia-smi -type f | head -1)

works() {
  bundle "$TEST/b" true NVIDIA_VISIBLE_DEVICES=0
  create "$TEST/b" 2>"$TEST/errors" || fail "$(cat "$TEST/errors")"
  grep -q "$cuda" "$TEST/b/config.json"
}
refused() {
  bundle "$TEST/b" true NVIDIA_VISIBLE_DEVICES=0
  cp "$TEST/b/config.json" "$TEST/before.json"
  fails_with 1 "$1" create "$TEST/b"
  fails_with 1 "$2" create "$TEST/b"
  cmp "$TEST/before.json" "$TEST/b/config.json"
}

case_ "root's own driver works"
works

case_ "a library or a program that another user owns or may write"
chown 1234 "$cuda"
touch "$libraries" # a change that the memo of the driver's files sees
refused "driver file '$cuda' is owned by user 1234" any-owner
chown 0:1234 "$cuda"
chmod 0664 "$cuda"
refused "driver file '$cuda' is writable by group 1234" "chmod go-w"
chmod 0666 "$cuda"
refused "writable by everybody" "$cuda"
chmod 0644 "$cuda"
works
chown 1234 "$smi"
touch "$libraries"
refused "driver file '$smi' is owned by user 1234" any-owner
chown 0 "$smi"
works

case_ "a directory in which another user can replace files, at any height"
chown 1234 "$libraries"
refused "in directory '$libraries', which is owned by user 1234" "$libraries/lib"
chown 0 "$libraries"
chmod 0777 "$machine/usr"
touch "$libraries"
refused "in directory '$machine/usr', which is writable by everybody" any-owner
chmod 01777 "$machine/usr"
works
chmod 0755 "$machine/usr"
chown 1234 "$machine"
touch "$libraries"
refused "in directory '$machine', which is owned by user 1234" any-owner

case_ "the same machine for those whose policy allows it, and for a simulated one"
real "driver.any-owner = true"
works
real
refused "owned by user 1234" any-owner

case_ "a file that no chosen capability needs does not matter"
chown 0 "$machine"
encode=$(find "$libraries" -name 'libnvidia-encode.so.[0-9]*' -type f)
chown 1234 "$encode"
touch "$libraries"
works
bundle "$TEST/b" true NVIDIA_VISIBLE_DEVICES=0 NVIDIA_DRIVER_CAPABILITIES=all
fails_with 1 "$encode" create "$TEST/b"
chown 0 "$encode"

case_ "the command line refuses the same files"
chown 1234 "$cuda"
touch "$libraries"
unset OUTBOARD_ROOT
fails_with 1 "is owned by user 1234" with_policy outboard args --gpus all
fails_with 125 "is owned by user 1234" with_policy outboard run --engine builtin --gpus all "rootfs:$TEST/rootfs" true

case_ "NVML of another user is not loaded"
outboard sim create --profile a100x8-mig "$TEST/mig" >/dev/null
machine=$TEST/mig
libraries=$machine/usr/lib/x86_64-linux-gnu
rm "$machine/outboard-sim.json"
real
nvml=$(find "$libraries" -name 'libnvidia-ml.so.[0-9]*.*' -type f)
intruder "$nvml.new"
mv "$nvml.new" "$nvml"
chown 1234 "$nvml"
bundle "$TEST/b" true NVIDIA_VISIBLE_DEVICES=0:0
fails_with 1 "is owned by user 1234, so it is not loaded" create "$TEST/b"
[ ! -e "$TEST/mark" ]
# the control: root's own would be (by user 65534, who can leave no mark: so it is asked for its functions)
chown 0 "$nvml"
touch "$libraries"
fails_with 1 "it lacks functions of NVML" create "$TEST/b"
