#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# outboard run against a Docker daemon that knows nothing of it: no runtime registered, no configuration changed.
# limit: 300
. "$(dirname "$0")/common.sh"
need_root
need dockerd docker runc
simulated h200x4
PLAIN_DOCKER=1 start_docker
docker_image base
docker_image no-cache --no-cache
run() { outboard run --engine docker --rm --network none "$@"; }

case_ "exactly the chosen GPUs can be opened"
same "$(run --gpus device=1 base sh -c "$LIST_NODES" | grep -E '^nvidia[0-9]')" "nvidia1 allowed"
same "$(run --gpus all base sh -c "$LIST_NODES" | grep -cE '^nvidia[0-9] allowed')" 4
same "$(run --gpus none base sh -c "$LIST_NODES" | grep -cE '^nvidia[0-9]' || true)" 0

case_ "libraries: the loader and ldconfig -p find them, also after ldconfig ran inside"
for image in base no-cache; do
  output=$(said run --gpus all "$image" sh -c 'LD_PRELOAD=libcuda.so.1:libnvidia-ml.so.1 /bin/true && ldconfig -p | grep -c "libcuda.so.1 " && ldconfig && LD_PRELOAD=libcuda.so.1 /bin/true && echo good')
  same "$output" "1
good"
done

case_ "what docker run takes is passed on: environment, working directory, user, volumes, entrypoint"
mkdir "$TEST/data"
echo content >"$TEST/data/file"
same "$(run --gpus all -e COLOUR=green -w /tmp -u 1000 -v "$TEST/data:/data:ro" --entrypoint /bin/sh base -c 'echo $COLOUR $PWD $(id -u) $(cat /data/file)')" "green /tmp 1000 content"

case_ "a demand is judged with --env-file and -e NAME, as docker counts them"
printf '# a comment\nNVIDIA_REQUIRE_CUDA=cuda>=13.9\nNVIDIA_DISABLE_REQUIRE\n' >"$TEST/env"
fails_with 125 "this image needs a newer driver" run --gpus all --env-file "$TEST/env" base true
NVIDIA_DISABLE_REQUIRE=true run --gpus all --env-file "$TEST/env" base true
NVIDIA_DISABLE_REQUIRE=true run --gpus all -e NVIDIA_DISABLE_REQUIRE -e "NVIDIA_REQUIRE_CUDA=cuda>=13.9" base true

case_ "exit codes are docker's: the program's own, 125, 126, 127"
for code in 0 7 42; do
  got=0
  run --gpus all base sh -c "exit $code" || got=$?
  same "$got" "$code"
done
fails_with 127 "no-such-program" run --gpus all base no-such-program
fails_with 126 "/etc/passwd" run --gpus all base /etc/passwd
fails_with 125 "" run --gpus all no-such-image:1 true

case_ "standard input and detached containers"
same "$(echo typed | run -i --gpus all base cat)" typed
id=$(outboard run --engine docker -d --name detached --network none --gpus device=0 base sleep 60)
same "$(docker inspect -f '{{.State.Running}}' "$id")" true
docker rm -f detached >/dev/null
same "$(docker ps -aq | wc -l)" 0

case_ "--dry-run prints what would run and runs nothing"
output=$(run --dry-run --gpus device=1 base true)
has "docker" "$output"
has "nvidia1" "$output"
lacks "nvidia2" "$output"

case_ "outboard args gives the same container to people's own docker run"
# shellcheck disable=SC2046  # words on purpose
same "$(docker run --rm --network none $(outboard args --gpus device=3 --for docker base) base sh -c "$LIST_NODES" | grep -E '^nvidia[0-9]')" "nvidia3 allowed"

case_ "an unknown GPU and a daemon on another machine are refused with the reason"
fails_with 125 "'9'" run --gpus device=9 base true
fails_with 125 "tcp://127.0.0.1:9" env DOCKER_HOST=tcp://127.0.0.1:9 outboard run --engine docker --gpus all base true
fails_with 125 "docker daemon" env DOCKER_HOST=tcp://192.0.2.1:2375 outboard run --engine docker --gpus all base true

case_ "--gpus optional: a plain run where there is no GPU, and one line that says so"
OUTBOARD_ROOT=$TEST/none outboard sim create --profile none "$TEST/none" >/dev/null
same "$(OUTBOARD_ROOT=$TEST/none run --gpus optional base echo plain 2>"$TEST/said")" plain
same "$(wc -l <"$TEST/said")" 1
