// SPDX-License-Identifier: Apache-2.0
// The driver: installed, built for this kernel, loaded, of one version, and in charge of every GPU.
#include <algorithm>
#include <map>
#include <vector>

#include "base/text.h"
#include "compat/gpu_table.h"
#include "doctor/card_support.h"
#include "doctor/driver_state.h"
#include "doctor/install_driver.h"
#include "doctor/tables.h"

namespace outboard::doctor {

namespace {

bool contains(const std::optional<std::vector<Module>>& modules, std::string_view name) {
  return modules && std::any_of(modules->begin(), modules->end(),
                                [&](const Module& module) { return module.name == name; });
}

// "NVIDIA H200 SXM 141GB (Hopper, compute capability 9.0)"
std::string describe(const Facts& facts, const PciGpu& gpu) {
  std::string text = printable(gpu.name, 80);
  for (const host::GpuFact& fact : facts.machine.gpus) {
    if (fact.pci != gpu.pci || !fact.pci_device) continue;
    auto model = compat::gpu_model(facts.tables(), *fact.pci_device);
    if (!model) continue;
    // A row of the administrator's, for a card that this program does not know.
    if (!compat::gpu_model(*fact.pci_device)) text = cat("NVIDIA ", printable(model->name, 80));
    if (!model->compute_capability.empty())
      text +=
          cat(" (", model->architecture, ", compute capability ", model->compute_capability, ")");
  }
  return text;
}

std::optional<std::string> capability_of(const Facts& facts, const std::string& pci) {
  for (const host::GpuFact& fact : facts.machine.gpus) {
    if (fact.pci != pci || !fact.pci_device) continue;
    auto model = compat::gpu_model(facts.tables(), *fact.pci_device);
    if (model && !model->compute_capability.empty()) return std::string(model->compute_capability);
  }
  return std::nullopt;
}

// Addresses of the cards, by description.
std::map<std::string, std::vector<std::string>> by_model(const Facts& facts) {
  std::map<std::string, std::vector<std::string>> models;
  for (const PciGpu& gpu : facts.pci.gpus) models[describe(facts, gpu)].push_back(gpu.pci);
  return models;
}

Findings look_for_driver(const Facts& facts) {
  if (facts.machine.module_version || facts.machine.library_version)
    return ok(cat("driver ", printable(facts.machine.module_version.value_or(
                                 facts.machine.library_version.value_or("")))));
  if (facts.pci.gpus.empty()) return ok("no GPU that would need one");
  Findings findings;
  for (const auto& [model, addresses] : by_model(facts)) {
    auto capability = capability_of(facts, addresses.front());
    auto runs = capability ? what_runs(facts.tables(), *capability) : std::nullopt;
    auto need = capability ? driver_need(facts.tables(), *capability) : std::nullopt;
    auto branch = branch_to_choose(
        facts.tables(), need ? std::vector{*need} : std::vector<DriverNeed>(), facts.system.month);
    findings.push_back(
        found(Severity::kError,
              cat("no NVIDIA driver is installed for ", model, " at ",
                  printable(join(addresses, ", "), 400), runs ? "; it runs " + *runs : ""),
              how_to_install(facts.system.distribution, need, branch)));
  }
  return findings;
}

Findings look_for_other_drivers(const Facts& facts) {
  Findings findings;
  for (const PciGpu& gpu : facts.pci.gpus) {
    if (!gpu.driver || *gpu.driver == "nvidia") continue;
    std::string driver = printable(*gpu.driver, 40);
    if (*gpu.driver == "vfio-pci") {
      findings.push_back(found(Severity::kWarning,
                               cat(gpu.pci, " is bound to vfio-pci, for a virtual machine"),
                               "take the card's id out of the options of vfio-pci (ids= on the "
                               "kernel command line or in /etc/modprobe.d) to use it here"));
    } else {
      findings.push_back(
          found(Severity::kError, cat("the kernel driver '", driver, "' has ", gpu.pci)));
    }
  }
  if (findings.empty() && contains(facts.kernel.modules, "nouveau"))
    findings.push_back(found(Severity::kWarning, "the module nouveau is loaded, without a GPU"));
  return findings;
}

Findings look_for_built_module(const Facts& facts) {
  if (facts.machine.module_version) return ok("the module is loaded");
  if (!facts.machine.library_version) return ok("no driver is installed");
  if (!facts.kernel.driver_modules) return unknown("the kernel's lib/modules cannot be read");
  if (!facts.kernel.driver_modules->empty())
    return ok(printable(facts.kernel.driver_modules->front()));
  std::string kernel = printable(facts.machine.kernel.value_or("this kernel"), 60);
  return {
      found(Severity::kError, cat("there is no nvidia kernel module for kernel ", kernel),
            cat("'sudo apt install linux-headers-", kernel,
                "' (or kernel-devel), then 'sudo dkms autoinstall'; or boot the kernel that the "
                "module was built for"))};
}

Findings look_for_loaded_module(const Facts& facts) {
  if (facts.machine.module_version)
    return ok(cat("kernel module ", printable(*facts.machine.module_version), " (",
                  facts.machine.module_flavor.value_or("unknown kind"), ")"));
  if (!facts.machine.library_version) return ok("no driver is installed");
  std::vector<Step> steps;
  bool other = std::any_of(facts.pci.gpus.begin(), facts.pci.gpus.end(),
                           [](const PciGpu& gpu) { return gpu.driver.has_value(); });
  bool built = facts.kernel.driver_modules && !facts.kernel.driver_modules->empty();
  if (built && !other && touches_kernel(facts)) steps.push_back({"modprobe", "nvidia"});
  return {found(Severity::kError,
                cat("the driver's libraries ", printable(*facts.machine.library_version),
                    " are installed, its kernel module is not loaded"),
                {}, std::move(steps))};
}

Findings look_for_libraries(const Facts& facts) {
  if (facts.machine.library_version)
    return ok(cat("libraries ", printable(*facts.machine.library_version)));
  if (!facts.machine.module_version) return ok("no driver is installed");
  return {
      found(Severity::kError, cat("the kernel module ", printable(*facts.machine.module_version),
                                  " is loaded, but driver root '",
                                  printable(facts.machine.roots.driver), "' has no libcuda"))};
}

std::string holders(const ProcessFacts& processes) {
  std::string text;
  size_t count = 0;
  for (const Process& process : processes.processes) {
    if (!process.holds_driver) continue;
    if (++count <= 5)
      text += cat(text.empty() ? "" : ", ", printable(process.name, 20), " (", process.pid, ")");
  }
  if (count > 5) text += cat(" and ", count - 5, " more");
  if (text.empty() && !processes.all_descriptors) return "only root can see who uses the module";
  return text.empty() ? "no program uses the module now" : cat("in use by ", text);
}

Findings compare_versions_of_parts(const Facts& facts) {
  const auto& module = facts.machine.module_version;
  const auto& libraries = facts.machine.library_version;
  if (!module || !libraries) return ok("only one of them is there");
  if (*module == *libraries) return ok(cat("both are ", printable(*module)));
  bool module_older = compare_versions(*module, *libraries) < 0;
  std::string what = cat("the kernel module is ", printable(*module), ", the libraries are ",
                         printable(*libraries), "; ", holders(facts.processes));
  return {found(Severity::kError, std::move(what),
                module_older
                    ? "reboot; or stop those programs, then 'sudo rmmod nvidia_uvm nvidia_drm "
                      "nvidia_modeset nvidia && sudo modprobe nvidia'"
                    : "install the libraries of the module's version, or reboot into the module of "
                      "the libraries' version")};
}

Findings look_for_unused_gpus(const Facts& facts) {
  if (!facts.machine.module_version) return ok("the module is not loaded");
  Findings findings;
  for (const host::GpuFact& gpu : facts.machine.gpus) {
    if (gpu.bound && gpu.excluded != true) continue;
    auto on_bus = std::find_if(facts.pci.gpus.begin(), facts.pci.gpus.end(),
                               [&](const PciGpu& other) { return other.pci == gpu.pci; });
    std::string name = on_bus == facts.pci.gpus.end()
                           ? printable(gpu.pci)
                           : cat(describe(facts, *on_bus), " at ", printable(gpu.pci));
    if (gpu.excluded == true) {
      findings.push_back(found(Severity::kNote, cat("the driver was told to leave out ", name),
                               "NVreg_ExcludedGpus in the options of the module"));
    } else if (on_bus == facts.pci.gpus.end() || !on_bus->driver || *on_bus->driver == "nvidia") {
      auto capability = capability_of(facts, gpu.pci);
      auto why = capability
                     ? why_not_driven(facts.tables(), *capability, *facts.machine.module_version,
                                      facts.machine.module_flavor.value_or(""))
                     : std::nullopt;
      findings.push_back(found(Severity::kError,
                               cat("the driver does not use ", name, why ? ": " + *why : ""),
                               why ? "install a driver that knows this card" : ""));
    }
  }
  return findings;
}

Findings look_at_branch(const Facts& facts) {
  const auto& module = facts.machine.module_version;
  if (!module) return ok("the module is not loaded");
  auto ended = branch_ended(facts.tables(), *module, facts.system.month);
  if (!ended) return ok(cat("driver ", printable(*module)));
  std::vector<DriverNeed> needs;
  for (const host::GpuFact& gpu : facts.machine.gpus) {
    auto capability = capability_of(facts, gpu.pci);
    auto need = capability ? driver_need(facts.tables(), *capability) : std::nullopt;
    if (need) needs.push_back(std::move(*need));
  }
  auto choice = branch_to_choose(facts.tables(), needs, facts.system.month);
  std::string branch = module->substr(0, module->find('.'));
  // For cards that no maintained branch drives there is nothing better.
  bool last = choice && compare_versions(*choice, branch) <= 0;
  auto until = choice && !branch_ended(facts.tables(), *choice, facts.system.month)
                   ? branch_end(facts.tables(), *choice)
                   : std::nullopt;
  Finding finding =
      found(Severity::kNote, cat("the branch of driver ", printable(*module), " ", *ended),
            last     ? "no newer branch drives all of this machine's cards"
            : choice ? cat("install branch ", *choice,
                           needs.empty() ? "" : ", which drives this machine's cards",
                           until ? cat(", maintained until ", *until) : "")
                     : "install a driver of a newer branch that still knows your cards");
  finding.consequence = "it gets no more fixes, of security holes neither";
  return {std::move(finding)};
}

Findings look_at_owners(const Facts& facts) {
  if (!facts.root) return ok("of interest to containers that root starts");
  if (facts.own.any_owner) return ok(cat("any-owner is set in ", printable(facts.own.policy_file)));
  for (const host::DriverFile& file : facts.machine.files) {
    if (!file.distrust) continue;
    std::string path =
        facts.machine.roots.driver == "/" ? file.path : facts.machine.roots.driver + file.path;
    return {found(Severity::kError,
                  cat("the driver's file '", printable(path), "' is ", printable(*file.distrust)))};
  }
  return {};
}

}  // namespace

std::vector<Check> driver_checks() {
  return {
      {"driver-installed",
       "every GPU's driver is installed",
       "libcuda and libnvidia-ml in the driver root, /proc/driver/nvidia/version; the card's name "
       "from the PCI ID database",
       "no program can use the GPU, in a container or outside",
       "install the NVIDIA driver from your distribution's packages",
       {Part::kOwn, Part::kMachine, Part::kPci, Part::kSystem},
       look_for_driver},
      {"other-driver",
       "no other kernel driver has a GPU",
       "/sys/bus/pci/devices/*/driver, /proc/modules",
       "the NVIDIA driver gets no GPU that another driver (nouveau, vfio-pci) has",
       "'echo blacklist nouveau | sudo tee /etc/modprobe.d/blacklist-nouveau.conf', 'sudo "
       "update-initramfs -u' (or 'sudo dracut --force'), then reboot",
       {Part::kPci, Part::kKernel},
       look_for_other_drivers},
      {"module-built",
       "the driver's module was built for the running kernel",
       "/lib/modules/RELEASE",
       "after a kernel update without headers the module is missing, and 'modprobe nvidia' says "
       "'Module nvidia not found'",
       "install the headers of the running kernel and build the module again",
       {Part::kMachine, Part::kKernel},
       look_for_built_module},
      {"module-loaded",
       "the driver's module is loaded",
       "/proc/driver/nvidia/version, /proc/modules",
       "nvidia-smi says 'couldn't communicate with the NVIDIA driver', CUDA returns error 100",
       "'sudo modprobe nvidia'; if that fails, 'sudo dmesg | grep -i -e nvrm -e nvidia' says why",
       {Part::kMachine, Part::kKernel, Part::kPci},
       look_for_loaded_module},
      {"driver-libraries",
       "the driver's libraries are there",
       "libcuda and libnvidia-ml in the driver root",
       "there is nothing to give to a container, and outside programs say 'libcuda.so.1: cannot "
       "open "
       "shared object file'",
       "install the libraries of the module's version, or name their place with root under "
       "[driver] "
       "in /etc/outboard/config.toml",
       {Part::kMachine},
       look_for_libraries},
      {"driver-version",
       "module and libraries are of one version",
       "/proc/driver/nvidia/version, the version in the libraries' names, /proc/*/fd",
       "every start fails with 'Driver/library version mismatch' (NVML) or error 803 (CUDA)",
       "reboot",
       {Part::kMachine, Part::kProcesses},
       compare_versions_of_parts},
      {"gpus-used",
       "the driver uses every GPU",
       "/proc/driver/nvidia/gpus against /sys/bus/pci/devices",
       "this GPU is missing in nvidia-smi and in every container",
       "'sudo dmesg | grep NVRM' says why: a card too old or too new for this driver, too little "
       "address space for its memory (BIOS: Above 4G Decoding), or a fault",
       {Part::kOwn, Part::kMachine, Part::kPci},
       look_for_unused_gpus},
      {"driver-branch",
       "the driver's branch is maintained",
       "/proc/driver/nvidia/version, data/driver_branch_max_cuda.csv and compat.d",
       "it gets no more fixes, of security holes neither",
       "install a driver of a newer branch that still knows your cards",
       {Part::kOwn, Part::kMachine, Part::kSystem},
       look_at_branch},
      {"driver-owner",
       "only root can change the driver's files",
       "owner and mode of the driver's files and of the directories above them (as root)",
       "outboard-runtime refuses to put a file into a container that others than root could have "
       "written",
       "give the file and its directories to root (chown root:root, chmod go-w), or set any-owner "
       "under [driver] in /etc/outboard/config.toml",
       {Part::kMachine, Part::kOwn},
       look_at_owners},
  };
}

}  // namespace outboard::doctor
