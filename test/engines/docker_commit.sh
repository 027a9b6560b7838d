#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What docker commit keeps of a GPU container that runs, and of one that was stopped, and that such images run (doc/lifecycle.md).
# limit: 300
. "$(dirname "$0")/common.sh"
need_root
need runc dockerd docker
simulated h200x4
start_docker
docker_image base
with_gpu() { docker run --rm --net none --runtime outboard -e NVIDIA_VISIBLE_DEVICES=all "$@" 2>&1; }
empties='find / -xdev -type f -size 0 \( -name "libcuda*" -o -name "libnvidia-*" \) | wc -l'
works='LD_PRELOAD=libcuda.so.1:libnvidia-ml.so.1 /bin/true && ldconfig -p | grep -c "libcuda.so.1 "'

docker run -d --name one --net none --runtime outboard -e NVIDIA_VISIBLE_DEVICES=all -e NVIDIA_DRIVER_CAPABILITIES=all base sleep 1000 >/dev/null
docker commit one committed >/dev/null
docker kill one >/dev/null
docker wait one >/dev/null
docker commit one committed-after >/dev/null

case_ "the image of a running container has empty libraries, the one of a stopped container has none"
count=$(docker run --rm --net none committed sh -c "$empties")
[ "$count" -gt 5 ] || fail "only $count empty files: the test would show nothing"
same "$(docker run --rm --net none committed-after sh -c "$empties")" 0
same "$(docker run --rm --net none committed-after sh -c 'ldconfig -p | grep -cE "libcuda|libnvidia"' || true)" 0

case_ "it runs with a GPU"
same "$(with_gpu committed sh -c "$works")" 1
same "$(with_gpu committed-after sh -c "$works")" 1

case_ "with a GPU and after it nothing of another set of libraries is left in the loader's cache"
same "$(with_gpu committed sh -c 'ldconfig -p | sed -n "s/.* => //p" | while read f; do [ -s "$f" ] || echo "$f"; done')" ""
docker run --name two --net none --runtime outboard -e NVIDIA_VISIBLE_DEVICES=all -e NVIDIA_DRIVER_CAPABILITIES=utility committed true
docker commit two cleaned >/dev/null
same "$(docker run --rm --net none cleaned sh -c 'ldconfig -p | grep -cE "libcuda|libnvidia"' || true)" 0

case_ "it runs without a GPU, and the documented command takes the debris away"
same "$(docker run --rm --net none committed sh -c 'echo runs')" runs
same "$(docker run --rm --net none committed sh -c "find /usr/lib /usr/lib64 -name '*.so*' -type f -size 0 -delete; ldconfig; ldconfig -p | grep -cE 'libcuda|libnvidia' || true; $empties")" "0
0"
