# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the engine tests share: a directory of their own ($TEST), cleaning up, the simulated machine, root file systems,
# OCI bundles made by hand, and what is asked inside a container. A test sources it first; run by test/run, which sets
# OUTBOARD_STAGE (an installed tree), or by hand after `make build`.
set -euo pipefail

OUTBOARD_SOURCE=${OUTBOARD_SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
OUTBOARD_STAGE=${OUTBOARD_STAGE:-$OUTBOARD_SOURCE/build/stage}
PATH=$OUTBOARD_STAGE/bin:$PATH:/usr/local/sbin:/usr/sbin:/sbin
RUNTIME=$OUTBOARD_STAGE/bin/outboard-runtime
TEST=$(mktemp -d "${TMPDIR:-/tmp}/outboard-engine.XXXXXX")
export LC_ALL=C
[ -n "${REAL_GPUS:-}" ] || unset OUTBOARD_ROOT
unset NVIDIA_VISIBLE_DEVICES NVIDIA_DRIVER_CAPABILITIES DOCKER_HOST DOCKER_CONTEXT
# Nothing of this machine's own configuration and caches is read or written.
export XDG_CACHE_HOME=$TEST/cache OUTBOARD_STATE_DIR=$TEST/state
daemons=()
current="before the first case"

on_error() {
  local code=$?
  : >"$TEST/failed"  # also where the line stands in a command substitution, whose exit code the shell does not look at
  echo "failed in '$current', ${BASH_SOURCE[1]##*/}:${BASH_LINENO[0]}: $BASH_COMMAND (exit code $code)" >&2
}
cleanup() {
  local code=$? pid mount
  set +e
  trap - ERR
  [ $code -ne 0 ] || [ ! -e "$TEST/failed" ] || code=1
  if [ -d "$TEST/runc" ]; then
    for id in "$TEST"/runc/*/; do runc --root "$TEST/runc" delete -f "$(basename "$id")"; done >/dev/null 2>&1
  fi
  for pid in "${daemons[@]}"; do kill "$pid" 2>/dev/null; done
  for pid in "${daemons[@]}"; do
    for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -KILL "$pid" 2>/dev/null
  done
  [ -z "${user:-}" ] || remove_user
  awk -v top="$TEST/" 'index($5 "/", top) == 1 { print $5 }' /proc/self/mountinfo | sort -r | while IFS= read -r mount; do
    umount -l "$mount" 2>/dev/null
  done
  rm -rf --one-file-system "$TEST"
  exit $code
}
set -E
trap on_error ERR
trap cleanup EXIT
trap 'exit 143' TERM INT

# A test case: counted by test/run, and named if a line after it fails.
case_() { current=$*; echo "case: $*"; }
skip() { echo "skip: $*"; exit 77; }
fail() { : >"$TEST/failed"; echo "failed in '$current': $*" >&2; exit 1; }
need() { local program; for program; do command -v "$program" >/dev/null || skip "no $program on PATH"; done; }
need_root() { [ "$(id -u)" = 0 ] || skip "needs root"; }

# Runs a command that must fail with exit code 1 or more, but not by a signal or because it does not exist.
not() {
  local code=0
  "$@" || code=$?
  { [ $code -gt 0 ] && [ $code -lt 126 ]; } || fail "exit code $code of: $*"
}
# fails_with CODE TEXT COMMAND...: that exit code, and that text (a fixed string) in what it prints.
fails_with() {
  local want=$1 text=$2 code=0 output
  shift 2
  output=$("$@" 2>&1) || code=$?
  [ "$code" = "$want" ] || fail "exit code $code, not $want, of: $* : $output"
  [[ $output == *"$text"* ]] || fail "no '$text' in the output of: $* : $output"
}
# said COMMAND...: both its outputs, without the line by which every run on a simulated machine begins
said() { "$@" 2>&1 | grep -v '^outboard: simulated machine: no real GPU is in this container$'; }
# has TEXT STRING
has() { [[ $2 == *"$1"* ]] || fail "no '$1' in: $2"; }
lacks() { [[ $2 != *"$1"* ]] || fail "'$1' in: $2"; }
same() { [ "$1" = "$2" ] || fail "'$1' is not '$2'"; }

# simulated PROFILE: makes a simulated machine and lets every program use it: the command line by OUTBOARD_ROOT, the runtime
# (which takes nothing from the environment) by the policy file $POLICY.
POLICY=$TEST/config.toml
# With REAL_GPUS set they use the machine itself (or the one that OUTBOARD_ROOT names) in its place (test/gpu/run), but for MIG.
simulated() {
  if [ -n "${REAL_GPUS:-}" ] && [[ $1 != *mig ]]; then policy; return; fi
  [ -d "$TEST/$1" ] || outboard sim create --profile "$1" "$TEST/$1" >/dev/null
  export OUTBOARD_ROOT=$TEST/$1
  policy
}
# driver_library NAME: the file of that 64-bit library (libcuda) of the driver in use. What is left out goes by the path inside
# its root: the root's own has random letters in it.
driver_library() {
  local file
  file=$(cd "$OUTBOARD_ROOT" && find . -name "$1.so.[0-9]*.*" -type f ! -path '*32*' ! -path '*i386*' | head -1)
  [ -n "$file" ] || fail "no $1 of a driver under '$OUTBOARD_ROOT'"
  echo "${OUTBOARD_ROOT%/}/${file#./}"
}
# ordinary_user: makes the user $user for the test; his home is $TEST/home, his XDG_RUNTIME_DIR $TEST/run.
ordinary_user() {
  need useradd setpriv
  [ "${1:-}" = single ] || need newuidmap
  [ "$(cat /proc/sys/user/max_user_namespaces)" -gt 0 ] || skip "this kernel allows no user namespaces"
  user=outboard-$$
  useradd -M -d "$TEST/home" -s /bin/sh "$user"
  [ "${1:-}" = single ] || grep -q "^$user:" /etc/subuid || fail "useradd gave '$user' no range in /etc/subuid"
  mkdir -p "$TEST/home" "$TEST/run"
  chown "$user" "$TEST/home" "$TEST/run"
  chmod 755 "$TEST"
  chmod 700 "$TEST/run"
  user_environment=("HOME=$TEST/home" "XDG_RUNTIME_DIR=$TEST/run")
}
remove_user() {
  # Podman keeps a process that holds its namespaces.
  find /proc -maxdepth 1 -name '[0-9]*' -user "$user" -printf '%f\n' 2>/dev/null | while read -r pid; do kill "$pid" 2>/dev/null; done
  userdel -f "$user" 2>/dev/null
}
# as_user [VARIABLE=VALUE...] COMMAND...: with the environment of a login and $user_environment
as_user() {
  setpriv --reuid "$user" --regid "$user" --init-groups env -i "PATH=$PATH" ${OUTBOARD_ROOT:+"OUTBOARD_ROOT=$OUTBOARD_ROOT"} \
    "${user_environment[@]}" "$@"
}

# policy [LINE...]: writes $POLICY, further lines at its end
policy() {
  printf '%s\n' ${OUTBOARD_ROOT:+"driver.root = '$OUTBOARD_ROOT'"} "runtime.state-directory = '$TEST/state'" "$@" >"$POLICY"
}

# with_policy COMMAND...: where /etc/outboard/config.toml is $POLICY and no other machine is named, as on a real machine
with_policy() {
  mkdir -p "$TEST/etc.upper/outboard" "$TEST/etc.work"
  cp "$POLICY" "$TEST/etc.upper/outboard/config.toml"
  unshare -m --propagation private env -u OUTBOARD_ROOT sh -c \
    'mount -t overlay -o "lowerdir=/etc,upperdir=$0/etc.upper,workdir=$0/etc.work" overlay /etc && exec "$@"' "$TEST" "$@"
}

# rootfs DIR: a root file system of DIR's own, from the machine's packages, mounted there as an overlay over a copy made once.
rootfs() {
  local lower=$TEST/rootfs${2:-}
  [ -d "$lower" ] || "$OUTBOARD_SOURCE/test/make_rootfs" ${2:+"$2"} "$lower"
  mkdir -p "$1" "$1.upper" "$1.work"
  mount -t overlay -o "lowerdir=$lower,upperdir=$1.upper,workdir=$1.work" overlay "$1"
}

# bundle DIR COMMAND [VARIABLE=VALUE...]: an OCI bundle with a root of its own that runs COMMAND in a shell.
bundle() {
  local directory=$1 command=$2 variable environment='"PATH=/usr/sbin:/usr/bin:/sbin:/bin"'
  shift 2
  command=${command//\\/\\\\}
  command=${command//\"/\\\"}
  for variable; do environment="$environment, \"$variable\""; done
  mkdir -p "$directory"
  [ -d "$directory/rootfs" ] || rootfs "$directory/rootfs"
  cat >"$directory/config.json" <<JSON
{
  "ociVersion": "1.0.2",
  "process": {
    "user": {"uid": 0, "gid": 0},
    "args": ["/bin/sh", "-c", "$command"],
    "env": [$environment],
    "cwd": "/",
    "capabilities": {"bounding": ["CAP_MKNOD", "CAP_KILL"], "effective": ["CAP_MKNOD", "CAP_KILL"], "permitted": ["CAP_MKNOD", "CAP_KILL"]},
    "x-number": 1.50e3,
    "noNewPrivileges": true
  },
  "root": {"path": "rootfs", "readonly": ${READONLY:-false}},
  "hostname": "test",
  "mounts": [
    {"destination": "/proc", "type": "proc", "source": "proc"},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
    {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}
  ],
  "linux": {
    "resources": {"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "access": "m"}]},
    "cgroupsPath": "/outboard-test/$(basename "$TEST")-$(basename "$directory")",
    "namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}, {"type": "network"}]
  }
}
JSON
}

# in_bundle DIR [RUNTIME OPTION...]: runs it through outboard-runtime, in the foreground.
in_bundle() {
  local directory=$1
  shift
  "$RUNTIME" --outboard-config "$POLICY" "$@" --root "$TEST/runc" run --bundle "$directory" "t$$-$RANDOM"
}

# Printed inside a container, one line a node: "nvidia0 allowed" (the rules let it be opened: there is no driver behind a
# simulated node, so ENXIO; on a real one it opens), "nvidia1 denied" (EPERM), or what else the kernel said.
# shellcheck disable=SC2034,SC2016  # used by the tests, expanded inside the container
LIST_NODES='for n in /dev/nvidia* /dev/nvidia-caps/* /tmp/made*; do [ -c $n ] || continue; m=$( { : <$n; } 2>&1 ); case $m in "") m=open;; *such\ device*) m=allowed;; *not\ permitted*) m=denied;; esac; echo ${n##*/} $m; done'
# make_node NAME MINOR: shell text that makes a node of the GPU driver in the container's /tmp, to see that it stays shut
make_node() { echo "mknod /tmp/made-$1 c $(gpu_major) $2"; }
gpu_major() { printf '%d' "0x$(stat -c %t "$OUTBOARD_ROOT/dev/nvidiactl")"; }

# compat_libraries ROOT VERSION [first]: libraries of cuda-compat-13-0 in a root file system, where NVIDIA's images have them: the
# simulated machine's own libcuda with a mark at its end. "first": a file of the image's own in ld.so.conf.d puts them first.
COMPAT=/usr/local/cuda-13.0/compat
compat_libraries() {
  mkdir -p "$1$COMPAT" "$1/etc/alternatives" "$1/etc/ld.so.conf.d"
  { cat "$OUTBOARD_ROOT/usr/lib/$(uname -m)-linux-gnu"/libcuda.so.*.*; echo "the image's own"; } >"$1$COMPAT/libcuda.so.$2"
  ln -s "libcuda.so.$2" "$1$COMPAT/libcuda.so.1"
  ln -s /etc/alternatives/cuda "$1/usr/local/cuda"
  ln -s "${COMPAT%/compat}" "$1/etc/alternatives/cuda"
  [ -n "${3:-}" ] || return 0
  echo "$COMPAT" >"$1/etc/ld.so.conf.d/00-cuda-compat.conf"
  chroot "$1" ldconfig
}
# Printed inside a container: the libcuda.so.1 that is loaded, if it is the image's, else "the host".
# shellcheck disable=SC2034,SC2016  # used by the tests, expanded inside the container
LOADED='f=$(LD_PRELOAD=libcuda.so.1 sed -n "s|.* /|/|; /libcuda/p" /proc/self/maps | sort -u); tail -c 16 $f | grep -q "^the image" && echo "$f of the image" || echo "the host"'

# start_docker [LINE OF daemon.json]: a Docker daemon of the test's own with outboard-runtime registered as "outboard" and
# "nvidia", and as "outboard-default" for the daemon's default (unless PLAIN_DOCKER is set: then nothing is registered). The hook's
# name is on its PATH, which --gpus needs.
start_docker() {
  local options="\"--outboard-config\", \"$POLICY\""
  need dockerd docker
  mkdir -p "$TEST/docker"
  if [ -n "${PLAIN_DOCKER:-}" ]; then
    echo '{}' >"$TEST/docker/daemon.json"
  else
    cat >"$TEST/docker/daemon.json" <<JSON
{
  "runtimes": {
    "outboard": {"path": "$RUNTIME", "runtimeArgs": [$options]},
    "nvidia": {"path": "$RUNTIME", "runtimeArgs": [$options]},
    "outboard-default": {"path": "$RUNTIME", "runtimeArgs": [$options, "--outboard-entry=default"]}
  }${1:+, $1}
}
JSON
  fi
  export DOCKER_HOST=unix://$TEST/docker/socket DOCKER_CONFIG=$TEST/docker/client
  PATH=$OUTBOARD_STAGE/libexec/outboard:$PATH dockerd --config-file "$TEST/docker/daemon.json" --data-root "$TEST/docker/data" \
    --exec-root "$TEST/docker/exec" --pidfile "$TEST/docker/pid" -H "$DOCKER_HOST" --iptables=false --ip6tables=false \
    --bridge=none --ip-forward=false >"$TEST/docker/log" 2>&1 &
  daemons+=($!)
  for _ in $(seq 150); do docker version >/dev/null 2>&1 && return; sleep 0.1; done
  tail -5 "$TEST/docker/log" >&2
  fail "dockerd did not start"
}
# docker_image NAME [OPTION OF make_rootfs] [CHANGE...]: an image of the machine's own packages, with its ld.so.cache.
docker_image() {
  local name=$1 option=${2:-} changes=() change
  shift $(($# > 2 ? 2 : $#))
  for change; do changes+=(--change "$change"); done
  local root=$TEST/rootfs$option
  [ -d "$root" ] || "$OUTBOARD_SOURCE/test/make_rootfs" ${option:+"$option"} "$root"
  tar -C "$root" -c . | docker import "${changes[@]}" - "$name" >/dev/null
}
