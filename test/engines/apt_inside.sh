#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Packages are installed inside a GPU container (which runs ldconfig), and the GPUs are still there afterwards. The package
# sources are this machine's own.
# limit: 400
. "$(dirname "$0")/common.sh"
need_root
need dockerd docker runc
simulated h200x4
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
