#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The real driver packages of Debian 12's non-free section (the 535 branch), unpacked into a driver root beside a hand-made /proc:
# what is found, what is planned, and a container in which the real libraries load. The packages are fetched with this machine's own
# package sources into the test's directory and go away with it.
# limit: 300
. "$(dirname "$0")/common.sh"
need_root
need runc
. "$(dirname "$0")/driver_roots.sh"
debian_drivers
packages=(libcuda1 libnvidia-ml1 nvidia-smi libnvidia-ptxjitcompiler1 libnvidia-pkcs11-openssl3 libnvidia-cfg1 libnvcuvid1
  libnvidia-encode1 libnvidia-allocator1 libnvidia-opticalflow1 libnvidia-glvkspirv nvidia-vulkan-icd nvidia-vulkan-common
  nvidia-opencl-common nvidia-opencl-icd libcudadebugger1 nvidia-alternative)
debian_driver "$TEST/driver" "${packages[@]}"
echo "note: driver packages of version $version"

major=$(free_major)
driver_machine "$TEST/machine" "$version" "$major" "$(free_major second)"
roots=(--driver-root "$TEST/driver" --dev-root "$TEST/machine/dev" --proc-root "$TEST/machine/proc" --sys-root "$TEST/machine/sys")
printf '%s\n' "driver.root = '$TEST/driver'" "driver.dev-root = '$TEST/machine/dev'" "driver.proc-root = '$TEST/machine/proc'" "driver.sys-root = '$TEST/machine/sys'" \
  "runtime.state-directory = '$TEST/state'" >"$POLICY"

case_ "facts: the version, the libraries with their SONAMEs, nvidia-smi"
outboard capture "${roots[@]}" >"$TEST/facts.json"
for text in "$version" libcuda.so.1 libnvidia-ml.so.1 libnvidia-ptxjitcompiler.so.1 nvidia-smi GPU-11111111-2222-3333-4444-555555555555; do
  has "$text" "$(cat "$TEST/facts.json")"
done
lacks '"simulated": true' "$(cat "$TEST/facts.json")"

case_ "plan: made from the machine and from its snapshot alike"
outboard explain --gpus all --json "${roots[@]}" >"$TEST/plan.json"
outboard explain --gpus all --json --facts "$TEST/facts.json" >"$TEST/plan-of-facts.json"
cmp "$TEST/plan.json" "$TEST/plan-of-facts.json"
has libcuda.so.1 "$(cat "$TEST/plan.json")"
lacks libnvcuvid "$(cat "$TEST/plan.json")"
has libnvcuvid "$(outboard explain --gpus all --capabilities all --json "${roots[@]}")"

case_ "a container in which the real libraries load and nvidia-smi starts"
bundle "$TEST/real" "LD_PRELOAD=libcuda.so.1:libnvidia-ml.so.1:libnvidia-ptxjitcompiler.so.1:libnvcuvid.so.1 /bin/true && echo loaded; ldd \$(command -v nvidia-smi) | grep -c 'not found'; nvidia-smi; ldconfig -p | grep -c 'libcuda.so.1 '" \
  NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=all
output=$(in_bundle "$TEST/real" 2>&1)
has loaded "$output"
# nvidia-smi itself runs and finds no driver behind the nodes
grep -qE "NVIDIA-SMI has failed|Failed to initialize NVML" <<<"$output"
same "$(tail -1 <<<"$output")" 1
lacks "ERROR: ld.so" "$output"
