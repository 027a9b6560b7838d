#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What an image demands (NVIDIA_REQUIRE_*, CUDA_VERSION) and its forward compatibility libraries, at every entrance: the runtime
# by itself, docker, podman and the built-in engine, on simulated machines with an older driver.
# limit: 300
. "$(dirname "$0")/common.sh"
need_root
need runc
outboard sim create --profile h200x1 --driver 535.104.05 "$TEST/h200" >/dev/null
outboard sim create --profile rtx4090x2 --driver 535.104.05 "$TEST/rtx" >/dev/null
machine() {
  export OUTBOARD_ROOT=$TEST/$1
  policy "${@:2}"
}
machine h200
too_old="this image needs a newer driver: NVIDIA_REQUIRE_CUDA asks for cuda>=13.0, and driver 535.104.05 has CUDA 12.2"

case_ "the runtime refuses an image that needs a newer driver, in one line with the ways out"
bundle "$TEST/new" "echo started" NVIDIA_VISIBLE_DEVICES=all "NVIDIA_REQUIRE_CUDA=cuda>=13.0 brand=tesla,driver>=470,driver<471"
cp "$TEST/new/config.json" "$TEST/new.before"
error=$(in_bundle "$TEST/new" 2>&1) && fail "it started"
has "asks for one of several, the first of which is cuda>=13.0, and driver 535.104.05 has CUDA 12.2" "$error"
for way in "branch 580 or newer (580.65.06 for CUDA 13.0)" "cuda-compat-13-0" "CUDA 12.2 or older" "NVIDIA_DISABLE_REQUIRE=true"; do
  has "$way" "$error"
done
cmp "$TEST/new.before" "$TEST/new/config.json"

case_ "NVIDIA_DISABLE_REQUIRE starts it; an alternative that holds starts it; a brand is asked of NVML"
bundle "$TEST/new" "echo started" NVIDIA_VISIBLE_DEVICES=all "NVIDIA_REQUIRE_CUDA=cuda>=13.0" NVIDIA_DISABLE_REQUIRE=true
same "$(in_bundle "$TEST/new")" started
bundle "$TEST/new" "echo started" NVIDIA_VISIBLE_DEVICES=all "NVIDIA_REQUIRE_CUDA=cuda>=13.0 brand=nvidia,driver>=535,driver<536"
same "$(in_bundle "$TEST/new")" started
bundle "$TEST/new" "echo started" NVIDIA_VISIBLE_DEVICES=all "NVIDIA_REQUIRE_CUDA=cuda>=13.0 brand=geforce,driver>=535,driver<536"
error=$(in_bundle "$TEST/new" 2>&1) && fail "it started"
has "cuda>=13.0" "$error"

case_ "CUDA_VERSION alone demands its version; a GPU too old for arch is named"
bundle "$TEST/new" "echo started" NVIDIA_VISIBLE_DEVICES=all CUDA_VERSION=12.4.1
error=$(in_bundle "$TEST/new" 2>&1) && fail "it started"
has "CUDA_VERSION asks for cuda>=12.4" "$error"
has "minor-version compatibility" "$error"
has "cuda-compat-12-4" "$error"
bundle "$TEST/new" "echo started" NVIDIA_VISIBLE_DEVICES=all "NVIDIA_REQUIRE_DRIVER=driver>=575"
error=$(in_bundle "$TEST/new" 2>&1) && fail "it started"
has "install a driver of branch 575 or newer (driver>=575)" "$error"
lacks "one of several" "$error"
bundle "$TEST/new" "echo started" NVIDIA_VISIBLE_DEVICES=all "NVIDIA_REQUIRE_CUDA=cuda>=11.0,cuda<12.0"
error=$(in_bundle "$TEST/new" 2>&1) && fail "it started"
has "install an older driver, one with cuda<12.0" "$error"
bundle "$TEST/new" "echo started" NVIDIA_VISIBLE_DEVICES=all "NVIDIA_REQUIRE_ARCH=arch>=10.0"
error=$(in_bundle "$TEST/new" 2>&1) && fail "it started"
has "GPU 0 (NVIDIA H200 (simulated)) has compute capability 9.0" "$error"

case_ "labels of nvidia-docker 1, which are annotations in a bundle: one alone does not ask for a GPU, its CUDA version is demanded"
# annotate LABEL...: NAME=VALUE among the bundle's annotations
annotate() {
  local label rows=
  for label; do rows="$rows${rows:+, }\"${label%%=*}\": \"${label#*=}\""; done
  sed -i "0,/{/s//{\"annotations\": {$rows},/" "$TEST/new/config.json"
}
bundle "$TEST/new" "echo started; ls /dev"
annotate com.nvidia.volumes.needed=nvidia_driver com.nvidia.cuda.version=13.0.1
lacks nvidiactl "$(in_bundle "$TEST/new" 2>&1)"
bundle "$TEST/new" "echo started" NVIDIA_VISIBLE_DEVICES=all
annotate com.nvidia.volumes.needed=nvidia_driver com.nvidia.cuda.version=13.0.1
error=$(in_bundle "$TEST/new" 2>&1) && fail "it started"
has "this image needs a newer driver: label com.nvidia.cuda.version asks for cuda>=13.0" "$error"
bundle "$TEST/new" "echo started" NVIDIA_VISIBLE_DEVICES=all CUDA_VERSION=12.2.0
annotate com.nvidia.cuda.version=8.0.61
policy "runtime.log = '$TEST/labels.log'"
same "$(in_bundle "$TEST/new")" started
has "the image contradicts itself: its label com.nvidia.cuda.version says 8.0, CUDA_VERSION says 12.2; CUDA_VERSION counts" \
  "$(cat "$TEST/labels.log")"
policy

case_ "what is no requirement is shown with a caret; a container without a GPU does not care"
bundle "$TEST/new" "echo started" NVIDIA_VISIBLE_DEVICES=all "NVIDIA_REQUIRE_CUDA=cuda>=12.0 cudda>=3"
error=$(in_bundle "$TEST/new" 2>&1) && fail "it started"
has "'cuda>=12.0 ^cudda>=3'" "$error"
bundle "$TEST/new" "echo started" "NVIDIA_REQUIRE_CUDA=nonsense"
same "$(in_bundle "$TEST/new")" started

# An image with libraries of cuda-compat-13-0: the machine's own libcuda under another name.
compat=/usr/local/cuda-13.0/compat
own_compat() {  # ROOT
  mkdir -p "$1$compat"
  { cat "$OUTBOARD_ROOT/usr/lib/x86_64-linux-gnu/libcuda.so.535.104.05"; echo "the image's own"; } >"$1$compat/libcuda.so.580.65.06"
  ln -sf libcuda.so.580.65.06 "$1$compat/libcuda.so.1"
  ln -sfn cuda-13.0 "$1/usr/local/cuda"
}
# shellcheck disable=SC2016  # expanded inside
loaded='LD_PRELOAD=libcuda.so.1 sed -n "s|.* /|/|; /libcuda/p" /proc/self/maps | sort -u'
image_first=$compat/libcuda.so.580.65.06

case_ "forward compatibility: the image's libcuda comes first where the matrix allows it, also after ldconfig ran inside"
bundle "$TEST/compat" "$loaded; ldconfig; $loaded; ldconfig -p | grep -c 'libcuda.so.1 '" NVIDIA_VISIBLE_DEVICES=all "NVIDIA_REQUIRE_CUDA=cuda>=13.0"
own_compat "$TEST/compat/rootfs"
policy "runtime.log = '$TEST/runtime.log'"
same "$(in_bundle "$TEST/compat" 2>&1 | sed -n 1,2p)" "$image_first
$image_first"
has "comes before the host's libcuda: the support matrix allows cuda-compat-13-0 on driver branch 535" "$(cat "$TEST/runtime.log")"
has "comes before the host's libcuda" "$(outboard explain --gpus all "rootfs:$TEST/compat/rootfs")"
cp "$TEST/compat/config.json" "$TEST/once.json"
same "$(in_bundle "$TEST/compat" 2>&1 | sed -n 1p)" "$image_first"
cmp "$TEST/once.json" "$TEST/compat/config.json"

case_ "the control: without the file in ld.so.conf.d the choice is lost at the first ldconfig"
sed 's|,{[^{}]*00-outboard-cuda-compat.conf[^{}]*}||' "$TEST/compat/config.json" >"$TEST/without.json"
cmp -s "$TEST/without.json" "$TEST/compat/config.json" && fail "the file is not in config.json"
cp "$TEST/without.json" "$TEST/compat/config.json"
same "$(runc --root "$TEST/runc" run --bundle "$TEST/compat" control$$ 2>&1 | sed -n 2p)" /usr/lib/x86_64-linux-gnu/libcuda.so.1

case_ "not on a consumer GPU (error 804), not when it is off, and then the requirement is not met"
for how in rtx off; do
  if [ $how = rtx ]; then machine rtx; else machine h200 "cuda.compat = 'off'"; fi
  bundle "$TEST/$how" "$loaded" NVIDIA_VISIBLE_DEVICES=all "NVIDIA_REQUIRE_CUDA=cuda>=13.0"
  own_compat "$TEST/$how/rootfs"
  error=$(in_bundle "$TEST/$how" 2>&1) && fail "it started"
  has "this image needs a newer driver" "$error"
  lacks cuda-compat- "$error"
  if [ $how = rtx ]; then
    has "forward compatibility does not help with a consumer GPU" "$error"
  else
    has "CUDA forward compatibility would meet it, and is switched off by the policy's [cuda] compat = \"off\"" "$error"
    has "switch it on: -e OUTBOARD_CUDA_COMPAT=auto" "$error"
  fi
  bundle "$TEST/$how" "$loaded" NVIDIA_VISIBLE_DEVICES=all LD_LIBRARY_PATH=/usr/local/cuda/compat
  lacks compat "$(in_bundle "$TEST/$how" 2>&1)"
done
bundle "$TEST/off" "$loaded" NVIDIA_VISIBLE_DEVICES=all OUTBOARD_CUDA_COMPAT=on
error=$(in_bundle "$TEST/off" 2>&1) && fail "it started"
has "OUTBOARD_CUDA_COMPAT='on' is none of auto, off, force" "$error"
machine rtx
bundle "$TEST/rtx" "$loaded" NVIDIA_VISIBLE_DEVICES=all OUTBOARD_CUDA_COMPAT=force
same "$(in_bundle "$TEST/rtx" 2>&1)" "$image_first"

case_ "the built-in engine: the same"
machine h200
own_compat "$TEST/rootfs"
same "$(said outboard run --engine builtin --rm --gpus all -e "NVIDIA_REQUIRE_CUDA=cuda>=13.0" "rootfs:$TEST/rootfs" sh -c "$loaded; ldconfig; $loaded" | tail -2)" "$image_first
$image_first"
rm -r "$TEST/rootfs$compat"
fails_with 125 "this image needs a newer driver" outboard run --engine builtin --rm --gpus all -e "NVIDIA_REQUIRE_CUDA=cuda>=13.0" "rootfs:$TEST/rootfs" true

case_ "rows of /etc/outboard/compat.d count in the runtime, a bad one is named in its log; those of the user in outboard alone"
rows() { printf '%s\n' "$(head -1 "$OUTBOARD_SOURCE/data/driver_branch_max_cuda.csv")" 535,13.0,LTS,,,high,here x,1.0,,,,high,here; }
run_new() { with_policy "$RUNTIME" --root "$TEST/runc" run --bundle "$TEST/new" "rows$$-$RANDOM" 2>&1; }
bundle "$TEST/new" "echo started" NVIDIA_VISIBLE_DEVICES=all "NVIDIA_REQUIRE_CUDA=cuda>=13.0"
policy "runtime.log = '$TEST/rows.log'"
error=$(run_new) && fail "it started"
has "this image needs a newer driver" "$error"
mkdir -p "$TEST/etc.upper/outboard/compat.d" "$TEST/config/outboard/compat.d"
rows >"$TEST/etc.upper/outboard/compat.d/driver_branch_max_cuda.site.csv"
same "$(run_new)" started
has "/etc/outboard/compat.d/driver_branch_max_cuda.site.csv:3: branch: 'x' cannot stand here; row skipped" "$(cat "$TEST/rows.log")"
rm -r "$TEST/etc.upper/outboard/compat.d"
rows >"$TEST/config/outboard/compat.d/driver_branch_max_cuda.csv"
said=$(XDG_CONFIG_HOME=$TEST/config outboard run --engine builtin --rm --gpus all -e "NVIDIA_REQUIRE_CUDA=cuda>=13.0" \
  "rootfs:$TEST/rootfs" echo started 2>"$TEST/err")
same "$said" started
same "$(grep -c "driver_branch_max_cuda.csv:3: branch: 'x' cannot stand here; row skipped" "$TEST/err")" 1
has "driver_branch_max_cuda.csv:3: branch: 'x' cannot stand here; row skipped" \
  "$(XDG_CONFIG_HOME=$TEST/config outboard explain --gpus all "rootfs:$TEST/rootfs" 2>&1)"
error=$(XDG_CONFIG_HOME=$TEST/config run_new) && fail "it started"

case_ "docker shows the message"
need dockerd docker
start_docker
docker_image base "" "ENV NVIDIA_REQUIRE_CUDA=cuda>=13.0"
fails_with 125 "$too_old" docker run --rm --network none --runtime outboard --gpus all base true
fails_with 125 "NVIDIA_DISABLE_REQUIRE=true" docker run --rm --network none --runtime outboard --gpus all base true
fails_with 125 "$too_old" outboard run --engine docker --rm --network none --gpus all base true
same "$(docker run --rm --network none --runtime outboard --gpus all -e NVIDIA_DISABLE_REQUIRE=1 base echo started)" started
