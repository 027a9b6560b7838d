#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The command line's errors as people see them: exit code, the words of the error and of its hint, nothing on standard output, each said
# once. (What the runtime, docker and podman print is tested in test/engines.)
set -euo pipefail
PATH=$OUTBOARD_STAGE/bin:$PATH
unset OUTBOARD_ROOT
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache
bad=0

# expect CODE "TEXT" "HINT" COMMAND...: an empty HINT means that there is none
expect() {
  local code=$1 text=$2 hint=$3 got=0
  shift 3
  "$@" >"$work/out" 2>"$work/err" || got=$?
  grep -v '^outboard: simulated machine: ' "$work/err" >"$work/said" || true
  local problem=
  [ "$got" = "$code" ] || problem="exit code $got, not $code"
  grep -qF -- "$text" "$work/said" || problem="$problem; no '$text'"
  if [ -n "$hint" ]; then grep -qE -- "^  hint: .*$hint" "$work/said" || problem="$problem; no hint with '$hint'"; fi
  [ "$(grep -c '^outboard: ' "$work/said")" = 1 ] || problem="$problem; not exactly one error line"
  [ ! -s "$work/out" ] || problem="$problem; something on standard output"
  ! grep -qE '^outboard: .*\.$' "$work/said" || problem="$problem; ends with a period"
  if [ -n "$problem" ]; then
    echo "$*: ${problem#; }"
    sed 's/^/    /' "$work/err"
    bad=1
  fi
}

echo "case: commands and options"
expect 2 "unknown command 'frobnicate'" "outboard --help" outboard frobnicate
expect 2 "unknown command 'lst'" "did you mean 'list'" outboard lst
expect 2 "unknown option '--jsno'" "did you mean '--json'" outboard list --jsno
expect 2 "list: takes no arguments" "--help" outboard list extra
expect 2 "unknown shell 'tcsh'" "bash" outboard completion tcsh
expect 2 "args: --for 'rkt'" "docker, podman or compose" outboard args --for rkt image
expect 2 "capture: one file at most" "" outboard capture a b
expect 2 "unknown option '--frob'" "--help" outboard verify --frob
expect 2 "doctor: unknown check 'node'" "did you mean 'nodes'" outboard doctor node
expect 2 "doctor: unknown engine 'lxc'" "give one of docker" outboard doctor --engine lxc
expect 2 "doctor: --container goes with neither --fix nor CHECK" "leave those out" outboard doctor --container x nodes
expect 2 "'../x' is no container's name" "docker ps" outboard doctor --container ../x
expect 2 "doctor: --yes belongs to --fix" "add --fix" outboard doctor --yes
expect 2 "doctor: --fix has no JSON output" "leave out --json" outboard doctor --fix --json
expect 1 "machine root '/nonexistent' does not exist" "sim create" outboard doctor --root /nonexistent
expect 1 "the proc root '/nonexistent' does not exist" "--proc-root" outboard doctor --proc-root /nonexistent

echo "case: run: a fault of ours is 125, as docker's"
expect 125 "no image is named" "outboard run .* IMAGE" outboard run
expect 125 "unknown option '--frob'" "--frob=VALUE" outboard run --frob x y
expect 125 "option '-e' needs a value" "" outboard run -e

echo "case: machines and snapshots"
expect 1 "machine root '/nonexistent' does not exist" "sim create" outboard list --root /nonexistent
expect 1 "/nonexistent" "" outboard list --facts /nonexistent
echo '{' >"$work/snapshot"
expect 2 "$work/snapshot: line" "" outboard list --facts "$work/snapshot"
echo '{"facts": {"schema": 1000}}' >"$work/snapshot"
expect 2 "newer than this program" "" outboard list --facts "$work/snapshot"
expect 2 "the form is" "profiles: " outboard sim
expect 1 "no simulated machine is called 'rtx'" "rtx4090x2" outboard sim create --profile rtx "$work/x"
expect 1 "'/etc' is not empty" "does not exist yet" outboard sim create --profile h200x4 /etc

if [ "$(id -u)" = 0 ]; then
  echo "case: names of GPUs"
  outboard sim create --profile a100x8-mig "$work/machine" >/dev/null
  export OUTBOARD_ROOT=$work/machine
  expect 1 "99 GPUs wanted, this machine has 8" "at most 8" outboard explain --gpus 99
  expect 1 "unknown GPU '99', 'GPU-xyz'" "choose from: 0 \(GPU-" outboard explain --gpus device=99,GPU-xyz
  expect 1 "'GPU-' means more than one GPU" "choose from" outboard explain --gpus GPU-
  expect 1 "MIG devices of profile 9g.90gb wanted" "choose from" outboard explain --gpus mig=9g.90gb
  expect 2 "unsupported capabilities found in 'telepathy'" "all" outboard explain --gpus device=0,capabilities=telepathy
  expect 2 "--gpus '': nothing is named" "give 'all'" outboard explain --gpus ''
  expect 1 "the docker daemon does not answer at 'tcp://127.0.0.1:9'" "DOCKER_HOST" env DOCKER_HOST=tcp://127.0.0.1:9 outboard explain --gpus all alpine
  expect 1 "the docker daemon does not answer at 'unix:///no/such'" "systemctl start docker" env DOCKER_HOST=unix:///no/such outboard explain --gpus all alpine

  expect 2 "unknown field '.Foo'" "UUID" outboard list --format '{{.Foo}}'

  echo "case: the built-in engine"
  expect 125 "unknown engine 'lxc'" "docker, podman or builtin" outboard run --gpus none --engine lxc x
  mkdir "$work/image"
  expect 125 "no --memory" "docker" outboard run --engine builtin --memory 5g "rootfs:$work/image" true
  expect 125 "--network='bridge'" "host" outboard run --engine builtin --network bridge "rootfs:$work/image" true
  expect 125 "volume 'relative:/x'" "/SOURCE:/TARGET" outboard run --engine builtin -v relative:/x "rootfs:$work/image" true
  expect 125 "the image has no glibc loader" "glibc" outboard run --engine builtin --gpus all "rootfs:$work/image" true
  expect 125 "oci:/nonexistent" "OCI image layout" outboard run --engine builtin oci:/nonexistent
  expect 125 "docker-archive:/nonexistent" "" outboard run --engine builtin docker-archive:/nonexistent
  expect 125 "oci-archive:/nonexistent" "" outboard run --engine builtin oci-archive:/nonexistent
  expect 125 "only the built-in engine reads rootfs:, oci:, oci-archive: and docker-archive:" "use --engine builtin" outboard run --engine docker oci-archive:x
  expect 125 "image '/nonexistent': No such file" "" outboard run --gpus none /nonexistent
  expect 125 "image '$work/snapshot'" "docker save" outboard run --gpus none "$work/snapshot"
  expect 125 "images in docker ('docker-daemon:') are not read" "name it as docker does: app" outboard run --engine docker --gpus none docker-daemon:app
  expect 125 "images in podman's storage" "name it as podman does: app, with --engine podman" outboard run --engine builtin --gpus none containers-storage:app
  expect 125 "('dir:') are not read" "skopeo copy dir:\./x oci:DIR:TAG" outboard run --engine builtin --gpus none dir:./x
  expect 125 "rootfs:/nonexistent" "" outboard run --engine builtin rootfs:/nonexistent true

  echo "case: drivers"
  mkdir "$work/away"
  mv "$OUTBOARD_ROOT"/dev/nvidia* "$OUTBOARD_ROOT/proc/driver/nvidia" "$work/away"
  expect 1 "the NVIDIA kernel module is not loaded" "modprobe nvidia" outboard explain --gpus all
  rm -r "$work/machine"
  outboard sim create --profile none "$work/machine" >/dev/null
  expect 1 "no NVIDIA driver on this host" "install the driver" outboard explain --gpus all
fi
exit $bad
