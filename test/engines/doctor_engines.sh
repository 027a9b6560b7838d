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

case_ "a daemon that was stopped: its socket is there, nobody answers, and nothing hangs"
kill -STOP "${daemons[-1]}"
doctor 1 docker
has "did not answer within 600 ms" "$out"
kill -CONT "${daemons[-1]}"
