#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Docker's two ways into a user namespace: a daemon with userns-remap, and a daemon run by an ordinary user (rootless), each
# through the registered runtime and with `outboard run`.
# limit: 300
. "$(dirname "$0")/common.sh"
need_root
need rootlesskit slirp4netns dockerd docker
simulated h200x4
chmod 755 "$TEST"
cd "$TEST"
ASK="$LIST_NODES; mknod /tmp/other c $(gpu_major) 0 2>/dev/null || echo no mknod
LD_PRELOAD=libcuda.so.1 /bin/true && ldconfig -p | grep -c 'libcuda.so.1 ' && ldconfig && LD_PRELOAD=libcuda.so.1 /bin/true && echo good"
answer="nvidia-uvm allowed
nvidia-uvm-tools allowed
nvidia1 allowed
nvidiactl allowed
no mknod
1
good"

case_ "userns-remap: the runtime gives the chosen GPU alone, and libraries"
start_docker '"userns-remap": "default"'
docker_image base
direct() { docker run --rm --network none --runtime outboard "$@"; }
has userns "$(docker info --format '{{.SecurityOptions}}')"
lacks " 4294967295" "$(direct base cat /proc/self/uid_map)"
same "$(direct --gpus device=1 base sh -c "$ASK")" "$answer"
same "$(direct -e NVIDIA_VISIBLE_DEVICES=1 base sh -c "$ASK")" "$answer"
same "$(direct base sh -c "$LIST_NODES")" ""

case_ "userns-remap: ld.so.cache is the container's root's"
same "$(direct --gpus all base stat -c '%u:%g %a' /etc/ld.so.cache)" "0:0 644"
docker_image uncached --no-cache
same "$(direct --gpus all uncached stat -c '%u:%g %a' /etc/ld.so.cache)" "0:0 644"

case_ "userns-remap: device rules hold"
same "$(direct --gpus device=1 -v "$OUTBOARD_ROOT/dev/nvidia0:/dev/nvidia0" base sh -c "$LIST_NODES" | grep -E '^nvidia[0-9]')" "nvidia0 denied
nvidia1 allowed"

case_ "userns-remap: a stopped container starts again"
docker create --name again --network none --runtime outboard -e NVIDIA_VISIBLE_DEVICES=1 base sh -c "$ASK" >/dev/null
same "$(docker start -a again)" "$answer"
same "$(docker start -a again)" "$answer"
docker rm again >/dev/null

case_ "userns-remap: outboard run, the daemon untouched"
same "$(said outboard run --engine docker --gpus device=1 --rm --network none base sh -c "$ASK")" "$answer"
lacks "no device rules" "$(outboard run --verbose --engine docker --gpus device=1 --rm --network none base true 2>&1)"
kill "${daemons[@]}"
wait "${daemons[@]}" || true
daemons=()

case_ "rootless docker: the runtime gives the chosen GPU alone, and libraries"
ordinary_user
mkdir "$TEST/daemon"
chown "$user" "$TEST/daemon"
cp "$TEST/docker/daemon.json" "$TEST/daemon/daemon.json"
sed -i 's/, "userns-remap".*//' "$TEST/daemon/daemon.json"
export DOCKER_HOST=unix://$TEST/daemon/socket
user_environment+=("DOCKER_HOST=$DOCKER_HOST" "DOCKER_CONFIG=$TEST/home/client")
# As Debian's dockerd-rootless.sh, which looks for vpnkit and others first.
# shellcheck disable=SC2016  # expanded by the inner shell
as_user "PATH=$OUTBOARD_STAGE/libexec/outboard:$PATH" rootlesskit --net=slirp4netns --mtu=65520 --disable-host-loopback --copy-up=/etc --copy-up=/run \
  --propagation=rslave --state-dir="$TEST/run/rootlesskit" sh -c 'rm -rf /run/docker /run/containerd /run/xtables.lock; exec "$@"' - \
  dockerd --rootless --config-file "$TEST/daemon/daemon.json" --data-root "$TEST/daemon/data" --exec-root "$TEST/run/docker" \
  --pidfile "$TEST/daemon/pid" -H "$DOCKER_HOST" --iptables=false --ip6tables=false --bridge=none --ip-forward=false \
  --exec-opt native.cgroupdriver=cgroupfs >"$TEST/daemon/log" 2>&1 &
daemons+=($!)
for _ in $(seq 150); do as_user docker version >/dev/null 2>&1 && break; sleep 0.1; done
as_user docker version >/dev/null 2>&1 || { tail -5 "$TEST/daemon/log" >&2; fail "rootless dockerd did not start"; }
tar -C "$TEST/rootfs" -c . | as_user docker import - base >/dev/null
direct() { as_user docker run --rm --network none --runtime outboard "$@"; }
has rootless "$(as_user docker info --format '{{.SecurityOptions}}')"
same "$(direct --gpus device=1 base sh -c "$ASK")" "$answer"
same "$(direct -e NVIDIA_VISIBLE_DEVICES=1 base sh -c "$ASK")" "$answer"
same "$(direct base sh -c "$LIST_NODES")" ""
fails_with 125 "'9'" direct -e NVIDIA_VISIBLE_DEVICES=9 base true

case_ "rootless docker: outboard run, the daemon untouched"
same "$(said as_user outboard run --engine docker --gpus device=1 --rm --network none base sh -c "$ASK")" "$answer"
has "no device rules" "$(as_user outboard run --verbose --engine docker --gpus device=1 --rm --network none base true 2>&1)"
