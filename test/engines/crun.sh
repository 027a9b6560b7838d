#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# outboard-runtime over the real crun, which refuses a host with both cgroup versions mounted; there the test takes the second one
# away in a mount namespace of its own.
# limit: 200
set -euo pipefail
if [ -z "${OUTBOARD_UNSHARED:-}" ] && [ "$(id -u)" = 0 ] && mountpoint -q /sys/fs/cgroup/unified; then
  OUTBOARD_UNSHARED=1 exec unshare -m --propagation private sh -c 'umount /sys/fs/cgroup/unified && exec "$0"' "$0"
fi
. "$(dirname "$0")/common.sh"
need_root
need crun
simulated h200x4
policy "runtime.low-level = ['crun']"

case_ "one GPU: its node and the control nodes are allowed, the node of another one is not"
bundle "$TEST/one" "$(make_node one 1); $LIST_NODES" NVIDIA_VISIBLE_DEVICES=0
output=$(in_bundle "$TEST/one" | sort | tr '\n' ' ')
same "$output" "made-one denied nvidia-uvm allowed nvidia-uvm-tools allowed nvidia0 allowed nvidiactl allowed "
same "$(in_bundle "$TEST/one" | sort | tr '\n' ' ')" "$output"

case_ "libraries are found by the image's own loader and by ldconfig -p"
bundle "$TEST/libraries" "LD_PRELOAD=libcuda.so.1:libnvidia-ml.so.1 /bin/true && ldconfig -p | grep -c 'libcuda.so.1 '" NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=all
same "$(in_bundle "$TEST/libraries" 2>&1)" 1

case_ "root.readonly works"
READONLY=true bundle "$TEST/readonly" "$LIST_NODES" NVIDIA_VISIBLE_DEVICES=0
has "nvidia0 allowed" "$(in_bundle "$TEST/readonly")"

case_ "an image with the debris of an old driver at a mount target"
bundle "$TEST/debris" "LD_PRELOAD=libcuda.so.1 /bin/true && echo good" NVIDIA_VISIBLE_DEVICES=0
ln -s libcuda.so.450.00.00 "$TEST/debris/rootfs/usr/lib/$(uname -m)-linux-gnu/libcuda.so.1"
same "$(in_bundle "$TEST/debris" 2>&1)" good

case_ "CUDA libraries of the image's own that are older than the driver cannot be loaded, also after ldconfig ran inside"
bundle "$TEST/older" "$LOADED; ldconfig; $LOADED" NVIDIA_VISIBLE_DEVICES=all LD_LIBRARY_PATH=/usr/local/cuda/compat
compat_libraries "$TEST/older/rootfs" 535.54.03 first
same "$(in_bundle "$TEST/older")" "the host
the host"
bundle "$TEST/older" "$LOADED; ldconfig; $LOADED" NVIDIA_VISIBLE_DEVICES=all
same "$(in_bundle "$TEST/older")" "the host
the host"

case_ "the built-in engine takes crun here"
"$OUTBOARD_SOURCE/test/make_rootfs" "$TEST/rootfs"
has crun "$(outboard run --engine builtin --dry-run --gpus device=1 "rootfs:$TEST/rootfs" true)"
same "$(outboard run --engine builtin --rm --gpus device=1 "rootfs:$TEST/rootfs" sh -c "$LIST_NODES" | grep -E '^nvidia[0-9]')" "nvidia1 allowed"

case_ "no GPU request: passed on byte for byte"
bundle "$TEST/plain" "echo started"
sed -i '/x-number/d' "$TEST/plain/config.json"
cp "$TEST/plain/config.json" "$TEST/before.json"
same "$(in_bundle "$TEST/plain")" started
cmp "$TEST/before.json" "$TEST/plain/config.json"
