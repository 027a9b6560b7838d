// SPDX-License-Identifier: Apache-2.0
// What kind of machine this is.
#include "base/text.h"
#include "doctor/tables.h"

namespace outboard::doctor {

namespace {

bool is_tegra(const Facts& facts) {
  return facts.system.tegra_release || facts.system.tegra_model;
}

Findings look_for_gpu(const Facts& facts) {
  size_t count = facts.machine.gpus.size();
  if (count > 0) return ok(cat(count, count == 1 ? " NVIDIA GPU" : " NVIDIA GPUs"));
  if (facts.system.wsl || is_tegra(facts))
    return ok("the GPU of this platform is not on the PCI bus");
  return {found(Severity::kError, "there is no NVIDIA GPU on the PCI bus")};
}

Findings look_at_wsl(const Facts& facts) {
  if (!facts.system.wsl) return ok("not WSL");
  Findings findings = {
      found(Severity::kError,
            facts.system.wsl_gpu
                ? "this is Windows Subsystem for Linux: the GPU is behind /dev/dxg, which Outboard "
                  "does not support yet"
                : "this is Windows Subsystem for Linux without a GPU: there is no /dev/dxg",
            facts.system.wsl_gpu ? ""
                                 : "install NVIDIA's driver in Windows, then 'wsl --update' and "
                                   "'wsl --shutdown' there; WSL 1 has no GPU ('wsl -l -v')")};
  if (facts.system.wsl_gpu && !facts.system.wsl_driver) {
    findings.push_back(found(Severity::kError,
                             "Windows gives no driver libraries: /usr/lib/wsl/lib has no "
                             "libcuda.so.1",
                             "install NVIDIA's driver in Windows, then 'wsl --shutdown' there"));
  }
  if (facts.machine.library_version) {
    Finding finding =
        found(Severity::kError,
              cat("a Linux driver ", printable(*facts.machine.library_version, 40),
                  " is installed inside WSL, which has the driver of Windows"),
              "remove its packages (nvidia-driver-*, cuda-drivers), and install cuda-toolkit "
              "without a driver");
    finding.consequence = "its libcuda comes before that of Windows, and CUDA finds no device";
    findings.push_back(std::move(finding));
  }
  return findings;
}

Findings look_at_jetson(const Facts& facts) {
  if (!is_tegra(facts)) return ok("not a Jetson");
  std::string model = facts.system.tegra_model.value_or("");
  if (facts.system.tegra_release)
    model += cat(model.empty() ? "" : ", ", *facts.system.tegra_release);
  // Boards such as IGX Orin have a discrete GPU beside it.
  bool discrete = !facts.machine.gpus.empty();
  return {found(discrete ? Severity::kNote : Severity::kError,
                cat("this is a Jetson (", printable(model, 120),
                    "), whose integrated GPU Outboard does not support yet",
                    discrete ? "; the discrete ones are" : ""))};
}

}  // namespace

std::vector<Check> platform_checks() {
  return {
      {"wsl",
       "the machine is not WSL",
       "/dev/dxg, the kernel's release, /usr/lib/wsl/lib, a Linux driver beside it",
       "the driver of WSL has no device nodes for each GPU and cannot be divided between "
       "containers",
       "use NVIDIA's container toolkit in WSL",
       {Part::kMachine, Part::kSystem},
       look_at_wsl},
      {"jetson",
       "the machine is not a Jetson",
       "/etc/nv_tegra_release, /proc/device-tree (compatible, model)",
       "the driver of a Jetson has other nodes and libraries than that of a discrete GPU",
       "use NVIDIA's container toolkit on a Jetson",
       {Part::kMachine, Part::kSystem},
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
