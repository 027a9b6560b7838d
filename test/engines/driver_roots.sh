# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Real drivers for tests: packages of Debian 12's non-free section unpacked into a driver root, and a hand-made machine around it.
# The packages are fetched with this machine's own package sources into the test's directory and go away with it. Sourced by tests.

# debian_drivers: prepares fetching, or skips the test
debian_drivers() {
  need apt-get dpkg
  # shellcheck source=/dev/null
  . /etc/os-release
  [ "${VERSION_CODENAME:-}" = bookworm ] || skip "only Debian 12 has these branches (this is ${PRETTY_NAME:-unknown})"
  mkdir -p "$TEST/apt/sources" "$TEST/apt/lists/partial" "$TEST/apt/cache/archives/partial"
  local file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    [ -f "$file" ] || continue
    sed -e 's/^\(Components:.*\)$/\1 non-free/' -e 's/^\(deb .* main\)\( .*\)\?$/\1 non-free/' "$file" >"$TEST/apt/sources/$(basename "$file")"
  done
  apt=(-qq -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$TEST/apt/sources" -o "Dir::State::Lists=$TEST/apt/lists"
    -o "Dir::Cache=$TEST/apt/cache" -o APT::Sandbox::User=root -o Acquire::Retries=3)
  apt-get "${apt[@]}" update 2>"$TEST/apt.log" || skip "package sources cannot be read: $(tail -1 "$TEST/apt.log")"
}

# debian_driver DIR PACKAGE...: unpacks them there; $version is the driver's
debian_driver() {
  local directory=$1 deb library
  shift
  mkdir -p "$directory" "$directory.debs"
  (cd "$directory.debs" && apt-get "${apt[@]}" download "$@") 2>"$TEST/apt.log" || skip "no driver packages: $(tail -1 "$TEST/apt.log")"
  for deb in "$directory.debs"/*.deb; do dpkg -x "$deb" "$directory"; done
  rm -rf "$directory.debs"
  library=$(find "$directory" -name 'libcuda.so.[0-9]*.*' -type f)
  version=${library##*libcuda.so.}
}

# free_major [HIGHER]: a device number that this kernel does not have, the second of them with HIGHER
free_major() {
  local number skip=${1:+1}
  for number in $(seq 240 253); do
    ! grep -q "^ *$number " /proc/devices || continue
    [ -n "$skip" ] || { echo "$number"; return; }
    skip=
  done
  fail "no free device number"
}

# driver_machine DIR VERSION MAJOR UVM: /proc, /sys and /dev of a machine with one GPU, as that driver would show it
driver_machine() {
  local directory=$1 version=$2 major=$3 uvm=$4
  rm -rf "$directory"
  mkdir -p "$directory/proc/driver/nvidia/gpus/0000:65:00.0" "$directory/sys" "$directory/dev"
  cat >"$directory/proc/driver/nvidia/version" <<TEXT
NVRM version: NVIDIA UNIX x86_64 Kernel Module  $version  Sat Nov  1 00:00:00 UTC 2025
GCC version:  gcc version 12.2.0 (Debian 12.2.0-14)
TEXT
  cat >"$directory/proc/driver/nvidia/gpus/0000:65:00.0/information" <<TEXT
Model: 		 NVIDIA H100 PCIe
IRQ:   		 100
GPU UUID: 	 GPU-11111111-2222-3333-4444-555555555555
Video BIOS: 	 96.00.00.00.01
Bus Type: 	 PCIe
DMA Size: 	 47 bits
Bus Location: 	 0000:65:00.0
Device Minor: 	 0
GPU Excluded:	 No
TEXT
  printf 'Character devices:\n  1 mem\n%3d nvidia\n%3d nvidiactl\n%3d nvidia-uvm\n' "$major" "$major" "$uvm" >"$directory/proc/devices"
  mknod -m 666 "$directory/dev/nvidia0" c "$major" 0
  mknod -m 666 "$directory/dev/nvidiactl" c "$major" 255
  mknod -m 666 "$directory/dev/nvidia-uvm" c "$uvm" 0
  mknod -m 666 "$directory/dev/nvidia-uvm-tools" c "$uvm" 1
}
