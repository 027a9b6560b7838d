#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An ordinary user's containers, in a user namespace: rootless Podman through outboard-runtime, on the simulated machine. The user is
# made for the test and removed after it.
# limit: 300
. "$(dirname "$0")/common.sh"
need_root
need podman conmon runc
ordinary_user
simulated h200x4
"$OUTBOARD_SOURCE/test/make_rootfs" "$TEST/rootfs"
cat >"$TEST/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
cat >"$TEST/storage.conf" <<CONF
[storage]
driver = "overlay"
graphroot = "$TEST/home/storage"
runroot = "$TEST/run/storage"
CONF
cd "$TEST"
user_environment+=("CONTAINERS_CONF=$TEST/containers.conf" "CONTAINERS_STORAGE_CONF=$TEST/storage.conf")
# The runtime's state directory is the user's own, or there is none that can be written: both must do.
policy
tar -C "$TEST/rootfs" -cf "$TEST/base.tar" .
as_user podman import "$TEST/base.tar" localhost/base >/dev/null 2>&1
same "$(as_user podman info --format '{{.Host.Security.Rootless}}' 2>/dev/null)" true
through() { as_user podman --runtime "$RUNTIME" --runtime-flag "outboard-config=$POLICY" "$@" 2> >(sed '/not a shared mount/d' >&2); }

case_ "rootless podman: the chosen GPU's node is there, the others' are absent"
same "$(through run --rm -e NVIDIA_VISIBLE_DEVICES=1 localhost/base sh -c "$LIST_NODES" | grep -E '^nvidia[0-9]')" "nvidia1 allowed"
same "$(through run --rm localhost/base sh -c "$LIST_NODES" | grep -cE '^nvidia' || true)" 0

case_ "libraries are found, also after ldconfig ran inside"
same "$(through run --rm -e NVIDIA_VISIBLE_DEVICES=all localhost/base sh -c 'LD_PRELOAD=libcuda.so.1 /bin/true && ldconfig -p | grep -c "libcuda.so.1 " && ldconfig && LD_PRELOAD=libcuda.so.1 /bin/true && echo good')" "1
good"

case_ "a stopped container starts again"
through create --name again -e NVIDIA_VISIBLE_DEVICES=3 localhost/base sh -c "$LIST_NODES" >/dev/null
first=$(through start -a again)
has "nvidia3 allowed" "$first"
same "$(through start -a again)" "$first"
as_user podman rm again >/dev/null 2>&1

case_ "a node that only a group of the host may open: the group is left out, with a note, and the container starts"
chgrp 44 "$OUTBOARD_ROOT/dev/nvidia2"
chmod 660 "$OUTBOARD_ROOT/dev/nvidia2"
: >"$TEST/runtime.log"
chown "$user" "$TEST/runtime.log"
policy "runtime.log = '$TEST/runtime.log'"
same "$(through run --rm -e NVIDIA_VISIBLE_DEVICES=2 localhost/base sh -c "echo ran")" ran
has "no group of the host" "$(cat "$TEST/runtime.log")"
# the state directory is root's: nothing fails, and it is said
has "mount targets will stay" "$(cat "$TEST/runtime.log")"
has "absent" "$(as_user outboard explain --gpus device=1)"
lacks "absent" "$(outboard explain --gpus device=1)"
has "group " "$(outboard explain --gpus device=2)"

case_ "errors reach the person"
fails_with 126 "'9'" through run --rm -e NVIDIA_VISIBLE_DEVICES=9 localhost/base true

case_ "outboard run over rootless podman"
same "$(as_user outboard run --engine podman --gpus device=1 --rm localhost/base sh -c "$LIST_NODES" | grep -E '^nvidia[0-9]')" "nvidia1 allowed"

case_ "the user as himself inside (keep-id), and as nobody else (nomap)"
same "$(through run --rm --userns keep-id -e NVIDIA_VISIBLE_DEVICES=1 localhost/base sh -c "id -u; $LIST_NODES" | grep -E '^[0-9]|^nvidia[0-9]')" "$(id -u "$user")
nvidia1 allowed"
same "$(through run --rm --userns keep-id -e NVIDIA_VISIBLE_DEVICES=1 localhost/base sh -c 'LD_PRELOAD=libcuda.so.1 /bin/true && ldconfig -p | grep -c "libcuda.so.1 "')" 1
if through run --rm --userns nomap localhost/base true 2>/dev/null; then
  same "$(through run --rm --userns nomap -e NVIDIA_VISIBLE_DEVICES=1 localhost/base sh -c "$LIST_NODES" | grep -E '^nvidia[0-9]')" "nvidia1 allowed"
  same "$(through run --rm --userns nomap -e NVIDIA_VISIBLE_DEVICES=1 localhost/base sh -c 'LD_PRELOAD=libcuda.so.1 /bin/true && ldconfig -p | grep -c "libcuda.so.1 "')" 1
else
  echo "note: this Podman has no --userns nomap (4.4)"
fi

case_ "a map of the person's own, of several ranges"
same "$(through run --rm --uidmap 0:1:10 --uidmap 10:0:1 --uidmap 11:11:1000 --gidmap 0:1:10 --gidmap 10:0:1 --gidmap 11:11:1000 \
  -e NVIDIA_VISIBLE_DEVICES=1 localhost/base sh -c "wc -l </proc/self/uid_map; $LIST_NODES; LD_PRELOAD=libcuda.so.1 /bin/true && echo good" | grep -v -E 'ctl|uvm')" "3
nvidia1 allowed
good"

case_ "crun, which refuses hybrid cgroups, and cgroup v2 alone"
# Without hybrid cgroups, in a mount namespace of its own: crun for every container, as the runtime's first choice.
cat >"$TEST/crun.toml" <<CONF
driver.root = '$OUTBOARD_ROOT'
runtime.state-directory = '$TEST/state'
runtime.low-level = ['crun']
CONF
other_cgroups() {  # SHELL TEXT COMMAND...
  local text=$1
  shift
  unshare -m sh -c "$text"' && exec "$@"' - setpriv --reuid "$user" --regid "$user" --init-groups env -i "PATH=$PATH" \
    "OUTBOARD_ROOT=$OUTBOARD_ROOT" "${user_environment[@]}" "$@" 2> >(sed '/not a shared mount/d' >&2)
}
as_user podman system migrate >/dev/null 2>&1 || true
for program in crun runc; do
  for cgroups in 'while umount /sys/fs/cgroup/unified 2>/dev/null; do :; done' 'mount -t cgroup2 none /sys/fs/cgroup'; do
    sed "s/'crun'/'$program'/" "$TEST/crun.toml" >"$TEST/$program.toml.one"
    same "$(other_cgroups "$cgroups" podman --runtime "$RUNTIME" --runtime-flag "outboard-config=$TEST/$program.toml.one" run --rm \
      -e NVIDIA_VISIBLE_DEVICES=1 localhost/base sh -c "$LIST_NODES; LD_PRELOAD=libcuda.so.1 /bin/true && echo good" | grep -v -E 'ctl|uvm')" "nvidia1 allowed
good"
    as_user podman system migrate >/dev/null 2>&1 || true
  done
done
