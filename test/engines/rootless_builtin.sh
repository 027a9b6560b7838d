#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The built-in engine as an ordinary user: a user namespace with many ids or one, an overlay in it or a copy, runc and crun, and
# each version of cgroups.
# limit: 300
. "$(dirname "$0")/common.sh"
need_root
need skopeo umoci script runc strace unshare
ordinary_user
simulated h200x4
"$OUTBOARD_SOURCE/test/make_rootfs" "$TEST/rootfs"
cd "$TEST"
# Without what is said while an image is unpacked.
asked() { said "$@" | grep -v "^outboard: unpacking image "; }
run() { as_user outboard run --engine builtin --rm "$@"; }
# What is asked of every variant: the nodes, the libraries, and that a node cannot be made.
ASK="$LIST_NODES; mknod /tmp/made c $(gpu_major) 0 2>/dev/null || echo no mknod
LD_PRELOAD=libcuda.so.1:libnvidia-ml.so.1 /bin/true && ldconfig -p | grep -c 'libcuda.so.1 ' && ldconfig && LD_PRELOAD=libcuda.so.1 /bin/true && echo good"
answer="nvidia-uvm allowed
nvidia-uvm-tools allowed
nvidia1 allowed
nvidiactl allowed
no mknod
1
good"
image=rootfs:$TEST/rootfs

case_ "the chosen GPU's node is there, the others' are absent, libraries are found"
same "$(asked run --gpus device=1 "$image" sh -c "$ASK")" "$answer"
same "$(run --gpus none "$image" sh -c "$LIST_NODES" 2>/dev/null | grep -cE "^nvidia[0-9]" || true)" 0
same "$(asked run --gpus device=1 --network none "$image" sh -c "$ASK")" "$answer"
has "absent" "$(run --verbose --gpus device=1 "$image" true 2>&1)"

case_ "an image of somebody else's: its directories can be written, and it stays as it was"
before=$(cd "$TEST/rootfs" && find . -printf '%p %u %m %s %T@\n' | sort | sha256sum)
same "$(run --gpus all "$image" sh -c 'echo x >/etc/new && rm /etc/debian_version && mv /etc/new /etc/passwd && ls -dn /root /etc | cut -d" " -f3 && cat /etc/passwd' 2>/dev/null)" "0
0
x"
same "$(cd "$TEST/rootfs" && find . -printf '%p %u %m %s %T@\n' | sort | sha256sum)" "$before"

case_ "an image of the user's own"
cp -a "$TEST/rootfs" "$TEST/own"
chown -R "$user:root" "$TEST/own"
same "$(asked run --gpus device=1 "rootfs:$TEST/own" sh -c "$ASK")" "$answer"
chown -R "$user:$user" "$TEST/own"
same "$(asked run --gpus device=1 "rootfs:$TEST/own" sh -c "$ASK")" "$answer"
same "$(run --gpus all "rootfs:$TEST/own" sh -c 'echo more >>/etc/passwd && tail -1 /etc/passwd' 2>/dev/null)" more
lacks more "$(cat "$TEST/own/etc/passwd")"

case_ "users of the image, volumes, exit codes, a terminal"
mkdir "$TEST/data"
chown "$user" "$TEST/data"
same "$(run --gpus all -u 1000:1000 "$image" sh -c 'echo $(id -u) $(id -g)' 2>/dev/null)" "1000 1000"
run --gpus all -v "$TEST/data:/data" "$image" sh -c 'echo x >/data/file' 2>/dev/null
same "$(stat -c %U "$TEST/data/file")" "$user"
code=0
run --gpus all "$image" sh -c 'exit 42' 2>/dev/null || code=$?
same $code 42
has "/dev/pts" "$(as_user script -qec "outboard run --engine builtin --rm -it --gpus all $image tty" /dev/null)"

case_ "a node that only a group of the host may open: the group is left out, with a note"
chgrp 44 "$OUTBOARD_ROOT/dev/nvidia2"
chmod 660 "$OUTBOARD_ROOT/dev/nvidia2"
output=$(run --verbose --gpus device=2 "$image" sh -c "echo ran; $LIST_NODES" 2>&1)
has "no group of the host" "$output"
has ran "$output"
lacks "nvidia2 allowed" "$output"

case_ "oci: and docker-archive: images keep their owners"
umoci init --layout "$TEST/layout"
umoci new --image "$TEST/layout:latest"
umoci unpack --image "$TEST/layout:latest" "$TEST/unpacked" >/dev/null 2>&1
cp -a "$TEST/rootfs/." "$TEST/unpacked/rootfs/"
touch "$TEST/unpacked/rootfs/file"
chown 33:33 "$TEST/unpacked/rootfs/file"
umoci repack --image "$TEST/layout:latest" "$TEST/unpacked" >/dev/null 2>&1
umoci config --image "$TEST/layout:latest" --config.env COLOUR=blue --config.user nobody
chmod -R a+rX "$TEST/layout"
same "$(run --gpus all "oci:$TEST/layout:latest" sh -c 'echo $COLOUR $(id -un) $(stat -c %u:%g /file)' 2>/dev/null)" "blue nobody 33:33"
same "$(asked run --gpus device=1 -u 0 "oci:$TEST/layout:latest" sh -c "$ASK")" "$answer"
skopeo copy -q "oci:$TEST/layout:latest" "docker-archive:$TEST/archive.tar:test:1"
chmod a+r "$TEST/archive.tar"
same "$(asked run --gpus device=1 -u 0 "docker-archive:$TEST/archive.tar" sh -c "$ASK")" "$answer"

case_ "one id, where there is no newuidmap"
mkdir "$TEST/programs"
for program in skopeo umoci outboard; do ln -s "$(command -v $program)" "$TEST/programs/"; done
single() { as_user "PATH=$TEST/programs" outboard run --engine builtin --rm "$@"; }
has "newuidmap" "$(single --verbose --gpus all "$image" true 2>&1)"
same "$(single --gpus all "$image" sh -c 'cat /proc/self/uid_map | wc -l' 2>/dev/null)" 1
same "$(asked single --gpus device=1 "$image" sh -c "$ASK")" "$answer"
same "$(asked single --gpus device=1 "rootfs:$TEST/own" sh -c "$ASK")" "$answer"
same "$(asked single --gpus device=1 -u 0 "oci:$TEST/layout:latest" sh -c "$ASK")" "$answer"
fails_with 125 "none of the ids that you can use" single --gpus all "oci:$TEST/layout:latest" true
fails_with 125 "usermod --add-subuids" single --gpus all -u 1000 "$image" true

case_ "the kernel refuses the overlay: the image is copied"
as_user true
refused() { strace -qq -o "$TEST/trace" -e trace=mount -e inject=mount:error=EPERM:when=2..3 setpriv --reuid "$user" --regid "$user" --init-groups \
  env -i "PATH=$PATH" "OUTBOARD_ROOT=$OUTBOARD_ROOT" "${user_environment[@]}" outboard run --engine builtin --rm "$@"; }
same "$(asked refused --gpus device=1 "$image" sh -c "$ASK")" "$answer"
grep -q 'overlay.*INJECTED' "$TEST/trace"
has "the image is copied" "$(refused --verbose --gpus device=1 "rootfs:$TEST/own" sh -c 'echo more >>/etc/passwd' 2>&1)"
lacks more "$(cat "$TEST/own/etc/passwd")"

case_ "no user namespace: what to do is said"
denied() { strace -qq -o /dev/null -e inject=unshare:error=EPERM:when="$1" setpriv --reuid "$user" --regid "$user" --init-groups \
  env -i "PATH=$PATH" "OUTBOARD_ROOT=$OUTBOARD_ROOT" "${user_environment[@]}" outboard run --engine builtin --rm --gpus all "$image" true; }
fails_with 125 "make a user namespace" denied 1
fails_with 125 "user.max_user_namespaces" denied 1
fails_with 125 "apparmor_restrict_unprivileged_userns" denied 2

case_ "crun, which refuses hybrid cgroups"
if command -v crun >/dev/null; then
  with_crun() { unshare -m sh -c 'while umount /sys/fs/cgroup/unified 2>/dev/null; do :; done; exec "$@"' - "$@"; }
  output=$(with_crun setpriv --reuid "$user" --regid "$user" --init-groups env -i "PATH=$PATH" "OUTBOARD_ROOT=$OUTBOARD_ROOT" \
    "${user_environment[@]}" outboard run --engine builtin --rm --verbose --gpus device=1 "$image" sh -c "$ASK" 2>"$TEST/errors")
  has "/crun'" "$(cat "$TEST/errors")"
  same "$output" "$answer"
fi

case_ "cgroup v2 alone"
output=$(unshare -m sh -c 'mount -t cgroup2 none /sys/fs/cgroup && exec "$@"' - setpriv --reuid "$user" --regid "$user" --init-groups \
  env -i "PATH=$PATH" "OUTBOARD_ROOT=$OUTBOARD_ROOT" "${user_environment[@]}" outboard run --engine builtin --rm --gpus device=1 "$image" sh -c "$ASK" \
  2>/dev/null)
same "$output" "$answer"

case_ "a name: what was written stays, and how to remove it is said"
as_user outboard run --engine builtin --name kept --gpus all "$image" sh -c 'echo x >/etc/kept' 2>/dev/null
kept=$TEST/home/.local/share/outboard/containers/kept
same "$(cat "$kept/upper/etc/kept")" x
output=$(as_user outboard run --engine builtin --name kept --gpus all "$image" true 2>&1 || true)
has "unshare --map-auto --map-root-user rm -r $kept" "$output"
as_user unshare --map-auto --map-root-user rm -r "$kept"
as_user outboard run --engine builtin --name kept --rm --gpus all "$image" true 2>/dev/null

case_ "a container whose supervisor was killed is swept by the next"
: >"$TEST/orphan.out"
{ as_user outboard run --engine builtin --rm --name orphan --gpus all "$image" sh -c 'echo ready; exec sleep 300' >"$TEST/orphan.out" 2>/dev/null || true; } &
for _ in $(seq 100); do grep -q ready "$TEST/orphan.out" && break; sleep 0.1; done
kill -KILL "$(pgrep -u "$user" -x outboard)"
wait $!
for _ in $(seq 50); do pgrep -u "$user" runc >/dev/null || break; pkill -KILL -u "$user" runc || true; sleep 0.1; done
run --gpus all "$image" true 2>/dev/null
same "$(pgrep -u "$user" -f '^sleep 300' || true)" ""
[ ! -e "$TEST/home/.local/share/outboard/containers/orphan" ]

case_ "the state directory is the user's alone"
[ -d "$TEST/run/outboard/runtime" ]
user_environment=("HOME=$TEST/home")
id=$(id -u "$user")
[ ! -e "/run/user/$id" ] || skip "/run/user/$id is there"
mkdir "/tmp/outboard-$id"
chmod 777 "/tmp/outboard-$id"
fails_with 125 "belongs to you alone" run --gpus all "$image" true
rmdir "/tmp/outboard-$id/runtime" 2>/dev/null || true
rmdir "/tmp/outboard-$id"
ln -s "$TEST/run" "/tmp/outboard-$id"
fails_with 125 "belongs to you alone" run --gpus all "$image" true
rm "/tmp/outboard-$id"
run --gpus all "$image" true 2>/dev/null
same "$(stat -c '%U %F' "/tmp/outboard-$id/runtime")" "$user directory"
rm -r "/tmp/outboard-$id"
same "$(find "$TEST/home/.local/share/outboard/containers" -mindepth 1 ! -name .lock)" ""
