#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A container keeps its GPU where systemd owns its cgroup: through daemon-reload, `runc update` and a restart of the Docker daemon.
# systemd puts its own device rules in force again at each of these, and runc leaves a rule out of systemd's list whose
# /dev/char/MAJOR:MINOR does not exist; the runtime makes the links, and a control shows that without them the device is lost.
# limit: 300
# alone: its systemd and another test's containers would change each other's device rules
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/systemd_world.sh"
need_root
need runc
simulated h200x4
policy "driver.dev-root = '/dev'"

# world_bundle DIR GPUS: a container that waits, in a systemd scope
world_bundle() {
  bundle "$TEST/$1" "sleep 1000" "NVIDIA_VISIBLE_DEVICES=$2"
  sed -i "s#\"cgroupsPath\": \"[^\"]*\"#\"cgroupsPath\": \"system.slice:outboard:$1\"#" "$TEST/$1/config.json"
}
for name in control kept updated alone; do world_bundle $name 0; done
sed -i 's#"cgroupsPath": "[^"]*"#"cgroupsPath": "/outboard-alone"#' "$TEST/alone/config.json"
start_world
systemd() { in_world systemctl "$@"; }
runtime() { in_world "$RUNTIME" --outboard-config "$POLICY" --systemd-cgroup --root "$TEST/runc" "$@"; }
nodes_of() { runtime exec "$1" sh -c "$LIST_NODES" | sort | tr '\n' ' '; }
# the container's standard streams must not be the pipe that this test's output goes into
start() { runtime create --bundle "$TEST/$1" "$1" </dev/null >"$TEST/$1.out" 2>&1 && runtime start "$1"; }
allowed="nvidia-uvm allowed nvidia-uvm-tools allowed nvidia0 allowed nvidiactl allowed "
# doctor CODE CONTAINER: what it says of the container from the world outside it lands in $report, a line for each finding
doctor() {
  local got=0
  in_world "$OUTBOARD_STAGE/bin/outboard" doctor --json --container "$2" >"$TEST/doctor.json" 2>"$TEST/doctor.err" </dev/null || got=$?
  report=$(python3 -c 'import json, sys
for check in json.load(open(sys.argv[1]))["checks"]:
    for finding in check["findings"]:
        print(finding["severity"], check["id"] + ":", finding["what"], "[" + finding["mend"] + "]")' "$TEST/doctor.json") || cat "$TEST/doctor.err"
  [ "$got" = "$1" ] || fail "doctor --container $2 exits with $got, not $1: $report"
}
# all CODE: what plain doctor says of all running containers lands in $report
all() {
  local got=0
  report=$(in_world "$OUTBOARD_STAGE/bin/outboard" doctor --no-nvml --verbose containers 2>&1 </dev/null | tr -s ' \n' ' '; exit "${PIPESTATUS[0]}") || got=$?
  [ "$got" = "$1" ] || fail "doctor containers exits with $got, not $1: $report"
}
denied="nvidia-uvm denied nvidia-uvm-tools denied nvidia0 denied nvidiactl denied "

case_ "cgroup v2, and systemd is what makes the container's cgroup"
same "$(in_world stat -f -c %T /sys/fs/cgroup)" cgroup2fs
same "$(in_world cat /proc/1/comm)" systemd

case_ "control: without the links the device is there at first and gone after a daemon-reload"
in_world mount -t tmpfs -o ro tmpfs /dev/char
start control
same "$(systemd is-active outboard-control.scope)" active
same "$(nodes_of control)" "$allowed"
in_world sh -c 'ln -s "$0" /run/runc && cp "$1" /etc/outboard/config.toml' "$TEST/runc" "$POLICY"
doctor 3 control
has "warning container-rules: systemd's list of devices for outboard-control.scope lacks: " "$report"
has "the next 'systemctl daemon-reload' takes them away [stop the container and start it again; 'sudo outboard doctor --fix char-links'" "$report"
all 3
has "runc container 'control': systemd's list of devices for outboard-control.scope lacks: " "$report"
has "'sudo outboard doctor --container control' looks closer" "$report"
systemd daemon-reload
same "$(nodes_of control)" "$denied"
all 1
has "error containers: runc container 'control': " "$report"
doctor 1 control
has "error container-rules: systemd's list of devices for outboard-control.scope lacks: " "$report"
has "it was put in force by a 'systemctl daemon-reload' since" "$report"
runtime delete -f control
in_world umount /dev/char

case_ "the runtime makes the links of the nodes that the container gets, and of no others"
same "$(in_world ls /dev/char)" ""
start kept
same "$(in_world sh -c 'for l in /dev/char/*; do readlink $l; done' | sort | tr '\n' ' ')" \
  "../nvidia-uvm ../nvidia-uvm-tools ../nvidia0 ../nvidiactl "

doctor 0 kept
has "ok container-rules: systemd's list for outboard-kept.scope has every node" "$report"
all 0
has "ok containers: 1 with a GPU, and they keep it" "$report"

case_ "with them it stays through three daemon-reloads and a daemon-reexec"
for _ in 1 2 3; do
  systemd daemon-reload
  same "$(nodes_of kept)" "$allowed"
done
systemd daemon-reexec
same "$(nodes_of kept)" "$allowed"
doctor 0 kept
has "ok container-rules: systemd's list for outboard-kept.scope has every node" "$report"

case_ "and through runc update, before and after a daemon-reload"
echo '{}' | runtime update --resources - kept
same "$(nodes_of kept)" "$allowed"
systemd daemon-reload
same "$(nodes_of kept)" "$allowed"
runtime delete -f kept

case_ "links made by the program that udev runs serve where the runtime cannot make them"
in_world sh -c 'rm /dev/char/*'
in_world sh -s <"$OUTBOARD_SOURCE/packaging/char-links"
same "$(in_world sh -c 'ls /dev/char | wc -l')" "$(in_world sh -c 'find /dev -type c -name "nvidia*" | wc -l')"
in_world mount -o remount,bind,ro /dev/char 2>/dev/null || in_world sh -c 'mount --bind /dev/char /dev/char && mount -o remount,bind,ro /dev/char'
start updated
systemd daemon-reload
same "$(nodes_of updated)" "$allowed"
runtime delete -f updated
in_world umount /dev/char

case_ "where no systemd owns the cgroup, what it allows is unknown, and doctor says so"
runtime_alone() { in_world "$RUNTIME" --outboard-config "$POLICY" --root "$TEST/runc" "$@"; }
runtime_alone create --bundle "$TEST/alone" alone </dev/null >"$TEST/alone.out" 2>&1
doctor 0 alone
has "unknown container-rules: what a cgroup of version 2 allows is in a program that the kernel does not show" "$report"
runtime_alone delete -f alone

case_ "udev runs it when a module of the driver comes"
if command -v udevadm >/dev/null; then
  # no module of that name here: one that exists plays its part
  in_world sh -c 'mkdir -p /etc/udev/rules.d && cat >/etc/udev/rules.d/60-outboard-char-links.rules' \
    < <(sed 's/nvidia_modeset/nvidia_modeset|kernel/' "$OUTBOARD_SOURCE/packaging/60-outboard-char-links.rules")
  output=$(in_world udevadm test --action=add /sys/module/kernel 2>&1 || true)
  has /usr/libexec/outboard/char-links "$output"
  lacks "Invalid" "$(grep outboard-char-links <<<"$output")"
  lacks /usr/libexec/outboard/char-links "$(in_world udevadm test --action=remove /sys/module/kernel 2>&1 || true)"
fi

case_ "Docker with the systemd driver: through daemon-reload, and a daemon restart with live-restore"
if command -v dockerd >/dev/null && command -v docker >/dev/null; then
  # shellcheck disable=SC2329  # start_docker calls it
  dockerd() { in_world dockerd "$@" || true; }  # it is killed in the end, which is no failure
  start_docker '"live-restore": true, "exec-opts": ["native.cgroupdriver=systemd"]'
  docker_image test
  docker run -d --name gpu --network none --runtime outboard -e NVIDIA_VISIBLE_DEVICES=0 test sleep 1000 >/dev/null
  docker_nodes() { docker exec gpu sh -c "$LIST_NODES" | sort | tr '\n' ' '; }
  same "$(docker_nodes)" "$allowed"
  scope=docker-$(docker inspect -f '{{.Id}}' gpu).scope
  same "$(systemd is-active "$scope")" active
  systemd daemon-reload
  same "$(docker_nodes)" "$allowed"
  all 0
  has "ok containers: 1 with a GPU, and they keep it" "$report"
  doctor 0 gpu
  has "ok container-gpu: given by Outboard: nvidia" "$report"
  has "ok container-rules: systemd's list for $scope has every node" "$report"
  first=$(docker inspect -f '{{.State.Pid}}' gpu)
  in_world sh -c 'kill "$(cat "$0")"' "$TEST/docker/pid"
  for _ in $(seq 100); do [ -e "$TEST/docker/pid" ] || break; sleep 0.1; done
  not docker version >/dev/null 2>&1
  systemd daemon-reload
  start_docker '"live-restore": true, "exec-opts": ["native.cgroupdriver=systemd"]'
  same "$(docker inspect -f '{{.State.Pid}}' gpu)" "$first"
  same "$(docker_nodes)" "$allowed"
  systemd daemon-reload
  same "$(docker_nodes)" "$allowed"
  if in_world grep -qw pids /sys/fs/cgroup/cgroup.controllers; then
    docker update --pids-limit 100 gpu >/dev/null
    systemd daemon-reload
    same "$(docker_nodes)" "$allowed"
  fi
  docker rm -f gpu >/dev/null
fi
