#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A real Docker daemon with outboard-runtime registered: people's own docker commands. The daemon is the test's own.
# limit: 400
. "$(dirname "$0")/common.sh"
need_root
need dockerd docker runc
simulated h200x4
start_docker
docker_image base
docker_image wants-all "" "ENV NVIDIA_VISIBLE_DEVICES=all"
# nodes IMAGE-AND-OPTIONS...: the GPU nodes that a container of docker run may open, on one line
nodes() { docker run --rm --network none "$@" sh -c "$LIST_NODES" | { grep -E '^(nvidia[0-9]|made)' || true; } | sort | tr '\n' ' '; }

case_ "--runtime and NVIDIA_VISIBLE_DEVICES: exactly these GPUs can be opened"
same "$(nodes --runtime outboard -e NVIDIA_VISIBLE_DEVICES=1,3 base)" "nvidia1 allowed nvidia3 allowed "
same "$(nodes --runtime nvidia -e NVIDIA_VISIBLE_DEVICES=all base | wc -w)" 8

case_ "a node of another GPU made inside stays shut"
same "$(docker run --rm --network none --runtime outboard -e NVIDIA_VISIBLE_DEVICES=0 base sh -c "$(make_node one 1); $LIST_NODES" | grep made)" "made-one denied"

case_ "--gpus, without a hook in the container"
same "$(nodes --runtime outboard --gpus all base | wc -w)" 8
same "$(nodes --runtime outboard --gpus device=2 base)" "nvidia2 allowed "
same "$(nodes --runtime outboard --gpus 2 base)" "nvidia0 allowed nvidia1 allowed "

case_ "an image whose ENV says all: -e and --gpus narrow it"
same "$(nodes --runtime outboard wants-all | wc -w)" 8
same "$(nodes --runtime outboard -e NVIDIA_VISIBLE_DEVICES=0 wants-all)" "nvidia0 allowed "
same "$(nodes --runtime outboard --gpus device=1 wants-all)" "nvidia1 allowed "

case_ "no request, no GPU"
same "$(nodes --runtime outboard base)" ""
same "$(nodes wants-all)" ""

case_ "reached as the daemon's default runtime the image's own variable is no request, --gpus is"
same "$(nodes --runtime outboard-default wants-all)" ""
same "$(nodes --runtime outboard-default -e NVIDIA_VISIBLE_DEVICES=0 base)" ""
same "$(nodes --runtime outboard-default --gpus device=1 wants-all)" "nvidia1 allowed "

case_ "--gpus with a runtime that is not ours is refused with what to do"
fails_with 125 "--runtime outboard" docker run --rm --network none --gpus all base true

case_ "libraries: the loader and ldconfig -p find them, also after ldconfig ran inside"
output=$(docker run --rm --network none --runtime outboard --gpus all base sh -c 'LD_PRELOAD=libcuda.so.1:libnvidia-ml.so.1 /bin/true && ldconfig -p | grep -c "libcuda.so.1 " && ldconfig && LD_PRELOAD=libcuda.so.1 /bin/true && echo good' 2>&1)
same "$output" "1
good"

case_ "a stopped container starts again, and a running one can be entered"
docker create --name again --network none --runtime outboard --gpus device=3 base sh -c "$LIST_NODES; sleep \${LONG:-0}" >/dev/null
first=$(docker start -a again)
has "nvidia3 allowed" "$first"
same "$(docker start -a again)" "$first"
docker rm again >/dev/null
docker run -d --name entered --network none --runtime outboard --gpus device=3 base sleep 60 >/dev/null
has "nvidia3 allowed" "$(docker exec entered sh -c "$LIST_NODES")"
docker rm -f entered >/dev/null

case_ "docker update of memory, processors and processes leaves the GPU"
docker run -d --name updated --network none --runtime outboard --gpus device=3 base sleep 60 >/dev/null
first=$(docker exec updated sh -c "$LIST_NODES")
has "nvidia3 allowed" "$first"
docker update --memory 300m --memory-swap 300m --cpu-shares 512 --pids-limit 60 updated >/dev/null
same "$(docker inspect -f '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}' updated)" "314572800 60"
same "$(docker exec updated sh -c "$LIST_NODES")" "$first"
docker rm -f updated >/dev/null

case_ "docker commit of a GPU container holds no empty library files"
docker run --name committed --network none --runtime outboard --gpus all base true
docker commit committed snapshot >/dev/null
same "$(docker run --rm --network none snapshot sh -c 'find / -xdev \( -name "libcuda.so*" -o -name "libnvidia*" \) 2>/dev/null | wc -l')" 0
docker rm committed >/dev/null

case_ "an image with a libcuda of its own in /usr/local/lib gets the host's"
library=$(driver_library libcuda)
docker create --name own base true >/dev/null
docker cp "$library" own:/usr/local/lib/libcuda.so.1
docker commit --change 'CMD ["sh"]' own own-libcuda >/dev/null
docker run --name own2 --network none own-libcuda ldconfig
docker commit own2 own-libcuda >/dev/null
has /usr/local/lib/libcuda "$(docker run --rm --network none own-libcuda ldconfig -p)"
lacks /usr/local/lib/libcuda "$(docker run --rm --network none --runtime outboard --gpus all own-libcuda ldconfig -p)"

case_ "a read-only container works"
has "nvidia0 allowed" "$(docker run --rm --read-only --network none --runtime outboard --gpus all base sh -c "$LIST_NODES")"

case_ "errors reach the person through docker's own output"
fails_with 125 "'9'" docker run --rm --network none --runtime outboard -e NVIDIA_VISIBLE_DEVICES=9 base true
fails_with 125 "choose from: 0 (GPU-" docker run --rm --network none --runtime outboard -e NVIDIA_VISIBLE_DEVICES=9 base true
fails_with 125 "telepathy" docker run --rm --network none --runtime outboard -e NVIDIA_VISIBLE_DEVICES=0 -e NVIDIA_DRIVER_CAPABILITIES=telepathy base true

case_ "outboard run finds the registered runtime"
same "$(with_policy outboard run --engine docker --gpus device=2 --rm --network none base sh -c "$LIST_NODES" | grep -E '^nvidia[0-9]')" "nvidia2 allowed"
has "--runtime=" "$(with_policy outboard run --engine docker --gpus device=2 --dry-run base true)"
code=0
with_policy outboard run --engine docker --gpus all --rm --network none base sh -c 'exit 42' || code=$?
same $code 42
