#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# outboard verify must believe nothing: it passes on a driver that computes, and fails on one that returns wrong sums, hides a
# device, or does not load. The computing drivers are test libraries that compute on the processor.
# limit: 120
. "$(dirname "$0")/common.sh"
need_root
need runc
simulated h200x4
"$OUTBOARD_SOURCE/test/make_rootfs" "$TEST/rootfs"
image=rootfs:$TEST/rootfs
libcuda=$(find "$OUTBOARD_ROOT/usr/lib/$(uname -m)-linux-gnu" -name 'libcuda.so.[0-9]*.*' -type f)
verify() { outboard verify --engine builtin "$@" "$image"; }

case_ "a simulated machine: the chosen devices are seen, no kernel is run, and --require-kernel fails"
output=$(verify --gpus device=0,2)
has "simulated" "$output"
has "2 chosen, NVML sees 2, CUDA sees 2" "$output"
has "kernel: not run (simulated)" "$output"
fails_with 1 "kernel" verify --gpus all --require-kernel

case_ "the same as JSON"
output=$(verify --gpus device=0,2 --json)
has '"simulated"' "$output"

case_ "an image without glibc"
mkdir -p "$TEST/empty/bin"
fails_with 1 "glibc" outboard verify --engine builtin --gpus all "rootfs:$TEST/empty"

case_ "a driver that computes rightly passes, one that computes wrongly does not"
build() { cc -shared -fPIC -O1 -ffp-contract=off -I "$OUTBOARD_SOURCE/src" "-Wl,-soname,libcuda.so.1" "$OUTBOARD_SOURCE/sim/test/cpu_libcuda.c" "$@"; }
build -o "$TEST/libcuda.right"
build -DCPU_LIBCUDA_WRONG -o "$TEST/libcuda.wrong"
# The machine's first GPU gets the test library's UUID everywhere, and is no longer called simulated.
uuid=$(outboard list -q | head -1)
find "$OUTBOARD_ROOT/proc/driver/nvidia/gpus" "$(dirname "$libcuda")" -type f ! -name '*.txt' -exec \
  sed -i "s/$uuid/GPU-00112233-4455-6677-8899-aabbccddeeff/g" {} +
mv "$OUTBOARD_ROOT/outboard-sim.json" "$TEST/marker"
cp "$TEST/libcuda.right" "$libcuda"
output=$(verify --gpus device=0 --require-kernel) || fail "$output"
has "all right" "$output"
lacks "simulated)
" "$(grep kernel: <<<"$output")"
cp "$TEST/libcuda.wrong" "$libcuda"
fails_with 1 "kernel: wrong" verify --gpus device=0
fails_with 1 "the kernel's result is wrong" verify --gpus device=0 --require-kernel

case_ "a libcuda that does not load"
head -c 5000 "$TEST/libcuda.right" >"$libcuda"
fails_with 1 "CUDA" verify --gpus device=0
