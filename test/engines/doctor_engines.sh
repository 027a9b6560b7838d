#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# outboard doctor on engines that run: a real Docker daemon that is healthy, then with each fault put into it; --fix reloads it.
. "$(dirname "$0")/common.sh"
need_root
simulated h200x4
start_docker

# doctor CODE ARGUMENT...: what it prints lands in $out, in one line
doctor() {
  local want=$1 code=0
  shift
  out=$(outboard doctor --no-nvml "$@" 2>&1 </dev/null) || code=$?
  [ "$code" = "$want" ] || fail "exit code $code, not $want, of doctor $*: $out"
  out=$(tr -s ' \n' ' ' <<<"$out")  # lines are broken where they would be long
}
docker_ids="docker docker-kind docker-config docker-runtimes docker-gpus docker-cdi"

case_ "a healthy daemon passes, and is asked within the time"
# shellcheck disable=SC2086  # several words
doctor 0 --verbose --engine docker $docker_ids
has "ok docker: Docker " "$out"
has "docker-runtimes: default 'runc' of " "$out"
has "docker-gpus: $OUTBOARD_STAGE/libexec/outboard/nvidia-container-runtime-hook" "$out"
has "ok docker-cdi: " "$out"

case_ "--engine leaves the other engines' checks out, and names those that it knows"
doctor 0 --engine docker --json
has '"id": "docker-gpus"' "$out"
fails_with 2 "unknown engine 'lxc'" outboard doctor --engine lxc
fails_with 2 "give one of docker" outboard doctor --engine lxc

case_ "a runtime in daemon.json that the daemon has not loaded; --fix makes it load it"
cp "$TEST/docker/daemon.json" "$TEST/docker/before.json"
sed -i 's#"runtimes": {#"runtimes": {"later": {"path": "/usr/sbin/runc"},#' "$TEST/docker/daemon.json"
doctor 3 docker-config
has "has what the running daemon has not loaded: runtime 'later'" "$out"
has "mend sudo kill -HUP " "$out"
doctor 0 --fix --yes docker-config
has "docker-config: mended" "$out"
docker info --format '{{json .Runtimes}}' | grep -q '"later"' || fail "the daemon has not loaded it"

case_ "a registered runtime whose program is gone"
sed -i 's#/usr/sbin/runc#/usr/sbin/gone#' "$TEST/docker/daemon.json"
kill -HUP "${daemons[-1]}"
for _ in $(seq 50); do docker info --format '{{json .Runtimes}}' | grep -q /gone && break; sleep 0.1; done
doctor 3 docker-runtimes
has "the runtime 'later' is '/usr/sbin/gone', which the daemon cannot find" "$out"

case_ "daemon.json that is no JSON"
echo '{"runtimes": {' >"$TEST/docker/daemon.json"
doctor 1 docker-config
has "$TEST/docker/daemon.json" "$out"
cp "$TEST/docker/before.json" "$TEST/docker/daemon.json"

case_ "a stale CDI specification; --fix moves it aside"
mkdir -p "$OUTBOARD_ROOT/etc/cdi"
echo '{"cdiVersion": "0.5.0", "kind": "nvidia.com/gpu", "devices": [{"name": "all", "containerEdits": {"deviceNodes":
  [{"path": "/dev/nvidia0"}, {"path": "/dev/nvidia77"}]}}]}' >"$OUTBOARD_ROOT/etc/cdi/nvidia.json"
doctor 1 cdi-specs
has "names what does not exist: /dev/nvidia77" "$out"
doctor 0 --fix --yes cdi-specs
has "cdi-specs: mended" "$out"
[ -e "$OUTBOARD_ROOT/etc/cdi/nvidia.json.outdated" ] || fail "it was not moved aside"

case_ "CDI as this daemon has it: it knows none, has it switched off, or reads the directory"
echo '{"cdiVersion": "0.5.0", "kind": "nvidia.com/gpu", "devices": [{"name": "all", "containerEdits": {}}]}' >"$OUTBOARD_ROOT/etc/cdi/nvidia.json"
doctor 0 --verbose docker-cdi
case $(docker info --format '{{.ServerVersion}} {{json .CDISpecDirs}}' 2>/dev/null || true) in
  *\[\"*) has "ok docker-cdi: /etc/cdi" "$out" ;;
  2[5-9].*) has "does not use CDI" "$out" ;;
  *) has "knows no CDI; 25.0 is the first that does" "$out" ;;
esac
rm "$OUTBOARD_ROOT/etc/cdi/nvidia.json"

case_ "a daemon that was stopped: its socket is there, nobody answers, and nothing hangs"
kill -STOP "${daemons[-1]}"
doctor 1 docker
has "did not answer within 600 ms" "$out"
kill -CONT "${daemons[-1]}"

case_ "--container: a container of docker with a GPU, from outside"
docker_image image
docker run -d --name job --network none --runtime outboard -e NVIDIA_VISIBLE_DEVICES=0 image sleep 1000 >/dev/null
doctor 0 --verbose --container job
has "ok container-gpu: given by Outboard: nvidiactl, nvidia-uvm, nvidia-uvm-tools, nvidia0; " "$out"
has "ok container-nodes: " "$out"
has "ok container-driver: driver " "$out"
if [ -d /sys/fs/cgroup/devices ]; then
  has "ok container-rules: its cgroup allows every node" "$out"
  case_ "a device rule taken away from it"
  devices=/sys/fs/cgroup/devices$(sed -n "s/^[0-9]*:devices://p" "/proc/$(docker inspect -f '{{.State.Pid}}' job)/cgroup")
  echo "c $(gpu_major):0 rwm" >"$devices/devices.deny"
  doctor 1 --container job
  has "its cgroup does not allow: /dev/nvidia0" "$out"
  has "mend docker restart job" "$out"
else
  has "container-rules: " "$out"
fi

case_ "the driver upgraded while it runs, and a node given another number"
sed -i 's/580\.95\.05/590.44.01/' "$OUTBOARD_ROOT/proc/driver/nvidia/version"
doctor 1 --container job
has "it was started with driver 580.95.05, the kernel module is 590.44.01 now" "$out"
sed -i 's/590\.44\.01/580.95.05/' "$OUTBOARD_ROOT/proc/driver/nvidia/version"
rm "$OUTBOARD_ROOT/dev/nvidia-uvm" && mknod -m 666 "$OUTBOARD_ROOT/dev/nvidia-uvm" c 60 0
doctor 1 --container job
has ", the host's is 60:0 now" "$out"

case_ "one without a GPU, one that is not there, and names that are none"
docker run -d --name plain --network none image sleep 1000 >/dev/null
doctor 1 --container plain
has "it was started without a GPU" "$out"
docker rm -f plain >/dev/null
fails_with 1 "no running container 'plain'" outboard doctor --container plain
docker create --name idle --network none image true >/dev/null
fails_with 1 "does not run" outboard doctor --container idle
fails_with 2 "is no container's name" outboard doctor --container ../x
fails_with 2 "goes with neither --fix nor CHECK" outboard doctor --container job nodes

case_ "from inside: no machine is named there, so the container itself is looked at"
inside() { docker run --rm --network none -v "$OUTBOARD_STAGE:/ob:ro" "$@"; }
out=$(inside image /ob/bin/outboard doctor 2>&1 | tr -s ' \n' ' ') || true
has "seen from inside a container; the host is left out" "$out"
has "this container was given no GPU" "$out"
out=$(inside --runtime outboard -e NVIDIA_VISIBLE_DEVICES=0 image /ob/bin/outboard doctor 2>&1 | tr -s ' \n' ' ') || true
has "'/dev/nvidia0' has no driver behind it (ENXIO)" "$out"
out=$(inside --runtime outboard -e NVIDIA_VISIBLE_DEVICES=0 -e NVIDIA_DRIVER_CAPABILITIES=utility image /ob/bin/outboard doctor 2>&1 |
  tr -s ' \n' ' ') || true
has "no libcuda.so.1 for 64 bit programs" "$out"
docker rm -f job idle >/dev/null
