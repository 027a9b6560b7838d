#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What `outboard doctor --fix` runs outside a machine's directory, on a machine that is not marked as simulated: modprobe of both modules
# (one of the test's own, found where the real one would be, that makes /proc say what a kernel with the module says), and the real
# mount's remount of a real /dev/shm. Each is shown, asked about, run, and makes its check pass; and what does not help is not called
# mended. Mends of files, nodes and links are tested with their checks in src/doctor, the engines' in test/engines/doctor_engines.sh.
set -euo pipefail
PATH=$OUTBOARD_STAGE/bin:$PATH
unset OUTBOARD_ROOT
[ "$(id -u)" = 0 ] || { echo "skip: mounts and device nodes take root"; exit 77; }
if [ "${1:-}" != inside ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  unshare -m --propagation private "$BASH" "$0" inside "$work"
  exit
fi
work=$2
bad=0
say() { echo "$1"; bad=1; }
machine=$work/machine
outboard sim create --profile h200x1 "$machine" >/dev/null
rm "$machine/outboard-sim.json"

# doctor CODE ARGUMENT...: what it prints lands in $work/out
doctor() {
  local code=$1 got=0
  shift
  outboard doctor --root "$machine" --no-nvml "$@" >"$work/out" 2>&1 </dev/null || got=$?
  [ "$got" = "$code" ] || { say "doctor $*: exit code $got, not $code"; sed 's/^/    /' "$work/out"; }
}
finds() { grep -qE -- "$1" "$work/out" || { say "not found: $1"; sed 's/^/    /' "$work/out"; }; }

# The first of the directories in which doctor looks for programs.
mount -t tmpfs -o mode=755 tmpfs /usr/local/sbin
mkdir "$work/kernel"
# modprobe that does BODY
modprobe_does() {
  printf '#!/bin/sh\necho "$*" >>%q\n%s\n' "$work/loaded" "$1" >/usr/local/sbin/modprobe
  chmod 0755 /usr/local/sbin/modprobe
  : >"$work/loaded"
}

echo "case: modprobe nvidia"
release=$(cat "$machine/proc/sys/kernel/osrelease" 2>/dev/null || echo 6.1.0-test)
mkdir -p "$machine/proc/sys/kernel" "$machine/lib/modules/$release/updates/dkms"
echo "$release" >"$machine/proc/sys/kernel/osrelease"
: >"$machine/lib/modules/$release/updates/dkms/nvidia.ko"
unload() { mv "$machine/proc/driver/nvidia" "$work/kernel/nvidia"; }
doctor 0 module-loaded
unload
modprobe_does "[ \"\$*\" = nvidia ] && mv $work/kernel/nvidia $machine/proc/driver/nvidia"
doctor 1 module-loaded
finds '^ +mend +sudo modprobe nvidia$'
[ ! -s "$work/loaded" ] || say "it was run without --fix"
doctor 0 --fix --yes module-loaded
finds '^  modprobe nvidia$'
finds '^module-loaded: mended$'
finds '^nothing wrong found'
[ "$(cat "$work/loaded")" = nvidia ] || say "modprobe was called with '$(cat "$work/loaded")'"

echo "case: a modprobe that fails is told with what it said, one that does nothing is not called mended"
unload
modprobe_does 'echo "modprobe: ERROR: could not insert nvidia: Key was rejected by service" >&2; exit 1'
doctor 1 --fix --yes module-loaded
finds "^outboard: 'modprobe nvidia' failed: modprobe: ERROR: could not insert nvidia: Key was rejected by service$"
finds '^module-loaded: not mended$'
modprobe_does 'exit 0'
doctor 1 --fix --yes module-loaded
finds '^module-loaded: not mended$'

echo "case: no mend is offered where it cannot help: another driver has the GPU, no module for this kernel"
gpu=$(dirname "$(grep -l 0x10de "$machine"/sys/bus/pci/devices/*/vendor)")
ln -s ../../../bus/pci/drivers/vfio-pci "$gpu/driver"
doctor 1 --fix --yes module-loaded
finds '^nothing that --fix can mend$'
rm "$gpu/driver" "$machine/lib/modules/$release/updates/dkms/nvidia.ko"
doctor 1 --fix --yes module-loaded
finds '^nothing that --fix can mend$'
mv "$work/kernel/nvidia" "$machine/proc/driver/nvidia"

echo "case: modprobe nvidia-uvm, and then the nodes that a second look misses"
grep nvidia-uvm "$machine/proc/devices" >"$work/kernel/devices"
sed -i /nvidia-uvm/d "$machine/proc/devices"
rm "$machine"/dev/nvidia-uvm*
modprobe_does "[ \"\$*\" = nvidia-uvm ] && sed -i \"/Character devices/r $work/kernel/devices\" $machine/proc/devices"
doctor 0 --fix --yes nvidia-uvm
finds '^  modprobe nvidia-uvm$'
finds '^  mknod -m 0666 .*/dev/nvidia-uvm c '
finds '^nvidia-uvm: mended$'

echo "case: what only shows once the module is there is mended in the same run"
unload
rm "$machine"/dev/nvidia0
modprobe_does "[ \"\$*\" = nvidia ] && mv $work/kernel/nvidia $machine/proc/driver/nvidia"
: >"$machine/lib/modules/$release/updates/dkms/nvidia.ko"
doctor 0 --fix --yes module-loaded nodes
finds '^module-loaded: mended$'
finds '^nodes: mended$'
[ -c "$machine/dev/nvidia0" ] || say "the node was not made"

echo "case: mount -o remount of /dev/shm"
mkdir -p "$machine/dev/shm"
mount -t tmpfs -o size=64m tmpfs "$machine/dev/shm"
echo kept >"$machine/dev/shm/file"
memory=$(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo)
doctor 3 shared-memory
finds '^warning +shared-memory: /dev/shm has 64 MiB only'
if [ "$memory" -ge 2200000 ]; then
  doctor 0 --fix --yes shared-memory
  finds '^  mount -o remount,size=50% .*/machine/dev/shm$'
  finds '^shared-memory: mended$'
fi
[ "$(cat "$machine/dev/shm/file")" = kept ] || say "what was in it is gone"

echo "case: --fix asks, and runs what is agreed to alone"
# asked ANSWER CHECK: on a terminal
asked() {
  printf '%s\n' "$1" | script -qec "outboard doctor --root '$machine' --no-nvml --fix $2" /dev/null >"$work/out" 2>&1 || true
}
if command -v script >/dev/null; then
  rm "$machine/dev/nvidia0"
  for answer in n '' later; do
    asked "$answer" nodes
    finds '^ +mknod -m 0666 '
    finds 'run this\? \[y/N\]'
    [ ! -e "$machine/dev/nvidia0" ] || say "run although the answer was '$answer'"
  done
  asked y nodes
  [ -c "$machine/dev/nvidia0" ] || say "not run although the answer was y"
  finds 'nodes: mended'
  # two mends of one check: what was refused is not asked about again
  rm "$machine"/dev/nvidia0 "$machine"/dev/nvidiactl
  mknod "$machine/dev/nvidia0" c 60 0
  mknod "$machine/dev/nvidiactl" c 60 0
  printf 'y\nn\n' | script -qec "outboard doctor --root '$machine' --no-nvml --fix node-numbers" /dev/null >"$work/out" 2>&1 || true
  [ "$(grep -c 'run this?' "$work/out")" = 2 ] || say "asked $(grep -c 'run this?' "$work/out") times about two mends"
  finds 'node-numbers: not mended'
fi
exit $bad
