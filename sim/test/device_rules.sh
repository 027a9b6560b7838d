#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The simulated libraries in real runc containers whose config.json is written here by hand: which devices they see is what
# the device rules allow, no matter which nodes are there. Nothing of outboard but the machine and the probe takes part.
# OUTBOARD_OLD_ROOT names a root file system with an old glibc (Ubuntu 16.04 or CentOS 7, say) that is tried as well.
# limit: 300
. "$(dirname "$0")/../../test/engines/common.sh"
need_root
need runc
PROBE=$OUTBOARD_STAGE/libexec/outboard/outboard-probe

# number NODE: "MAJOR MINOR" of a node of the machine
number() { printf '%d %d' "0x$(stat -c %t "$OUTBOARD_ROOT/dev/$1")" "0x$(stat -c %T "$OUTBOARD_ROOT/dev/$1")"; }
library_directory() {  # where the loader of the root "$1" looks
  if [ -d "$1/usr/lib/x86_64-linux-gnu" ]; then echo /usr/lib/x86_64-linux-gnu; else echo /usr/lib64; fi
}

# container NAME ROOT "NODES THAT ARE THERE" "NODES THAT ARE ALLOWED" PROBE-OPTION...: runs the probe; its document is in $document.
container() {
  local name=$1 root=$2 nodes=$3 allowed=$4 node major minor library word directory=$TEST/$1
  local devices="" rules="" mounts="" arguments='"/probe"'
  shift 4
  for node in $nodes; do
    read -r major minor <<<"$(number "$node")"
    devices="$devices${devices:+, }{\"path\": \"/dev/$node\", \"type\": \"c\", \"major\": $major, \"minor\": $minor, \"fileMode\": 438}"
  done
  for node in $allowed; do
    read -r major minor <<<"$(number "$node")"
    rules="$rules, {\"allow\": true, \"type\": \"c\", \"major\": $major, \"minor\": $minor, \"access\": \"rw\"}"
  done
  for library in libcuda.so.1 libnvidia-ml.so.1; do
    mounts="$mounts, $(bind "$OUTBOARD_ROOT/usr/lib/x86_64-linux-gnu/$library" "$(library_directory "$root")/$library")"
  done
  for word; do arguments="$arguments, \"$word\""; done
  mkdir -p "$directory"
  cat >"$directory/config.json" <<JSON
{
  "ociVersion": "1.0.2",
  "process": {"user": {"uid": 0, "gid": 0}, "args": [$arguments], "env": ["PATH=/usr/bin"], "cwd": "/", "noNewPrivileges": true},
  "root": {"path": "$root"},
  "mounts": [
    {"destination": "/proc", "type": "proc", "source": "proc"},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=65536k"]},
    $(bind "$PROBE" /probe)$mounts
  ],
  "linux": {
    "devices": [$devices],
    "resources": {"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "access": "m"}$rules]},
    "cgroupsPath": "/outboard-test/$(basename "$TEST")-$name",
    "namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}, {"type": "network"}]
  }
}
JSON
  status=0
  document=$(runc --root "$TEST/runc" run --bundle "$directory" "t$$-$name") || status=$?
}
bind() { echo "{\"destination\": \"$2\", \"source\": \"$1\", \"type\": \"bind\", \"options\": [\"bind\", \"ro\"]}"; }
# The document is one line with its members in a fixed order: part FIRST NEXT is what stands between two of them.
part() { sed "s/.*\"$1\"://; s/,\"$2\":.*//" <<<"$document"; }
cuda_devices() { part devices_cuda kernel; }
nvml_devices() { part devices_nvml cuda; }
# texts MEMBER: the texts of all members of that name on stdin, on one line
texts() { { grep -o "\"$1\":\"[^\"]*\"" || true; } | cut -d'"' -f4 | paste -sd' '; }
opened() { part nodes nodes_cut | grep -o '"path":"/dev/nvidia[0-9]*","open":"[A-Za-z]*"' | cut -d'"' -f4,8 | sed 's#/dev/##; s/"/=/' | paste -sd' '; }

rootfs "$TEST/root"
try_root() {  # ROOT WHAT
  local root=$1 everything="nvidiactl nvidia-uvm nvidia0 nvidia1 nvidia2 nvidia3"
  simulated h200x4
  case_ "$2: of four nodes the rules allow two: these two are seen"
  container two "$root" "$everything" "nvidiactl nvidia-uvm nvidia0 nvidia2" --expect-devices 2
  same "$status" 0
  same "$(part simulated driver_version)" true
  same "$(cuda_devices | texts pci)" "0000:18:00.0 0000:3a:00.0"
  same "$(nvml_devices | texts pci)" "0000:18:00.0 0000:3a:00.0"
  same "$(part kernel nodes | texts result)" "not run (simulated) not run (simulated)"
  same "$(opened)" "nvidia0=ENXIO nvidia1=EPERM nvidia2=ENXIO nvidia3=EPERM"

  case_ "$2: more devices than were asked for is a failure, and so is a kernel that was required"
  container more "$root" "$everything" "$everything" --expect-devices 2 --require-kernel
  same "$status" 1
  has "CUDA sees 4 devices, not 2" "$(part problems end)"
  has "CUDA device 3: kernel not run (simulated)" "$(part problems end)"

  case_ "$2: nodes that are not there and a forbidden nvidia-uvm or nvidiactl are told apart"
  container no_uvm "$root" "$everything" "nvidiactl nvidia0"
  same "$(part cuda devices_cuda | texts error)" "cuInit: CUDA_ERROR_UNKNOWN"
  same "$(nvml_devices | texts pci)" 0000:18:00.0
  container no_control "$root" "$everything" "nvidia-uvm nvidia0"
  same "$(part nvml devices_nvml | texts error)" "nvmlInit: Unknown Error (999)"
  same "$(part cuda devices_cuda | texts error)" "cuInit: CUDA_ERROR_NO_DEVICE"
  container bare "$root" "" "" --expect-devices 0
  same "$status" 0
  same "$(part nvml devices_nvml | texts error)" "nvmlInit: Driver Not Loaded (9)"

  simulated a100x8-mig
  case_ "$2: a MIG device needs its GPU's node and both its capabilities"
  # The GPU at index 1 has minor 3; its GPU instance 3 has the capability minor 3 + 3 * 135 + 3 * 9 = 435.
  container mig "$root" "nvidiactl nvidia-uvm nvidia3 nvidia-caps/nvidia-cap435 nvidia-caps/nvidia-cap436" \
    "nvidiactl nvidia-uvm nvidia3 nvidia-caps/nvidia-cap435 nvidia-caps/nvidia-cap436" --expect-devices 1
  same "$status" 0
  same "$(nvml_devices | texts name)" \
    "NVIDIA A100-SXM4-80GB (simulated) NVIDIA A100-SXM4-80GB (simulated) MIG 2g.20gb"
  same "$(cuda_devices | texts uuid)" "$(nvml_devices | texts uuid | cut -d" " -f2)"
  container half "$root" "nvidiactl nvidia-uvm nvidia3 nvidia-caps/nvidia-cap435 nvidia-caps/nvidia-cap436" \
    "nvidiactl nvidia-uvm nvidia3 nvidia-caps/nvidia-cap435"
  same "$status" 1
  lacks MIG- "$(nvml_devices)"
}
try_root "$TEST/root" "this machine's glibc"
if [ -n "${OUTBOARD_OLD_ROOT:-}" ]; then
  mkdir -p "$TEST/old" "$TEST/old.upper" "$TEST/old.work"
  mount -t overlay -o "lowerdir=$OUTBOARD_OLD_ROOT,upperdir=$TEST/old.upper,workdir=$TEST/old.work" overlay "$TEST/old"
  try_root "$TEST/old" "$(basename "$OUTBOARD_OLD_ROOT")"
else
  echo "note: no image with an old glibc was tried (OUTBOARD_OLD_ROOT is not set)"
fi
