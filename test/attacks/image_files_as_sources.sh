#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# CVE-2024-0132 and CVE-2025-23359: an image leads the tool that mounts its CUDA libraries to a place on the host. Outboard has
# no mount whose source is an image's, whatever the image holds and whenever it changes.
# limit: 120
. "$(dirname "$0")/attack.sh"
need_root
need runc
simulated h200x4
naive=$(built naive_writer)
racer=$(built root_racer)

# attacked DIR: a bundle whose image asks for everything that could make a tool look into its compat directory
attacked() {
  bundle "$1" "ls -R /usr/local/cuda /usr/lib/x86_64-linux-gnu; cat /usr/local/cuda/compat/*/secret /usr/lib/x86_64-linux-gnu/*/secret" \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=all NVIDIA_REQUIRE_CUDA= CUDA_VERSION=99.0 NVIDIA_DISABLE_REQUIRE=true \
    LD_LIBRARY_PATH=/usr/local/cuda/compat NVIDIA_CUDA_COMPAT_MODE=mount
}
compat=usr/local/cuda/compat

case_ "CVE-2024-0132: the image's libcuda is a link to a directory of the host"
attacked "$TEST/links"
mkdir -p "$TEST/links/rootfs/$compat"
ln -s "$UP" "$TEST/links/rootfs/$compat/libcuda.so.999.1"
ln -s "$UP/secret" "$TEST/links/rootfs/$compat/libcuda.so.1"
ln -s "/proc/self/root$CANARY" "$TEST/links/rootfs/$compat/libnvidia-ptxjitcompiler.so.1"
control "a tool that mounts what the link leads to gives the host's files away"
has "the host's secret" "$(unshare -m --propagation private sh -c '"$0" compat "$1" && cat "$1"/usr/lib/x86_64-linux-gnu/libcuda.so.999.1/secret' "$naive" "$TEST/links/rootfs")"
rm -rf "$TEST/links/rootfs/usr/lib/x86_64-linux-gnu"/libcuda.so* "$TEST/links/rootfs/usr/lib/x86_64-linux-gnu/libnvidia-ptxjitcompiler.so.1"
no_container
create "$TEST/links"
sources_are_the_hosts "$TEST/links"
policy
output=$(in_bundle "$TEST/links" 2>&1 || true)
has libcuda.so.1 "$output"
lacks "the host's secret" "$output"
unharmed

case_ "CVE-2024-0132: the same through 'outboard run' and 'outboard args'"
output=$(outboard run --engine builtin --gpus all --env NVIDIA_DRIVER_CAPABILITIES=all --env CUDA_VERSION=99.0 --env NVIDIA_DISABLE_REQUIRE=true \
  "rootfs:$TEST/links/rootfs" sh -c 'ls /usr/lib/x86_64-linux-gnu; cat /usr/local/cuda/compat/*/secret /usr/lib/x86_64-linux-gnu/*/secret' 2>&1 || true)
has libcuda.so.1 "$output"
lacks "the host's secret" "$output"
output=$(outboard args --gpus all "rootfs:$TEST/links/rootfs" 2>/dev/null)
has "${OUTBOARD_ROOT:-}/" "$output"
for word in $output; do
  case $word in
    *source=* | *src=*) has "=${OUTBOARD_ROOT:-}/" "$word" ;;
    *:*:ro*) has "${OUTBOARD_ROOT:-}/" "${word%%:*}/" ;;
  esac
done
lacks "$CANARY" "$output"
lacks compat "$output"
unharmed

case_ "CVE-2025-23359: the image's libcuda is a file when it is checked and a link when it is used"
mkdir -p "$TEST/race"
tmpfs_root "$TEST/race/rootfs"
attacked "$TEST/race"
mkdir -p "$TEST/race/rootfs/$compat"
: >"$TEST/race/rootfs/$compat/libcuda.so.999.1"
ln -s "$UP" "$TEST/race/rootfs/$compat/other"
"$racer" 0 "$TEST/race/rootfs/$compat/libcuda.so.999.1" "$TEST/race/rootfs/$compat/other" >"$TEST/swaps" &
pid=$!
daemons+=("$pid")
control "a tool that checks first and mounts then is outrun"
# shellcheck disable=SC2016  # expanded inside
has "the host's secret" "$(unshare -m --propagation private sh -c 'for i in $(seq 200); do "$0" careful-compat "$1" 50 2>/dev/null; cat "$1"/usr/lib/x86_64-linux-gnu/libcuda.so.999.1/secret 2>/dev/null && exit; done' "$naive" "$TEST/race/rootfs")"
rm -rf "$TEST/race/rootfs/usr/lib/x86_64-linux-gnu/libcuda.so.999.1"
no_container
cp "$TEST/race/config.json" "$TEST/request.json"
for _ in $(seq 25); do
  cp "$TEST/request.json" "$TEST/race/config.json"
  create "$TEST/race"
  sources_are_the_hosts "$TEST/race"
done
kill "$pid"
wait "$pid" || true
[ "$(cat "$TEST/swaps")" -gt 25 ] || fail "only $(cat "$TEST/swaps") swaps"
unharmed
