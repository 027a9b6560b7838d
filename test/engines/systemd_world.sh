# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A second systemd on this machine, as the first process of its own pid, mount, cgroup and host name namespaces, where cgroup v2 is
# at /sys/fs/cgroup whatever the machine itself has mounted there. It shares /usr and $TEST with the machine; /etc, /run, /dev and
# /var are its own and start empty, so it runs no unit but the ones that a test asks for. Sourced by tests after common.sh.
#
# Nodes of the simulated machine lie in its /dev, because runc and systemd look at no other place for /dev/char links.

start_world() {
  need unshare nsenter pivot_root systemctl
  [ -x /usr/lib/systemd/systemd ] || skip "no systemd on this machine"
  [ -L /bin ] || skip "/bin is not a link into /usr here"
  mkdir "$TEST/world" "$TEST/cgroup"
  cat >"$TEST/world.sh" <<'SCRIPT'
set -eu
test=$1
world=$2
# a cgroup of its own, because systemd moves every process that it finds in its own one
mount -t cgroup2 cgroup2 "$test/cgroup"
mkdir "$test/cgroup/outboard-${test##*.}"
echo $$ >"$test/cgroup/outboard-${test##*.}/cgroup.procs"
exec unshare -C sh -eu "$3" "$test" "$world"
SCRIPT
  cat >"$TEST/world_root.sh" <<'SCRIPT'
test=$1
umount "$test/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$2"
cd "$2"
mkdir -p usr etc/systemd/system etc/outboard var/lib run tmp dev/pts dev/shm dev/char proc sys root old
for link in bin sbin lib lib32 lib64; do [ ! -L /$link ] || ln -s usr/$link $link; done
mount --rbind /usr usr
cp -r /etc/passwd /etc/group /etc/nsswitch.conf /etc/ld.so.cache /etc/os-release /etc/alternatives etc
: >etc/machine-id
printf '[Unit]\nDescription=nothing\nDefaultDependencies=no\n' >etc/systemd/system/nothing.target
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/pts dev/shm dev/char
for node in null zero full random urandom tty; do cp -a /dev/$node dev; done
ln -s /proc/self/fd dev/fd
mount -t devpts devpts dev/pts
mount -t tmpfs tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir -p "./$test" "./$OUTBOARD_STAGE"
mount --rbind "$test" "./$test"
mount --bind "$OUTBOARD_STAGE" "./$OUTBOARD_STAGE"
[ ! -d "$OUTBOARD_ROOT/dev" ] || for node in "$OUTBOARD_ROOT"/dev/nvidia*; do [ ! -c "$node" ] || cp -a "$node" dev; done
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
pivot_root . old
umount -l /old
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=outboard-test \
  /usr/lib/systemd/systemd --system --unit=nothing.target --log-target=console --log-level=warning --show-status=no </dev/null
SCRIPT
  # the first process of a pid namespace takes its namespace with it: nothing of this outlives the test
  OUTBOARD_ROOT=$OUTBOARD_ROOT OUTBOARD_STAGE=$OUTBOARD_STAGE \
    unshare -m -p -u -i -f --propagation private sh -eu "$TEST/world.sh" "$TEST" "$TEST/world" "$TEST/world_root.sh" >"$TEST/world.log" 2>&1 &
  world_parent=$!
  daemons+=("$world_parent")
  # shellcheck disable=SC2154  # assigned in it
  trap 'code=$?; set +e; trap - ERR; stop_world; (exit $code); cleanup' EXIT
  for _ in $(seq 150); do
    world_init=$(pgrep -P "$world_parent" -x systemd) && in_world systemctl is-system-running --quiet >/dev/null 2>&1 && return
    [ -z "$world_init" ] || ! in_world systemctl is-active --quiet nothing.target 2>/dev/null || return 0
    sleep 0.1
  done
  tail -5 "$TEST/world.log" >&2
  fail "systemd did not start in namespaces of its own"
}
world_init=
stop_world() {
  [ -z "$world_init" ] || kill -KILL "$world_init" 2>/dev/null || true
  [ -z "${world_parent:-}" ] || wait "$world_parent" 2>/dev/null || true
  mount -t cgroup2 cgroup2 "$TEST/cgroup" 2>/dev/null || return 0
  find "$TEST/cgroup/outboard-${TEST##*.}" -depth -type d -exec rmdir {} + 2>/dev/null || true
  umount "$TEST/cgroup" || true
}
in_world() {
  nsenter -t "$world_init" -m -p -C -u -i env -u OUTBOARD_ROOT "$@"
}
