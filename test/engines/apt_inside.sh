#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Packages are installed inside a GPU container (which runs ldconfig), and the GPUs are still there afterwards. The package
# sources are this machine's own.
# limit: 400
. "$(dirname "$0")/common.sh"
need_root
need dockerd docker runc
simulated h200x4
outboard sim create --profile h200x1 --driver 535.104.05 "$TEST/older-driver" >/dev/null
start_docker
docker_image base --apt
sources=()
for path in /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/trusted.gpg.d /etc/apt/apt.conf.d /etc/apt/keyrings /usr/share/keyrings; do
  [ ! -e "$path" ] || sources+=(-v "$path:$path:ro")
done
for variable in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
  [ -z "${!variable:-}" ] || sources+=(-e "$variable")
done
for path in /etc/resolv.conf /etc/hosts /etc/ssl/certs /usr/local/share/ca-certificates; do
  [ ! -e "$path" ] || sources+=(-v "$path:$path:ro")
done
check='LD_PRELOAD=libcuda.so.1 /bin/true && ldconfig -p | grep -c "libcuda.so.1 "'

case_ "apt-get install of a library in a container of the registered runtime"
output=$(docker run --rm --network host --runtime outboard --gpus all "${sources[@]}" base sh -c "
  apt-get -qq -o Acquire::Retries=3 update 2>&1 | grep -v '^W:'
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends libyajl2 libjansson4 >/tmp/log 2>&1 || cat /tmp/log
  ldconfig -p | grep -c 'libyajl.so.2 '; $check" 2>&1) || fail "$output"
same "$(tail -2 <<<"$output")" "1
1"

case_ "the same in a container of outboard run, the GPUs verified afterwards"
output=$(outboard run --engine docker --gpus device=1 --rm --network host "${sources[@]}" base sh -c "
  apt-get -qq -o Acquire::Retries=3 update 2>&1 | grep -v '^W:'
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends libyajl2 >/tmp/log 2>&1 || cat /tmp/log
  $check; $LIST_NODES" 2>&1) || fail "$output"
has "nvidia1 allowed" "$output"
lacks "nvidia0 allowed" "$output"

# The image's own CUDA libraries under a driver of branch 535.
export OUTBOARD_ROOT=$TEST/older-driver
policy
compat_image() {  # NAME VERSION [first]
  cp -a "$TEST/rootfs--apt" "$TEST/$1"
  compat_libraries "$TEST/$1" "${@:2}"
  tar -C "$TEST/$1" -c . | docker import --change "ENV LD_LIBRARY_PATH=/usr/local/cuda/compat" - "$1" >/dev/null
}
compat_image newer 580.65.06
compat_image older 535.54.03 first
inside="apt-get -qq -o Acquire::Retries=3 update 2>&1 | grep -v '^W:'
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends libyajl2 >/tmp/log 2>&1 || cat /tmp/log
  ldconfig -p | grep -c 'libyajl.so.2 '; $LOADED; unset LD_LIBRARY_PATH; $LOADED"

case_ "what libcuda is loaded stays as it is: the image's where forward compatibility allows it, the host's where the image's is older"
for name in newer older; do
  output=$(docker run --rm --network host --runtime outboard --gpus all "${sources[@]}" $name sh -c "$inside" 2>&1) || fail "$output"
  want="the host"
  [ $name = older ] || want="$COMPAT/libcuda.so.580.65.06 of the image"
  same "$(tail -3 <<<"$output")" "1
$want
$want"
done
