#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A real Podman with outboard-runtime as its runtime, and outboard run over it. Storage is the test's own.
# limit: 300
. "$(dirname "$0")/common.sh"
need_root
need podman conmon runc
simulated h200x4
export CONTAINERS_CONF=$TEST/containers.conf CONTAINERS_STORAGE_CONF=$TEST/storage.conf
# A machine that gives its processes few open files cannot give a container more.
cat >"$CONTAINERS_CONF" <<CONF
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
cat >"$CONTAINERS_STORAGE_CONF" <<CONF
[storage]
driver = "overlay"
graphroot = "$TEST/podman/root"
runroot = "$TEST/podman/run"
CONF
"$OUTBOARD_SOURCE/test/make_rootfs" "$TEST/rootfs"
tar -C "$TEST/rootfs" -c . | podman import - localhost/base >/dev/null 2>&1
tar -C "$TEST/rootfs" -c . | podman import --change "ENV NVIDIA_VISIBLE_DEVICES=all" - localhost/wants-all >/dev/null 2>&1
through() { podman --runtime "$RUNTIME" --runtime-flag "outboard-config=$POLICY" "$@"; }
direct() { through run --rm "$@"; }

case_ "podman's own command line with the runtime"
same "$(direct -e NVIDIA_VISIBLE_DEVICES=1 localhost/base sh -c "$LIST_NODES" | grep -E '^nvidia[0-9]')" "nvidia1 allowed"
same "$(direct -e NVIDIA_VISIBLE_DEVICES=0 localhost/wants-all sh -c "$LIST_NODES" | grep -E '^nvidia[0-9]')" "nvidia0 allowed"
same "$(direct localhost/base sh -c "$LIST_NODES" | grep -cE '^nvidia[0-9]' || true)" 0

case_ "libraries are found"
same "$(direct -e NVIDIA_VISIBLE_DEVICES=all localhost/base sh -c 'LD_PRELOAD=libcuda.so.1 /bin/true && ldconfig -p | grep -c "libcuda.so.1 " && ldconfig && LD_PRELOAD=libcuda.so.1 /bin/true && echo good' 2>&1)" "1
good"

case_ "errors reach the person through podman's own output"
fails_with 126 "'9'" direct -e NVIDIA_VISIBLE_DEVICES=9 localhost/base true

case_ "an image's requirement that does not hold is refused with its message"
fails_with 126 "this image needs a newer driver: NVIDIA_REQUIRE_CUDA asks for cuda>=13.9" \
  direct -e NVIDIA_VISIBLE_DEVICES=0 -e "NVIDIA_REQUIRE_CUDA=cuda>=13.9" localhost/base true

case_ "outboard run over podman"
same "$(outboard run --engine podman --gpus device=2 --rm localhost/base sh -c "$LIST_NODES" | grep -E '^nvidia[0-9]')" "nvidia2 allowed"
code=0
outboard run --engine podman --gpus all --rm localhost/base sh -c 'exit 42' || code=$?
same $code 42

case_ "a stopped container starts again"
through create --name again -e NVIDIA_VISIBLE_DEVICES=3 localhost/base sh -c "$LIST_NODES" >/dev/null
first=$(through start -a again)
has "nvidia3 allowed" "$first"
same "$(through start -a again)" "$first"
podman rm again >/dev/null
