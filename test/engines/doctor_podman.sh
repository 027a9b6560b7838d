#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# outboard doctor and a real Podman: what it reads from Podman's files is what 'podman info' says, also of an ordinary user; a Podman that
# never answers; containers of Podman, as root and as an ordinary user, and of crun and runc by their id.
# limit: 300
# crun refuses a host with both cgroup versions mounted; there the test takes the second one away for itself.
if [ -z "${OUTBOARD_UNSHARED:-}" ] && [ "$(id -u)" = 0 ] && mountpoint -q /sys/fs/cgroup/unified; then
  OUTBOARD_UNSHARED=1 exec unshare -m --propagation private sh -c 'umount /sys/fs/cgroup/unified && exec "$0"' "$0"
fi
. "$(dirname "$0")/common.sh"
need_root
need podman conmon crun runc
ordinary_user
simulated h200x4
cd "$TEST"
storage() { printf '[storage]\ndriver = "overlay"\ngraphroot = "%s"\nrunroot = "%s"\n' "$1" "$2" >"$3"; }
storage "$TEST/podman/root" "$TEST/podman/run" "$TEST/storage.conf"
storage "$TEST/home/storage" "$TEST/run/storage" "$TEST/user_storage.conf"
export CONTAINERS_STORAGE_CONF=$TEST/storage.conf
user_environment+=("CONTAINERS_STORAGE_CONF=$TEST/user_storage.conf")
version=$(podman version --format '{{.Client.Version}}')
one_line() { tr -s ' \n' ' '; }

# On the machine itself, not on the simulated one: doctor CODE ARGUMENT...; what it prints lands in $out
doctor() {
  local want=$1 code=0
  shift
  out=$(env -u OUTBOARD_ROOT outboard doctor --no-nvml "$@" 2>&1 </dev/null) || code=$?
  [ "$code" = "$want" ] || fail "exit code $code, not $want, of doctor $*: $out"
  out=$(one_line <<<"$out")
}
# agree [COMMAND...]: doctor says what podman info says
info() { "$@" podman info --format '{{.Host.OCIRuntime.Name}} {{.Host.CgroupManager}}' 2>/dev/null; }
agree() {
  local runtime manager
  read -r runtime manager < <(info "$@")
  out=$("$@" env -u OUTBOARD_ROOT outboard doctor --no-nvml --verbose podman 2>&1 </dev/null | one_line)
  has "ok podman: Podman $version at " "$out"
  has "; default '$runtime' of " "$out"
  has ", cgroup manager $manager" "$out"
}
settings() { printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\nnetns = "host"\n[engine]\nevents_logger = "file"\n'; printf '%s\n' "$@"; }

case_ "version, default runtime and cgroup manager are those of podman info"
agree
for runtime in runc crun; do
  settings "runtime = \"$runtime\"" 'cgroup_manager = "cgroupfs"' >"$TEST/containers.conf"
  agree env CONTAINERS_CONF="$TEST/containers.conf"
  has "; default '$runtime' of " "$out"
done
settings 'runtime = "crun"' >"$TEST/last.conf"
[ "${version%%.*}" -lt 5 ] || agree env CONTAINERS_CONF="$TEST/containers.conf" CONTAINERS_CONF_OVERRIDE="$TEST/last.conf"

case_ "an ordinary user's own file"
mkdir -p "$TEST/home/.config/containers/containers.conf.d"
settings 'runtime = "crun"' 'cgroup_manager = "cgroupfs"' >"$TEST/home/.config/containers/containers.conf"
agree as_user
has "; default 'crun' of " "$out"
printf '[engine]\nruntime = "runc"\n' >"$TEST/home/.config/containers/containers.conf.d/50.conf"
agree as_user
has "; default 'runc' of " "$out"

case_ "a runtime that podman does not find either"
for table in "" "[engine.runtimes]
none = [\"$TEST/none\"]"; do
  settings 'runtime = "none"' 'cgroup_manager = "cgroupfs"' "$table" >"$TEST/wrong.conf"
  not env CONTAINERS_CONF="$TEST/wrong.conf" podman info >"$TEST/said" 2>&1
  has 'default OCI runtime "none" not found' "$(cat "$TEST/said")"
  CONTAINERS_CONF=$TEST/wrong.conf doctor 1 podman
  has "error podman: the default runtime " "$out"
done
echo '[engine' >"$TEST/wrong.conf"
CONTAINERS_CONF=$TEST/wrong.conf doctor 1 podman
has "wrong.conf: line 1" "$out"

case_ "a podman that never answers is given up, and the check says so"
mkdir "$TEST/slow"
printf '#!/bin/sh\nsleep 60\n' >"$TEST/slow/podman"
chmod 755 "$TEST/slow/podman"
# shellcheck disable=SC2016  # expanded inside
start=$(date +%s%N)
code=0
out=$(unshare -m --propagation private sh -c 'mount --bind "$0/slow/podman" "$(command -v podman)" && exec env -u OUTBOARD_ROOT outboard doctor --verbose --no-nvml podman podman-cdi' "$TEST" 2>&1) || code=$?
took=$((($(date +%s%N) - start) / 1000000))
same "$code" 0
has "unknown" "$out"
has "did not" "$(one_line <<<"$out")"
[ $took -le 2000 ] || fail "took $took ms"

case_ "--container: a container of Podman"
export CONTAINERS_CONF=$TEST/containers.conf
settings 'runtime = "runc"' 'cgroup_manager = "cgroupfs"' >"$CONTAINERS_CONF"
user_environment+=("CONTAINERS_CONF=$TEST/containers.conf")
"$OUTBOARD_SOURCE/test/make_rootfs" "$TEST/rootfs"
tar -C "$TEST/rootfs" -cf "$TEST/base.tar" .
podman import "$TEST/base.tar" localhost/base >/dev/null 2>&1
as_user podman import "$TEST/base.tar" localhost/base >/dev/null 2>&1
through() { podman --runtime "$RUNTIME" --runtime-flag "outboard-config=$POLICY" "$@"; }
on_machine() { outboard doctor --no-nvml --verbose "$@" 2>&1 </dev/null | one_line || true; }
through run -d --name job$$ -e NVIDIA_VISIBLE_DEVICES=1 localhost/base sleep 1000 >/dev/null
id=$(podman inspect -f '{{.Id}}' job$$)
for name in job$$ "$id"; do
  out=$(on_machine --container "$name")
  has "ok container-gpu: given by Outboard: nvidiactl, nvidia-uvm, nvidia-uvm-tools, nvidia1; " "$out"
  has "ok container-nodes: " "$out"
  has "ok container-driver: driver " "$out"
done
sed -i 's/580\.95\.05/590.44.01/' "$OUTBOARD_ROOT/proc/driver/nvidia/version"
out=$(on_machine --container job$$)
has "error container-driver: it was started with driver 580.95.05, the kernel module is 590.44.01 now" "$out"
has "mend podman restart job$$" "$out"
sed -i 's/590\.44\.01/580.95.05/' "$OUTBOARD_ROOT/proc/driver/nvidia/version"
podman stop -t 0 job$$ >/dev/null 2>&1
fails_with 1 "the podman container 'job$$' does not run" outboard doctor --container job$$
podman rm -f job$$ >/dev/null 2>&1
fails_with 1 "no running container 'job$$'" outboard doctor --container job$$

case_ "--container: a container of an ordinary user, who asks himself"
as_user podman --runtime "$RUNTIME" --runtime-flag "outboard-config=$POLICY" run -d --name mine$$ -e NVIDIA_VISIBLE_DEVICES=2 \
  localhost/base sleep 1000 >/dev/null 2>"$TEST/said" || fail "$(cat "$TEST/said")"
out=$(as_user outboard doctor --no-nvml --container mine$$ 2>&1 </dev/null | one_line || true)
has "ok container-gpu: given by Outboard: " "$out"
has "nvidia2" "$out"
has "ok container-driver: driver " "$out"
as_user podman rm -f -t 0 mine$$ >/dev/null 2>&1

case_ "--container: containers that runc and crun were asked for themselves, by id"
for low in runc crun; do
  bundle "$TEST/plain" "exec sleep 1000" NVIDIA_VISIBLE_DEVICES=0
  printf '%s\n' "driver.root = '$OUTBOARD_ROOT'" "runtime.state-directory = '$TEST/state'" "runtime.low-level = ['$low']" >"$TEST/$low.toml"
  "$RUNTIME" --outboard-config "$TEST/$low.toml" run -d --bundle "$TEST/plain" "plain$$" >"$TEST/said" 2>&1 </dev/null || fail "$(cat "$TEST/said")"
  out=$(on_machine --container "plain$$")
  "$low" delete -f "plain$$"
  has "ok container-gpu: given by Outboard: nvidiactl, nvidia-uvm, nvidia-uvm-tools, nvidia0; " "$out"
  has "ok container-driver: driver " "$out"
  fails_with 1 "no running container 'plain$$'" outboard doctor --container "plain$$"
done
