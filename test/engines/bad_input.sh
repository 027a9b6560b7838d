#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What can be wrong with a machine or a bundle: each gives one clear error, config.json stays as it was, and a container
# that asked for no GPU starts through all of it.
# limit: 300
. "$(dirname "$0")/common.sh"
need_root
need runc
simulated h200x4

# refused TEXT [RUNTIME OPTION...]: the bundle is refused with that text and its config.json is not touched.
refused() {
  local text=$1
  shift
  cp "$TEST/bad/config.json" "$TEST/bad/before.json"
  fails_with 1 "$text" in_bundle "$TEST/bad" "$@"
  cmp "$TEST/bad/before.json" "$TEST/bad/config.json"
}
plain_starts() {
  bundle "$TEST/plain" "echo started"
  same "$(in_bundle "$TEST/plain")" started
}

case_ "unknown GPU names are all named, with what exists"
bundle "$TEST/bad" true NVIDIA_VISIBLE_DEVICES=0,7,GPU-nonsense
refused "'7'"
refused "'GPU-nonsense'"
refused "(choose from: 0 (GPU-"

case_ "unknown capability"
bundle "$TEST/bad" true NVIDIA_VISIBLE_DEVICES=0 NVIDIA_DRIVER_CAPABILITIES=compute,telepathy
refused telepathy

case_ "errors go to the --log file in the format asked for, because that is what docker shows"
bundle "$TEST/bad" true NVIDIA_VISIBLE_DEVICES=9
refused "'9'" --log "$TEST/log.json" --log-format json
grep -q '"level":"error".*9' "$TEST/log.json"
refused "'9'" --log "$TEST/log.text" --log-format text
grep -q 'level=error' "$TEST/log.text"

case_ "broken config.json"
bundle "$TEST/bad" true NVIDIA_VISIBLE_DEVICES=0
head -c 300 "$TEST/bad/config.json" >"$TEST/half"
cp "$TEST/half" "$TEST/bad/config.json"
refused "config.json: line 8"

case_ "a config.json that is missing, or is huge"
{ printf '{"process":{"env":["NVIDIA_VISIBLE_DEVICES=0"]}}'; head -c 80000000 /dev/zero | tr '\0' ' '; } >"$TEST/bad/config.json"
refused "config.json"
rm "$TEST/bad/config.json"
fails_with 1 "config.json" in_bundle "$TEST/bad"

case_ "a root that cannot be written: refused before the low-level runtime starts, the targets named"
bundle "$TEST/bad" true NVIDIA_VISIBLE_DEVICES=0
mount --bind "$TEST/bad/rootfs" "$TEST/bad/rootfs"
mount -o remount,bind,ro "$TEST/bad/rootfs"
refused "libcuda.so.1"
umount "$TEST/bad/rootfs"

case_ "a root without a loader"
mkdir -p "$TEST/empty/rootfs"
bundle "$TEST/empty" true NVIDIA_VISIBLE_DEVICES=0
fails_with 1 "glibc" in_bundle "$TEST/empty"

case_ "full disk: the old config.json stays"
mkdir "$TEST/full"
mount -t tmpfs -o size=64k tmpfs "$TEST/full"
bundle "$TEST/bad" true NVIDIA_VISIBLE_DEVICES=0
sed "s#\"rootfs\"#\"$TEST/bad/rootfs\"#" "$TEST/bad/config.json" >"$TEST/full/config.json"
cp "$TEST/full/config.json" "$TEST/full.json"
dd if=/dev/zero of="$TEST/full/filler" bs=1k 2>/dev/null || true
fails_with 1 "No space left" in_bundle "$TEST/full"
cmp "$TEST/full.json" "$TEST/full/config.json"
umount "$TEST/full"

case_ "module not loaded"
plain_starts
mkdir "$TEST/nodes"
mv "$OUTBOARD_ROOT/proc/driver/nvidia" "$TEST/loaded"
mv "$OUTBOARD_ROOT"/dev/nvidia* "$TEST/nodes"
bundle "$TEST/bad" true NVIDIA_VISIBLE_DEVICES=0
refused "not loaded"
plain_starts

case_ "kernel module and libraries of different versions: both are named"
mv "$TEST/loaded" "$OUTBOARD_ROOT/proc/driver/nvidia"
mv "$TEST"/nodes/* "$OUTBOARD_ROOT/dev"
sed -i '1s/  [0-9][0-9.]*  /  470.57.02  /' "$OUTBOARD_ROOT/proc/driver/nvidia/version"
bundle "$TEST/bad" true NVIDIA_VISIBLE_DEVICES=0
refused "470.57.02"
plain_starts

case_ "no driver at all"
simulated none
bundle "$TEST/bad" true NVIDIA_VISIBLE_DEVICES=all
refused "driver"
plain_starts
