#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# outboard check on simulated machines with several drivers: versions alone, images in directories and archives that are made here,
# the exit codes, the JSON document, and images that are broken in every part.
set -euo pipefail
PATH=$OUTBOARD_STAGE/bin:$PATH
unset OUTBOARD_ROOT
[ "$(id -u)" = 0 ] || { echo "skip: needs root, because simulated machines have device nodes"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache
bad=0
say() { echo "$1"; bad=1; }

machine() { export OUTBOARD_ROOT=$work/$1; }
make_machine() { outboard sim create --profile "$2" --driver "$3" "$work/$1" >/dev/null; }
make_machine data-center h200x1 535.104.05
make_machine new h200x1 580.95.05
make_machine consumer rtx4090x2 535.104.05
make_machine old a100x8-mig 470.57.02
make_machine future h200x1 990.10

# expect CODE TEXT ARGUMENT...: exit code, and text on standard output or standard error
expect() {
  local code=$1 text=$2 got=0
  shift 2
  outboard check "$@" >"$work/out" 2>&1 || got=$?
  if [ "$got" != "$code" ] || ! grep -qF -- "$text" "$work/out"; then
    say "check $*: exit code $got, not $code, or no '$text'"
    sed 's/^/    /' "$work/out"
  fi
}
# lacks TEXT: not in what the last one printed
lacks() { ! grep -qF -- "$1" "$work/out" || { say "'$1' in:"; sed 's/^/    /' "$work/out"; }; }

# One table gives the driver's CUDA version everywhere, and what it does not know is not said as a fact.
machine future
outboard list --no-nvml >"$work/out"
grep -qE '^driver 990.10, CUDA [0-9.]+ or newer$' "$work/out" || say "list: $(head -2 "$work/out")"
outboard list --no-nvml --json | grep -q '"cudaVersionOrNewer": true' || say "list --json knows CUDA of driver 990.10"

# blob LAYOUT FILE: puts it into an OCI layout, prints its digest and size as members of a descriptor
blob() {
  local sum
  sum=$(sha256sum <"$2" | cut -d' ' -f1)
  mkdir -p "$1/blobs/sha256"
  cp "$2" "$1/blobs/sha256/$sum"
  echo "\"digest\": \"sha256:$sum\", \"size\": $(stat -c %s "$2")"
}
# layout DIR CONFIG [ARCHITECTURE]: an OCI image layout with that configuration ({"Env": [...]}) and no layer
layout() {
  local directory=$1
  mkdir -p "$directory"
  echo "{\"architecture\": \"${3:-amd64}\", \"os\": \"linux\", \"config\": $2}" >"$work/config"
  echo "{\"schemaVersion\": 2, \"config\": {$(blob "$directory" "$work/config")}, \"layers\": []}" >"$work/manifest"
  echo "{\"schemaVersion\": 2, \"manifests\": [{$(blob "$directory" "$work/manifest"), \"annotations\": {\"org.opencontainers.image.ref.name\": \"t\"}}]}" >"$directory/index.json"
  echo '{"imageLayoutVersion": "1.0.0"}' >"$directory/oci-layout"
}
# environment ENTRY...: a configuration with these variables
environment() {
  local entries=
  for entry; do entries="$entries${entries:+, }\"$entry\""; done
  echo "{\"Env\": [$entries]}"
}

echo "case: versions alone: a verdict for each kind, with its exit code"
machine new
expect 0 "GPU 0 (NVIDIA H200 (simulated)): runs (full)" --cuda 12.8
expect 0 "GPU 0 (NVIDIA H200 (simulated)): not known whether it runs (unknown)" --cuda 99.1
grep -q 'way out: a driver that reports CUDA 99.1 or newer' "$work/out" || say "no driver that would do for CUDA 99.1"
machine data-center
expect 0 "GPU 0 (NVIDIA H200 (simulated)): runs by minor-version compatibility (minor)" --cuda 12.8
grep -q 'way out: .*570' "$work/out" || say "no driver to choose for CUDA 12.8"
expect 2 "--cudnn needs a CUDA version, or an image" --torch 2.9 --cudnn 9.8
expect 3 "GPU 0 (NVIDIA H200 (simulated)): runs by forward compatibility alone (forward)" --cuda 13.0
grep -q 'cuda-compat-13-0' "$work/out" || say "no package to choose for CUDA 13.0"
machine consumer
expect 1 "does not run (no)" --cuda 13.0
grep -q 'consumer GPU' "$work/out" || say "nothing about the kind of the GPU"
expect 1 "GPU 0, 1 (NVIDIA GeForce RTX 4090 (simulated)): does not run (no)" --cuda 13.0
expect 0 "CUDA 10.0 is older than each of them, compute capability 8.9" --cuda 10.0
expect 0 "CUDA 10.0 is older than GPU 1 (NVIDIA GeForce RTX 4090 (simulated)), compute capability 8.9" --cuda 10.0 --gpus device=1
expect 1 "way out: driver 580.65.06 or newer, for example of branch 580 (long-term support)" --cuda 13.0
expect 1 "way out: an image of CUDA 12.2 or older, for example nvidia/cuda:12.2.2-base-ubuntu22.04; up to 12.9 by minor-version compatibility" --cuda 13.0
machine old
expect 0 "full" --cuda 11.4 --gpus device=0
expect 0 "CUDA 10.0 is older than GPU 0" --cuda 10.0 --gpus device=0
grep -q 'runs, with a reservation (full)' "$work/out" || say "no reservation about CUDA 10.0"
machine data-center
expect 0 "cuDNN 9.8: full" --cuda 12.2 --cudnn 9.8
expect 0 "cuDNN 99.0: unknown: cuDNN 99.0 is newer than the tables" --cuda 12.2 --cudnn 99.0
machine new
expect 1 "cuDNN 9.13: no: there is no cuDNN 9.13 for CUDA 11: the last one is 9.10.2" --cuda 11.8 --cudnn 9.13
expect 1 "way out: cuDNN 9.12.0 or newer" --cuda 13.0 --cudnn 8.9
expect 0 "the tables have no cuDNN 9.13 for CUDA 99.1, so it was not checked" --cuda 99.1 --cudnn 9.13
machine data-center
expect 2 "name that, too: --cuda 12.8 --cudnn 9.8" --cudnn 9.8

echo "case: frameworks, and a machine that is only a snapshot"
outboard sim create --profile rtx4090x2 --driver 470.57.02 "$work/rtx470.machine" >/dev/null
OUTBOARD_ROOT=$work/rtx470.machine outboard capture "$work/rtx470" >/dev/null
OUTBOARD_ROOT=$work/new outboard capture "$work/h200" >/dev/null
machine consumer
expect 0 "PyTorch 2.9" --torch 2.9 --cuda 12.8
expect 1 "PyTorch 2.9" --torch 2.9 --cuda 13.0
grep -q 'way out: .*pip' "$work/out" || say "no package to choose"
expect 1 "has no package for Python 2.7" --torch 2.9 --cuda 12.8 --python 2.7
for framework in tensorflow=2.16 jax=0.4.30 mxnet=1.9.1; do expect 0 "${framework#*=}" "--${framework%=*}" "${framework#*=}"; done
expect 0 "way out: name the CUDA version that it is built with, too: --cuda VERSION" --torch 99.0
expect 0 "JAX 0.8 (CUDA 12.1 or newer): full" --jax 0.8
expect 0 "JAX 0.7.2 (CUDA 12.1 or newer): full" --jax 0.7
expect 1 "PyTorch 2.9+cpu: no: PyTorch 2.9+cpu is built for the CPU alone: it never uses a GPU with CUDA" --torch 2.9+cpu
expect 2 "--torch 2.9.1+cu128 is for CUDA 12.8, and --cuda says 13.0" --torch 2.9.1+cu128 --cuda 13.0
expect 0 "PyTorch 2.9.1 (CUDA 12.8)" --torch v2.9.1+cu128 --cuda 12
grep -qF 'CUDA 12 (--cuda)' "$work/out" || say "--cuda 12 with a framework is not any CUDA 12: $(cat "$work/out")"
lacks 'CUDA 12.0'
expect 0 "cuDNN 9.8: full" --torch 2.9.1 --cuda 12 --cudnn 9.8
lacks 'CUDA 12.0: '
expect 0 "--cuda 12 was taken for CUDA 12.0, the first of its releases" --cuda 12
grep -q 'CUDA 12.0: full' "$work/out" || say "--cuda 12 is not 12.0"
expect 0 "cuDNN 9 was taken for the newest in the tables with CUDA 11, 9.10.2.21" --cuda 11.8 --cudnn 9
expect 1 "TensorFlow 2.20.0 (CUDA 12.5): no: driver 470.57.02 (CUDA 11.4) is too old for CUDA 12.5" --tensorflow 2.20 --facts "$work/rtx470"
expect 0 "there is PTX alone for GPU 0" --tensorflow 2.15 --facts "$work/h200"

echo "case: an image's configuration, in an OCI layout"
machine data-center
layout "$work/plain" "$(environment PATH=/bin)"
expect 0 "the image names no CUDA version" "oci:$work/plain:t"
layout "$work/cuda" "$(environment CUDA_VERSION=12.8.1 NVIDIA_REQUIRE_CUDA=)"
expect 1 "CUDA_VERSION asks for cuda>=12.8" "oci:$work/cuda"
grep -q 'CUDA 12.8.1: minor' "$work/out" || say "no verdict for CUDA 12.8.1"
grep -q 'way out: .*NVIDIA_DISABLE_REQUIRE=true' "$work/out" || say "no override"
layout "$work/disabled" "$(environment CUDA_VERSION=12.8.1 NVIDIA_DISABLE_REQUIRE=1)"
expect 0 "NVIDIA_DISABLE_REQUIRE is set" "oci:$work/disabled:t"
layout "$work/forward" "$(environment CUDA_VERSION=13.0.1 'NVIDIA_REQUIRE_CUDA=cuda>=13.0 brand=nvidia,driver>=535,driver<536')"
expect 1 "no cuda-compat package is in this image" "oci:$work/forward:t"
expect 0 "full" "oci:$work/forward:t" --cuda 12.2
layout "$work/off" "$(environment CUDA_VERSION=13.0.1 OUTBOARD_CUDA_COMPAT=off)"
expect 1 "CUDA forward compatibility is switched off" "oci:$work/off:t"
layout "$work/on" "$(environment CUDA_VERSION=13.0.1 OUTBOARD_CUDA_COMPAT=on)"
expect 4 "OUTBOARD_CUDA_COMPAT='on' is none of auto, off, force" "oci:$work/on:t"
layout "$work/never" "$(environment 'NVIDIA_REQUIRE_CUDA=cuda>=13.0,driver<535')"
expect 1 "its demands contradict each other: cuda>=13.0 begins with driver branch 580, and it asks for driver<535, too" "oci:$work/never:t"
machine consumer
expect 1 "CUDA 13.0.1: no" "oci:$work/forward:t"
layout "$work/torch" "$(environment PYTORCH_VERSION=2.9.0 NV_CUDNN_VERSION=9.8.0.87-1)"
expect 0 "PyTorch 2.9.0" "oci:$work/torch:t"
layout "$work/arm" "$(environment CUDA_VERSION=11.8.0)" arm64
expect 1 "the image is for arm64" "oci:$work/arm:t"

echo "case: labels of nvidia-docker 1, and contradictions"
layout "$work/labels" '{"Env": ["CUDA_VERSION=8.0.61"], "Labels": {"com.nvidia.volumes.needed": "nvidia_driver", "com.nvidia.cuda.version": "8.0.61", "com.nvidia.cudnn.version": "6.0.21"}}'
expect 0 "asks for the driver (label com.nvidia.volumes.needed)" "oci:$work/labels:t"
lacks note:
layout "$work/contradiction" '{"Env": ["CUDA_VERSION=11.8.0"], "Labels": {"com.nvidia.cuda.version": "12.0"}}'
expect 0 "the image contradicts itself: its label com.nvidia.cuda.version says 12.0, CUDA_VERSION says 11.8; the label counts" \
  "oci:$work/contradiction:t"
[ "$(grep -c '^note:' "$work/out")" = 1 ] || say "not one note: $(cat "$work/out")"
expect 0 "CUDA 12.0 (label com.nvidia.cuda.version)" "oci:$work/contradiction:t"
layout "$work/cudnn" '{"Env": ["CUDA_VERSION=11.8.0", "CUDNN_VERSION=8.9.6"], "Labels": {"com.nvidia.cudnn.version": "6.0.21"}}'
expect 0 "more than one cuDNN version: its label com.nvidia.cudnn.version says 6.0.21, and it has 8.9.6, which counts" "oci:$work/cudnn:t"
layout "$work/volumes" '{"Labels": {"com.nvidia.volumes.needed": "nvidia_driver extra"}}'
expect 0 "names the volume 'extra', which nothing provides any more" "oci:$work/volumes:t"
layout "$work/absurd" '{"Env": ["CUDA_VERSION=banana"], "Labels": {"com.nvidia.cuda.version": "-1"}}'
expect 0 "CUDA_VERSION='banana' is no version and demands nothing" "oci:$work/absurd:t"
expect 0 "com.nvidia.cuda.version='-1' is no version and demands nothing" "oci:$work/absurd:t"
layout "$work/huge" "$(environment CUDA_VERSION=999999999.9)"
expect 1 "asks for cuda>=999999999.9" "oci:$work/huge:t"
layout "$work/control" '{"Env": ["CUDA_VERSION=11.8\u001b[31m"]}'
expect 0 '\x1b' "oci:$work/control:t"

echo "case: what is no requirement is shown with a caret"
layout "$work/malformed" "$(environment 'NVIDIA_REQUIRE_CUDA=cuda>=12.0 cudda>=3')"
expect 4 "'cuda>=12.0 ^cudda>=3'" "oci:$work/malformed:t"

echo "case: JSON, and the same from a snapshot"
machine data-center
outboard check --json "oci:$work/cuda:t" >"$work/json" || true
sed -E "s#$work#WORK#; s#sha256:[0-9a-f]{64}#sha256:DIGEST#" "$work/json" >"$work/golden"
golden=$OUTBOARD_SOURCE/test/cli/check.json
if [ -n "${OUTBOARD_UPDATE_GOLDEN:-}" ]; then cp "$work/golden" "$golden"; fi
diff -u "$golden" "$work/golden" || say "check --json differs from test/cli/check.json"
outboard capture "$work/snapshot" >/dev/null
(unset OUTBOARD_ROOT && outboard check --facts "$work/snapshot" --json "oci:$work/cuda:t" >"$work/json2") || true
cmp "$work/json" "$work/json2" || say "a snapshot gives another answer"

echo "case: docker-archive"
mkdir "$work/archive"
echo "{\"architecture\": \"amd64\", \"os\": \"linux\", \"config\": $(environment CUDA_VERSION=12.1.0)}" >"$work/archive/c.json"
echo '[{"Config": "c.json", "Layers": ["layer.tar"]}]' >"$work/archive/manifest.json"
tar -C "$work/archive" -cf "$work/archive/layer.tar" --files-from=/dev/null
for format in ustar gnu pax; do
  tar -C "$work/archive" --format=$format -cf "$work/$format.tar" c.json layer.tar manifest.json
  expect 0 "CUDA 12.1.0" "docker-archive:$work/$format.tar"
done
gzip -k "$work/pax.tar"
expect 4 "is compressed" "docker-archive:$work/pax.tar.gz"
head -c 1100 "$work/pax.tar" >"$work/cut.tar"
expect 4 "it is cut off" "docker-archive:$work/cut.tar"
head -c 4000 /dev/urandom >"$work/noise.tar"
expect 4 "it is no tar archive" "docker-archive:$work/noise.tar"
head -c 300 "$work/pax.tar" >"$work/cut.tar"
expect 4 "it is cut off" "docker-archive:$work/cut.tar"
: >"$work/empty.tar"
expect 4 "it is empty" "docker-archive:$work/empty.tar"
expect 4 "No such file" "docker-archive:$work/nothing.tar"
mkfifo "$work/fifo"
expect 4 "is no regular file" "docker-archive:$work/fifo"
echo '[{"Config": "c.json"}, {"Config": "c.json"}]' >"$work/archive/manifest.json"
tar -C "$work/archive" -cf "$work/two.tar" c.json manifest.json
expect 4 "holds 2 images" "docker-archive:$work/two.tar"
tar -C "$work/archive" -cf "$work/none.tar" c.json
expect 4 "has no 'manifest.json'" "docker-archive:$work/none.tar"

echo "case: oci-archive, a path as what lies there, and transports that are not read"
tar -C "$work/cuda" -cf "$work/oci.tar" .
expect 1 "CUDA_VERSION asks for cuda>=12.8" "oci-archive:$work/oci.tar"
expect 1 "CUDA_VERSION asks for cuda>=12.8" "oci-archive:$work/oci.tar:t"
expect 4 "no tag 'other', it has t" "oci-archive:$work/oci.tar:other"
grep -q "hint: write oci-archive:FILE:TAG" "$work/out" || say "the hint for a tag of an archive is another's"
expect 4 "no tag 'other', it has t" "oci:$work/cuda:other"
grep -q "hint: write oci:DIR:TAG" "$work/out" || say "the hint for a tag of a directory is another's"
expect 4 "has no 'index.json'" "oci-archive:$work/pax.tar"
grep -q "hint: name a file that 'skopeo copy ... oci-archive:FILE' wrote" "$work/out" || say "no hint for an archive without an index"
head -c 800 "$work/oci.tar" >"$work/cut.tar"
expect 4 "it is cut off" "oci-archive:$work/cut.tar"
expect 1 "image $work/oci.tar (oci-archive, amd64" "$work/oci.tar"
expect 1 "(oci, amd64" "$work/cuda"
(cd "$work" && expect 0 "image ./pax.tar (docker-archive, amd64)" ./pax.tar && exit $bad) || bad=1
expect 4 "is compressed" "$work/pax.tar.gz"
echo '{"schemaVersion": 2}' >"$work/manifest.json"
expect 4 "it is no tar archive" "$work/manifest.json"
expect 4 "No such file" ./no-such-file
expect 2 "images in docker ('docker-daemon:') are not read under this name" docker-daemon:app
grep -q 'hint: name it as docker does: app, with --engine docker' "$work/out" || say "no hint for docker-daemon:"
expect 2 "('containers-storage:') are not read" containers-storage:app
expect 2 "('dir:') are not read" "dir:$work/cuda"

echo "case: what files say: a directory, an archive, compressed layers"
machine data-center
root=$work/root
mkdir -p "$root/usr/local/cuda-13.0/lib64" "$root/usr/local/cuda-13.0/compat" "$root/usr/lib/x86_64-linux-gnu"
echo x >"$root/usr/local/cuda-13.0/lib64/libcudart.so.13.0.96"
ln -s cuda-13.0 "$root/usr/local/cuda"
expect 1 "no cuda-compat package is in this image" "rootfs:$root"
grep -q 'CUDA 13.0 (libcudart 13.0.96 in it)' "$work/out" || say "no libcudart"
echo x >"$root/usr/lib/x86_64-linux-gnu/libcuda.so.470.57.02"
expect 1 "driver libraries are baked into the image (/usr/lib/x86_64-linux-gnu/libcuda.so.470.57.02)" "rootfs:$root"
rm "$root/usr/lib/x86_64-linux-gnu/libcuda.so.470.57.02"
cp "$OUTBOARD_ROOT/usr/lib/x86_64-linux-gnu/libcuda.so.535.104.05" "$root/usr/local/cuda-13.0/compat/libcuda.so.580.65.06"
ln -s libcuda.so.580.65.06 "$root/usr/local/cuda-13.0/compat/libcuda.so.1"
expect 3 "the image's /usr/local/cuda-13.0/compat (580.65.06) makes up for it" "rootfs:$root"
machine consumer
expect 1 "not with a consumer GPU" "rootfs:$root"
machine data-center
echo '[{"Config": "c.json", "Layers": ["layer.tar"]}]' >"$work/archive/manifest.json"
tar -C "$root" -cf "$work/archive/layer.tar" usr
tar -C "$work/archive" -cf "$work/files.tar" c.json layer.tar manifest.json
expect 3 "files: libcudart 13.0.96, cuda-compat 580.65.06" "docker-archive:$work/files.tar"
wheels=$work/evil/usr/lib/python3.12/site-packages
for name in $'nvidia_cuda_runtime_cu12-9\e[2J9.1' $'nvidia_cudnn_cu12-9\e[2J' $'torch-2.9.\e[2J' nvidia_cuda_runtime-13.0.48; do
  mkdir -p "$wheels/$name.dist-info"
done
expect 1 "CUDA 13.0 (libcudart 13.0.48 in it)" "rootfs:$work/evil"
lacks $'\e'
layout "$work/evil-name" "$(environment 'NVIDIA_REQUIRE_\u001b[2J=cuda>=99.0')"
expect 1 'NVIDIA_REQUIRE_\x1b[2J asks for cuda>=99.0' "oci:$work/evil-name:t"
lacks $'\e'
mkdir -p "$work/wheels/usr/local/lib/python3.12/dist-packages/torch-2.9.0+cpu.dist-info"
echo x >"$work/wheels/usr/local/lib/python3.12/dist-packages/torch-2.9.0+cpu.dist-info/METADATA"
expect 0 "torch 2.9.0+cpu is built without CUDA" "rootfs:$work/wheels"
packages=$work/jax/usr/local/lib/python3.12/dist-packages
mkdir -p "$packages/jax-0.7.2.dist-info" "$packages/jaxlib-0.7.2.dist-info"
expect 0 "jaxlib 0.7.2: no CUDA plugin of JAX is in the image, so it computes on the CPU alone" "rootfs:$work/jax"
lacks "full"
mkdir "$packages/jax_cuda12_plugin-0.7.2.dist-info"
expect 0 "JAX 0.7.2 (CUDA 12.1 or newer): full" "rootfs:$work/jax"
layout "$work/layered" "$(environment CUDA_VERSION=13.0.1)"
tar -C "$root" -czf "$work/layer.tar.gz" usr
sed "s#\"layers\": \[\]#\"layers\": [{$(blob "$work/layered" "$work/layer.tar.gz")}]#" "$work/manifest" >"$work/manifest2"
echo "{\"schemaVersion\": 2, \"manifests\": [{$(blob "$work/layered" "$work/manifest2")}]}" >"$work/layered/index.json"
expect 3 "whether the image has that package is not known: its files were not looked at; --layers looks at them" "oci:$work/layered"
lacks libcudart
expect 3 "libcudart 13.0.96, cuda-compat 580.65.06" "oci:$work/layered" --layers
layout "$work/demand" "$(environment "NVIDIA_REQUIRE_CUDA=cuda>=12.8")"
cp "$work/layer.tar.gz" "$work/layer2.tar.gz"
sed "s#\"layers\": \[\]#\"layers\": [{$(blob "$work/demand" "$work/layer2.tar.gz")}]#" "$work/manifest" >"$work/manifest2"
echo "{\"schemaVersion\": 2, \"manifests\": [{$(blob "$work/demand" "$work/manifest2")}]}" >"$work/demand/index.json"
expect 3 "it runs if the image has libraries of CUDA 12.8 or newer for forward compatibility, which is not known: its files were not looked at; --layers looks at them" "oci:$work/demand"
layout "$work/silent" "$(environment PATH=/bin)"
cp "$work/layer.tar.gz" "$work/layer3.tar.gz"
sed "s#\"layers\": \[\]#\"layers\": [{$(blob "$work/silent" "$work/layer3.tar.gz")}]#" "$work/manifest" >"$work/manifest2"
echo "{\"schemaVersion\": 2, \"manifests\": [{$(blob "$work/silent" "$work/manifest2")}]}" >"$work/silent/index.json"
expect 0 "way out: its files were not looked at; --layers looks at them" "oci:$work/silent"
(cd "$work" && mkdir host:dir && mv layered host:dir/img && expect 3 "libcudart 13.0.96" oci:host:dir/img --layers && exit $bad) || bad=1
mv "$work/host:dir/img" "$work/layered"
cp "$work/layer.tar.gz" "$work/archive/layer.tar"
tar -C "$work/archive" -cf "$work/compressed.tar" c.json layer.tar manifest.json
expect 0 "CUDA 12.1.0" "docker-archive:$work/compressed.tar"
lacks libcudart
expect 3 "libcudart 13.0.96, cuda-compat 580.65.06" "docker-archive:$work/compressed.tar" --layers
tar -C "$work/layered" -cf "$work/oci.tar" .
expect 3 "its files were not looked at" "oci-archive:$work/oci.tar"
expect 3 "libcudart 13.0.96, cuda-compat 580.65.06" "oci-archive:$work/oci.tar" --layers
expect 3 "(oci-archive, amd64, sha256:" "$work/oci.tar" --layers
rm "$work"/layered/blobs/sha256/"$(sha256sum <"$work/layer.tar.gz" | cut -d' ' -f1)"
expect 3 "a layer of the image is not there, so its files were not looked at" "oci:$work/layered" --layers
lacks "package is in this image"
sed 's#layer.tar#gone.tar#' "$work/archive/manifest.json" >"$work/manifest3"
cp "$work/manifest3" "$work/archive/manifest.json"
tar -C "$work/archive" -cf "$work/gone.tar" c.json layer.tar manifest.json
expect 0 "a layer of the image is not there" "docker-archive:$work/gone.tar" --layers
for size in 18446744073709551615 100000 5; do
  layout "$work/layered" "$(environment CUDA_VERSION=13.0.1)"
  sed "s#\"layers\": \[\]#\"layers\": [{$(blob "$work/layered" "$work/layer.tar.gz" | sed 's/"size".*/"size": '$size'/')}]#" "$work/manifest" >"$work/manifest2"
  echo "{\"schemaVersion\": 2, \"manifests\": [{$(blob "$work/layered" "$work/manifest2")}]}" >"$work/layered/index.json"
  expect 4 "layer is cut off" "oci:$work/layered"
done
layout "$work/layered" "$(environment CUDA_VERSION=13.0.1)"
printf '\037\213\010 no gzip' >"$work/broken.gz"
sed "s#\"layers\": \[\]#\"layers\": [{$(blob "$work/layered" "$work/broken.gz")}]#" "$work/manifest" >"$work/manifest2"
echo "{\"schemaVersion\": 2, \"manifests\": [{$(blob "$work/layered" "$work/manifest2")}]}" >"$work/layered/index.json"
expect 4 "list layer" "oci:$work/layered" --layers

echo "case: layouts that are broken in every part"
expect 4 "OCI image layout" oci:/nonexistent
expect 4 "no tag 'other', it has t" "oci:$work/cuda:other"
damaged() { rm -rf "$work/damaged"; cp -r "$work/cuda" "$work/damaged"; }
largest() { grep -lE "$1" "$work"/damaged/blobs/sha256/*; }
damaged
truncate -s -20 "$(largest schemaVersion)"
expect 4 "manifest is cut off" "oci:$work/damaged:t"
damaged
truncate -s -1 "$(largest architecture)"
expect 4 "configuration is cut off" "oci:$work/damaged:t"
damaged
file=$(largest architecture)
tr '{' '[' <"$file" >"$work/swapped"
cp "$work/swapped" "$file"
expect 4 "the image's configuration" "oci:$work/damaged:t"
damaged
rm "$(largest architecture)"
expect 4 "No such file" "oci:$work/damaged:t"
damaged
sed -i 's/sha256:/sha257:/' "$work/damaged/index.json"
expect 4 "is not sha256" "oci:$work/damaged:t"
damaged
sed -i 's#sha256:#sha256:../../../../etc/passwd#' "$work/damaged/index.json"
expect 4 "is not sha256" "oci:$work/damaged:t"
damaged
head -c 30 "$work/cuda/index.json" >"$work/damaged/index.json"
expect 4 "index.json: line" "oci:$work/damaged:t"

layout "$work/index" "$(environment CUDA_VERSION=12.1.0)"
for entries in '' "{$(blob "$work/index" "$work/manifest"), \"platform\": {\"os\": \"linux\", \"architecture\": \"s390x\"}}"; do
  echo "{\"schemaVersion\": 2, \"manifests\": [$entries]}" >"$work/list"
  echo "{\"schemaVersion\": 2, \"manifests\": [{$(blob "$work/index" "$work/list")}]}" >"$work/index/index.json"
  if [ -z "$entries" ]; then
    expect 4 "the image's list of platforms is empty" "oci:$work/index"
  else
    expect 4 "the image has nothing for linux/amd64, only for linux/s390x" "oci:$work/index"
    grep -q 'hint: choose one of them with --platform' "$work/out" || say "no hint at --platform"
    expect 0 "CUDA 12.1.0" "oci:$work/index" --platform linux/s390x
  fi
done

echo "case: a wrong command line"
expect 2 "nothing to check"
expect 2 "one image at most" a b
grep -q 'hint: .*each image by itself' "$work/out" || say "no hint for two images"
expect 2 "--cuda 'twelve' is no version" --cuda twelve
expect 2 "--torch 'x' is no version" --torch x
expect 2 "--python goes with a framework" --cuda 12.8 --python 3.12
expect 2 "--timeout '0' is no number of seconds" --timeout 0 --cuda 12.8
expect 2 "unknown engine 'lxc'" --engine lxc x
expect 2 "no GPU is chosen" --gpus none --cuda 12.8
expect 2 "not a name in a registry" "Not A Name"

echo "case: no driver is no verdict"
outboard sim create --profile none "$work/none" >/dev/null
machine none
expect 4 "no NVIDIA driver on this host" --cuda 12.8
lacks "full"
# Cards on the bus: the driver to install, for the CUDA version, the image or the framework that is asked about.
outboard capture "$work/bare" >/dev/null
bus() { python3 -c 'import json, sys
snapshot = json.load(open(sys.argv[1]))
snapshot["facts"]["gpus"] = [{"pci": f"0000:{i:x}:00.0", "pci_device": int(id, 16)} for i, id in enumerate(sys.argv[2:], 0x65)]
json.dump(snapshot, open(sys.argv[1], "w"))' "$work/bare" "$@"; }
bus 2335 1b80 # H200, GTX 1080
unset OUTBOARD_ROOT
expect 4 "no NVIDIA driver on this host" --facts "$work/bare" --cuda 13.0
grep -q 'hint: for CUDA 13.0 on H200 SXM 141GB: driver 580.65.06 or newer.*; on GeForce GTX 1080: no driver will do: CUDA 12.9 was the last' "$work/out" ||
  say "no driver to install: $(cat "$work/out")"
mkdir -p "$work/own/outboard/compat.d"
printf 'pci_device,chip,name,confidence,source\n0x1b80,GH100,Card of tomorrow,high,site\n' >"$work/own/outboard/compat.d/pci_gpus.csv"
XDG_CONFIG_HOME=$work/own expect 4 "hint: for CUDA 13.0 on H200 SXM 141GB and Card of tomorrow: driver 580.65.06 or newer" --facts "$work/bare" --cuda 13.0
expect 4 "hint: for CUDA 12.8.1 on H200 SXM 141GB: driver 570." --facts "$work/bare" "oci:$work/cuda"
expect 4 "hint: for CUDA 12.8 on H200 SXM 141GB: driver 570." --facts "$work/bare" --torch 2.9
expect 4 "hint: for CUDA 12.8 on H200 SXM 141GB: driver 570." --facts "$work/bare" --torch 2.9 --cuda 12
grep -q 'on GeForce GTX 1080: no driver will do: PyTorch 2.9.* has no code for compute capability 6.1; choose PyTorch 2.9' "$work/out" ||
  say "no package for the card: $(cat "$work/out")"
bus 1b80 # GTX 1080
expect 4 "no driver will do: CUDA 12.9 was the last with code for Pascal, choose that or an older one" --facts "$work/bare" --cuda 13.0
lacks "install the driver"
bus 2b85 # RTX 5090
expect 4 "hint: for CUDA 12.8 on GeForce RTX 5090: driver 570.26 or newer, for example of branch 580 (long-term support) (install the driver" --facts "$work/bare" --cuda 12.8
expect 4 "hint: for CUDA 99.0 on GeForce RTX 5090: a driver that reports CUDA 99.0 or newer; the tables do not know CUDA 99.0" --facts "$work/bare" --cuda 99
bus ffff
expect 4 "hint: for CUDA 12.8 on GPU 10de:ffff: driver 570.26 or newer, for example of branch 580 (long-term support); the tables do not know this card" --facts "$work/bare" --cuda 12.8
exit $bad
