// SPDX-License-Identifier: Apache-2.0
// What kind of machine this is.
#include "base/text.h"
#include "doctor/tables.h"

namespace outboard::doctor {

namespace {

Findings look_for_gpu(const Facts& facts) {
  size_t count = facts.machine.gpus.size();
  if (count > 0) return ok(cat(count, count == 1 ? " NVIDIA GPU" : " NVIDIA GPUs"));
  if (facts.system.wsl || facts.system.tegra_release)
    return ok("the GPU of this platform is not on the PCI bus");
  return {found(Severity::kError, "there is no NVIDIA GPU on the PCI bus")};
}

Findings look_at_wsl(const Facts& facts) {
  if (!facts.system.wsl) return ok("not WSL");
  return {found(Severity::kError,
                "this is Windows Subsystem for Linux: the GPU is behind /dev/dxg, which Outboard "
                "does not support yet")};
}

Findings look_at_jetson(const Facts& facts) {
  if (!facts.system.tegra_release) return ok("not a Jetson");
  return {
      found(Severity::kError, cat("this is a Jetson (", printable(*facts.system.tegra_release, 60),
                                  "), whose integrated GPU Outboard does not support yet"))};
}

}  // namespace

std::vector<Check> platform_checks() {
  return {
      {"wsl",
       "the machine is not WSL",
       "/dev/dxg",
       "the driver of WSL has no device nodes for each GPU and cannot be divided between "
       "containers",
       "use NVIDIA's container toolkit in WSL",
       {Part::kSystem},
       look_at_wsl},
      {"jetson",
       "the machine is not a Jetson",
       "/etc/nv_tegra_release",
       "the driver of a Jetson has other nodes and libraries than that of a discrete GPU",
       "use NVIDIA's container toolkit on a Jetson",
       {Part::kSystem},
       look_at_jetson},
      {"gpu-present",
       "there is an NVIDIA GPU",
       "/sys/bus/pci/devices (vendor 10de, class 0300 or 0302), /proc/driver/nvidia/gpus",
       "containers that ask for a GPU are refused; '--gpus optional' starts them without",
       "see whether 'lspci -d 10de:' lists it; a virtual machine needs its GPU passed through, a "
       "card "
       "that is missing there is not seated, not powered or broken",
       {Part::kMachine, Part::kSystem},
       look_for_gpu},
  };
}

}  // namespace outboard::doctor
