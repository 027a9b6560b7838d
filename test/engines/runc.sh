#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# outboard-runtime over the real runc on bundles made by hand: what a container may open and load, and what becomes of config.json.
# limit: 300
. "$(dirname "$0")/common.sh"
need_root
need runc
simulated h200x4

case_ "no GPU request: config.json is passed on byte for byte, and the container starts"
bundle "$TEST/plain" "echo started; ls /dev/nvidia0 2>&1"
cp "$TEST/plain/config.json" "$TEST/before.json"
output=$(in_bundle "$TEST/plain" || true)
has started "$output"
lacks "nvidia0
" "$output
"
cmp "$TEST/before.json" "$TEST/plain/config.json"

case_ "one GPU: its node and the control nodes are allowed, the node of another one is not"
bundle "$TEST/one" "$(make_node one 1); $LIST_NODES" NVIDIA_VISIBLE_DEVICES=0
cp "$TEST/one/config.json" "$TEST/one/request.json"
output=$(in_bundle "$TEST/one" | sort | tr '\n' ' ')
same "$output" "made-one denied nvidia-uvm allowed nvidia-uvm-tools allowed nvidia0 allowed nvidiactl allowed "

case_ "a second edit of the same bundle gives the same config.json and the same container"
cp "$TEST/one/config.json" "$TEST/once.json"
cp "$TEST/one/rootfs/etc/ld.so.cache" "$TEST/once.cache"
same "$(in_bundle "$TEST/one" | sort | tr '\n' ' ')" "$output"
cmp "$TEST/once.json" "$TEST/one/config.json"
cmp "$TEST/once.cache" "$TEST/one/rootfs/etc/ld.so.cache"

case_ "fields that the runtime does not know survive, numbers as they were written"
grep -q '"x-number": *1.50e3' "$TEST/one/config.json"

case_ "all four GPUs by name, the order of the names does not matter"
for names in all 3,2,1,0 "$(outboard list --format '{{.UUID}}' 2>/dev/null | paste -sd, || echo all)"; do
  [ -n "$names" ] || continue
  bundle "$TEST/four" "$LIST_NODES" "NVIDIA_VISIBLE_DEVICES=$names"
  same "$(in_bundle "$TEST/four" | grep -c 'nvidia[0-9] allowed')" 4
done

case_ "libraries are found by the image's own loader, by ldconfig -p, and again after ldconfig ran inside"
bundle "$TEST/libraries" "LD_PRELOAD=libcuda.so.1:libnvidia-ml.so.1 /bin/true && ldconfig -p | grep -c 'libcuda.so.1 ' && ldconfig && LD_PRELOAD=libcuda.so.1 /bin/true && ldconfig -p | grep -c 'libcuda.so.1 '" NVIDIA_VISIBLE_DEVICES=all
same "$(in_bundle "$TEST/libraries" 2>&1)" "1
1"

case_ "an image's own libcuda in /usr/local/lib does not win"
bundle "$TEST/own" "ldconfig -p | grep libcuda.so.1; LD_TRACE_LOADED_OBJECTS=1 LD_PRELOAD=libcuda.so.1 /bin/true | grep libcuda" NVIDIA_VISIBLE_DEVICES=all
library=$(driver_library libcuda)
mkdir -p "$TEST/own/rootfs/usr/local/lib"
cp "$library" "$TEST/own/rootfs/usr/local/lib/libcuda.so.1"
ldconfig -r "$TEST/own/rootfs" 2>/dev/null
has /usr/local/lib/libcuda.so.1 "$(ldconfig -r "$TEST/own/rootfs" -p)"
output=$(in_bundle "$TEST/own")
has libcuda "$output"
lacks /usr/local/lib/libcuda "$output"

case_ "root.readonly works"
READONLY=true bundle "$TEST/readonly" "$LIST_NODES; ldconfig -p | grep -c libcuda.so.1; touch /x 2>&1" NVIDIA_VISIBLE_DEVICES=0
output=$(in_bundle "$TEST/readonly" || true)
has "nvidia0 allowed" "$output"
has "Read-only file system" "$output"

case_ "a hook of the name that docker adds is read as a request and taken away"
bundle "$TEST/hook" "$LIST_NODES" NVIDIA_VISIBLE_DEVICES=2
sed -i 's#"hostname": "test",#"hostname": "test", "hooks": {"prestart": [{"path": "/usr/bin/nvidia-container-runtime-hook", "args": ["nvidia-container-runtime-hook", "prestart"]}]},#' "$TEST/hook/config.json"
output=$(in_bundle "$TEST/hook")
has "nvidia2 allowed" "$output"
lacks "nvidia0" "$output"
lacks nvidia-container-runtime-hook "$(cat "$TEST/hook/config.json")"

case_ "every other call is the low-level runtime's own"
same "$("$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" list -q)" "$(runc --root "$TEST/runc" list -q)"
has "runc version" "$("$RUNTIME" --version)"
fails_with 1 "does not exist" "$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" state nobody

case_ "a MIG device: its GPU's node and its two capability nodes, no others"
simulated a100x8-mig
bundle "$TEST/mig" "$LIST_NODES" NVIDIA_VISIBLE_DEVICES=0:1
output=$(in_bundle "$TEST/mig" | grep -vE 'nvidiactl|nvidia-uvm')
same "$(grep -c 'nvidia-cap[0-9]* allowed' <<<"$output")" 2
same "$(grep -cE '^nvidia[0-9] allowed' <<<"$output")" 1
same "$(wc -l <<<"$output")" 3
