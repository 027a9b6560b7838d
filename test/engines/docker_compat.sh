#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Images with CUDA's forward compatibility libraries under Docker, on simulated machines: with an untouched daemon, which shows
# their files through `docker cp` alone, and with the registered runtime.
# limit: 500
. "$(dirname "$0")/common.sh"
need_root
need dockerd docker runc
outboard sim create --profile h200x1 --driver 535.104.05 "$TEST/h200" >/dev/null
outboard sim create --profile rtx4090x2 --driver 535.104.05 "$TEST/rtx" >/dev/null
export OUTBOARD_ROOT=$TEST/h200
policy
PLAIN_DOCKER=1 start_docker
"$OUTBOARD_SOURCE/test/make_rootfs" "$TEST/rootfs"

# compat_root NAME VERSION [first]: a root file system with such libraries
compat_root() {
  cp -a "$TEST/rootfs" "$TEST/$1"
  compat_libraries "$TEST/$1" "${@:2}"
}
# image ROOT NAME [CHANGE...]
image() {
  local changes=() root=$1 name=$2 change
  shift 2
  for change; do changes+=(--change "$change"); done
  tar -C "$TEST/$root" -c . | docker import "${changes[@]}" - "$name" >/dev/null
}
twice="$LOADED; ldconfig; $LOADED"
image_first="$COMPAT/libcuda.so.580.65.06 of the image"
run() { outboard run --engine docker --rm --network none --gpus all "$@"; }

compat_root newer 580.65.06
image newer newer "ENV NVIDIA_REQUIRE_CUDA=cuda>=13.0"
compat_root older 535.54.03 first
image older older "ENV LD_LIBRARY_PATH=/usr/local/cuda/compat:/opt/lib"

case_ "where the matrix allows it the image's libcuda comes first, also after ldconfig ran inside and after a restart"
same "$(said run newer sh -c "$twice")" "$image_first
$image_first"
said outboard run --engine docker --name again --network none --gpus all newer sh -c "$twice" >"$TEST/first"
same "$(docker start -a again)" "$(cat "$TEST/first")"
docker rm again >/dev/null
has "comes before the host's libcuda: the support matrix allows cuda-compat-13-0 on driver branch 535" "$(run --verbose newer true 2>&1)"
same "$(docker ps -aq)" ""

case_ "a read-only container, and another version in the image's LD_LIBRARY_PATH"
same "$(said run --read-only newer sh -c "$LOADED")" "$image_first"
image newer pathed "ENV LD_LIBRARY_PATH=/usr/local/cuda/compat"
same "$(said run pathed sh -c "$twice; env -u LD_LIBRARY_PATH sh -c '$LOADED'")" "$image_first
$image_first
$image_first"

case_ "explain and args decide as run does"
explained=$(outboard explain --gpus all newer)
has "libcuda.so.1                                                   ld.so.cache entry for $COMPAT/libcuda.so.1" "$explained"
has "comes before the host's libcuda" "$explained"
lacks "are mounted over" "$explained"
# shellcheck disable=SC2046  # words on purpose
same "$(docker run --rm --network none $(outboard args --gpus all newer 2>/dev/null) newer sh -c "$LOADED")" "$image_first"
has "comes before the host's libcuda" "$(run --dry-run --verbose newer true 2>&1)"

case_ "refused on a consumer GPU and when it is switched off; forced, it is loaded there"
too_old="this image needs a newer driver: NVIDIA_REQUIRE_CUDA asks for cuda>=13.0, and driver 535.104.05 has CUDA 12.2"
fails_with 125 "$too_old" env OUTBOARD_ROOT="$TEST/rtx" outboard run --engine docker --rm --network none --gpus all newer true
has "it would not be started: $too_old" "$(OUTBOARD_ROOT=$TEST/rtx outboard explain --gpus all newer)"
fails_with 125 "$too_old" run -e OUTBOARD_CUDA_COMPAT=off newer true
same "$(OUTBOARD_ROOT=$TEST/rtx said run -e OUTBOARD_CUDA_COMPAT=force newer sh -c "$twice")" "$image_first
$image_first"
same "$(docker ps -aq)" ""

case_ "not allowed, the libraries cannot be loaded: by LD_LIBRARY_PATH, by the image's cache, after ldconfig"
for machine in rtx h200; do
  for name in older newer; do
    [ $machine$name != h200newer ] || continue
    same "$(OUTBOARD_ROOT=$TEST/$machine said run -e NVIDIA_DISABLE_REQUIRE=1 $name sh -c "$twice; LD_LIBRARY_PATH=/usr/local/cuda/compat; export LD_LIBRARY_PATH; $LOADED")" "the host
the host
the host"
  done
done
has "is not used" "$(outboard explain --gpus all older)"

case_ "a compat directory in the image's LD_LIBRARY_PATH is left out, and said; a person's own stays"
# shellcheck disable=SC2016
same "$(said run older sh -c 'echo $LD_LIBRARY_PATH')" /opt/lib
has "the host's driver wins" "$(run --verbose older true 2>&1)"
has "the host's driver wins" "$(outboard explain --gpus all older)"
has "--env=LD_LIBRARY_PATH=/opt/lib" "$(outboard args --gpus all older 2>/dev/null)"
same "$(said run -e LD_LIBRARY_PATH=/usr/local/cuda/compat older sh -c "echo \$LD_LIBRARY_PATH; $LOADED")" "/usr/local/cuda/compat
the host"
# shellcheck disable=SC2046
same "$(docker run --rm --network none $(outboard args --gpus all older 2>/dev/null) older sh -c "$twice")" "the host
the host"

case_ "the control: an untouched Docker with the driver's files alone loads the image's old libcuda"
same "$(docker run --rm --network none -v "$OUTBOARD_ROOT/usr/lib/x86_64-linux-gnu/libcuda.so.535.104.05:/usr/lib/x86_64-linux-gnu/libcuda.so.1" older sh -c "$twice" | sort -u)" \
  "$COMPAT/libcuda.so.535.54.03 of the image"

case_ "a volume in place of the image's libraries is a person's own: they do not count"
mkdir "$TEST/empty"
fails_with 125 "$too_old" run -v "$TEST/empty:/usr/local/cuda/compat" newer true
fails_with 125 "$too_old" run --mount "type=bind,source=$TEST/empty,target=$COMPAT" newer true

case_ "what a hostile image puts there is not followed, not read to its end, and said"
mkdir -p "$TEST/hostile/usr/local/cuda"
loop() { rm -rf "$TEST/hostile/usr/local/cuda/compat"; "$@"; image hostile "hostile$((++hostiles))" "ENV NVIDIA_REQUIRE_CUDA=cuda>=13.0"; }
hostiles=0
loop ln -s compat "$TEST/hostile/usr/local/cuda/compat"
fails_with 125 "$too_old" run hostile1 true
loop ln -s /../../.. "$TEST/hostile/usr/local/cuda/compat"
fails_with 125 "$too_old" run hostile2 true
loop mkdir "$TEST/hostile/usr/local/cuda/compat"
devices() {
  mkdir "$TEST/hostile/usr/local/cuda/compat"
  mknod "$TEST/hostile/usr/local/cuda/compat/libcuda.so.580.65.06" c 1 5
  mkfifo "$TEST/hostile/usr/local/cuda/compat/libcuda.so.570.65.06"
  ln -s libcuda.so.580.65.06 "$TEST/hostile/usr/local/cuda/compat/libcuda.so.1"
}
loop devices
fails_with 125 "$too_old" run hostile4 true
many() {
  mkdir "$TEST/hostile/usr/local/cuda/compat"
  (cd "$TEST/hostile/usr/local/cuda/compat" && seq 3000 | xargs touch)
}
loop many
fails_with 125 "were not looked at: '/usr/local/cuda/compat' holds more than 2000 files" run hostile5 true
same "$(docker ps -aq)" ""
# A file of 3 GiB that is a hole: docker would send all of it.
huge() { mkdir "$TEST/hostile/usr/local/cuda/compat"; }
loop huge
layer=$(docker image inspect -f '{{.GraphDriver.Data.UpperDir}}' hostile6)
if [ -d "$layer" ]; then
  truncate -s 3G "$layer/usr/local/cuda/compat/libcuda.so.580.65.06"
  fails_with 125 "'/usr/local/cuda/compat' holds too much" run hostile6 true
else
  echo "note: Docker's storage driver is not overlay2 here, a file of 3 GiB was not tried"
fi

case_ "ended while it looks into an image: the container that this takes is gone"
image newer unseen
mkdir "$TEST/slow"
printf '#!/bin/sh\n[ "$1" != cp ] || sleep 3\nexec %s "$@"\n' "$(command -v docker)" >"$TEST/slow/docker"
chmod 0755 "$TEST/slow/docker"
PATH=$TEST/slow:$PATH setsid outboard run --engine docker --rm --network none --gpus all unseen true &
ended=$!
looking() { docker ps -aq --filter label=io.outboard.inspect; }
for _ in $(seq 100); do [ -z "$(looking)" ] || break; sleep 0.1; done
[ -n "$(looking)" ] || fail "no container was made"
kill -TERM -- "-$ended"
code=0
wait "$ended" || code=$?
same "$code" 143
same "$(docker ps -aq)" ""

case_ "the registered runtime: older libraries, the image's own file in ld.so.conf.d, ldconfig inside"
kill "${daemons[0]}"
wait "${daemons[0]}" 2>/dev/null || true
daemons=()
start_docker
for how in "" "-e LD_LIBRARY_PATH="; do
  # shellcheck disable=SC2086  # words on purpose
  same "$(docker run --rm --network none --runtime outboard --gpus all $how older sh -c "$twice")" "the host
the host"
done
