// SPDX-License-Identifier: Apache-2.0
// What the driver needs beside itself: daemons, the loader's cache, MIG instances, IMEX channels.
#include <algorithm>

#include "base/text.h"
#include "doctor/driver_state.h"
#include "doctor/tables.h"

namespace outboard::doctor {

namespace {

// /proc/PID/comm holds 15 characters.
bool runs(const Facts& facts, std::string_view program) {
  return std::any_of(facts.processes.processes.begin(), facts.processes.processes.end(),
                     [&](const Process& process) { return process.name == program.substr(0, 15); });
}

Findings look_for_persistence(const Facts& facts) {
  if (!facts.machine.module_version) return ok("the module is not loaded");
  if (facts.system.persistence_socket || runs(facts, "nvidia-persistenced"))
    return ok("nvidia-persistenced runs");
  if (facts.nvml.answer && !facts.nvml.answer->gpus.empty() &&
      std::all_of(
          facts.nvml.answer->gpus.begin(), facts.nvml.answer->gpus.end(),
          [](const host::NvmlGpu& gpu) { return gpu.health && gpu.health->persistence == true; }))
    return ok("persistence mode is on for every GPU");
  Finding finding = found(Severity::kNote, "nvidia-persistenced does not run",
                          "'sudo systemctl enable --now nvidia-persistenced' (package "
                          "nvidia-persistenced)");
  finding.consequence =
      "a GPU that nobody uses is shut down: the next program waits a second or more for each GPU, "
      "and settings such as power limits are lost";
  return {std::move(finding)};
}

Findings look_for_fabric_manager(const Facts& facts) {
  bool node = node_at(facts.machine, "/dev/nvidia-nvswitchctl") != nullptr;
  if (facts.pci.nvswitches == 0 && !node) return ok("no NVSwitch");
  if (!facts.machine.module_version) return ok("the module is not loaded");
  if (facts.system.fabric_socket || runs(facts, "nv-fabricmanager")) return ok("it runs");
  std::string version = printable(*facts.machine.module_version);
  return {
      found(Severity::kError, "the GPUs hang on NVSwitches, and the fabric manager does not run",
            cat("'sudo systemctl enable --now nvidia-fabricmanager' (of version ", version, ")"))};
}

Findings look_at_loader_cache(const Facts& facts) {
  if (!facts.machine.library_version) return ok("no driver is installed");
  const std::string& root = facts.machine.roots.driver;
  if (facts.system.cache_error && !facts.system.cached_libcuda && !facts.system.has_ldconfig)
    return ok("this system has no ldconfig");
  const auto& module = facts.machine.module_version;
  if (facts.system.cached_libcuda && !facts.system.cached_libcuda->empty() && module &&
      facts.system.cached_version && *facts.system.cached_version != *module &&
      // One cause, one finding: driver-version says that these libraries are not the module's.
      *facts.system.cached_version != *facts.machine.library_version) {
    return {
        found(Severity::kWarning,
              cat("ld.so.cache leads to ", printable(facts.system.cached_libcuda->front()),
                  " of driver ", printable(*facts.system.cached_version, 40),
                  ", the kernel module is ", printable(*module, 40)),
              "'sudo ldconfig'; if it stays so, take that directory (an older driver, cuda-compat) "
              "out of /etc/ld.so.conf.d")};
  }
  if (facts.system.cached_libcuda && !facts.system.cached_libcuda->empty())
    return ok(cat("libcuda.so.1 is ", printable(facts.system.cached_libcuda->front())));
  Step step = {"ldconfig"};
  if (root != "/") step.insert(step.end(), {"-r", root});
  std::vector<Step> steps;
  if (facts.system.has_ldconfig) steps.push_back(std::move(step));
  return {
      found(Severity::kWarning,
            cat("ld.so.cache has no libcuda.so.1",
                facts.system.cache_error ? cat(" (", printable(*facts.system.cache_error, 200), ")")
                                         : ""),
            {}, std::move(steps))};
}

Findings look_at_mig(const Facts& facts) {
  if (!facts.nvml.answer) {
    if (!facts.machine.mig.empty())
      return ok(cat(facts.machine.mig.size(), " MIG capabilities in /proc"));
    return ok("no MIG instances in /proc; whether the mode is on only NVML knows");
  }
  Findings findings;
  size_t devices = 0;
  for (const host::NvmlGpu& gpu : facts.nvml.answer->gpus) {
    devices += gpu.mig.size();
    if (gpu.mig_enabled != true || !gpu.mig.empty()) continue;
    // Instances that NVML does not show because their nodes are missing are told by that check.
    bool has_instances = std::any_of(
        facts.machine.mig.begin(), facts.machine.mig.end(),
        [&](const host::MigCapability& capability) { return capability.gpu_minor == gpu.minor; });
    if (has_instances) continue;
    findings.push_back(
        found(Severity::kWarning, cat("GPU ", gpu.index, " is in MIG mode and has no MIG device"),
              cat("make one, for example 'sudo nvidia-smi mig -i ", gpu.index,
                  " -cgi 19 -C' ('nvidia-smi mig -lgip' lists the profiles), or leave "
                  "the mode: 'sudo nvidia-smi -i ",
                  gpu.index, " -mig 0'")));
  }
  return findings.empty() ? ok(cat(devices, " MIG devices")) : findings;
}

Findings look_at_imex(const Facts& facts) {
  // Machines whose NVLink reaches over several hosts.
  bool wanted = std::any_of(facts.pci.gpus.begin(), facts.pci.gpus.end(), [](const PciGpu& gpu) {
    return gpu.name.find("GB200") != std::string::npos ||
           gpu.name.find("GB300") != std::string::npos;
  });
  Findings daemon;
  if ((wanted || facts.system.imex_nodes) && facts.machine.module_version &&
      !runs(facts, "nvidia-imex")) {
    // Without a list of hosts it has nothing to do.
    daemon.push_back(found(
        facts.system.imex_nodes ? Severity::kError : Severity::kNote,
        facts.system.imex_nodes
            ? "/etc/nvidia-imex/nodes_config.cfg names hosts, and the IMEX daemon does not run"
            : "the IMEX daemon does not run, and no hosts of its NVLink domain are named",
        cat(facts.system.imex_nodes ? ""
                                    : "name the hosts in /etc/nvidia-imex/nodes_config.cfg, then ",
            "'sudo systemctl enable --now nvidia-imex' (package nvidia-imex of version ",
            printable(*facts.machine.module_version, 40),
            "); 'nvidia-imex-ctl -N' shows its state")));
    daemon.back().consequence =
        "programs cannot share GPU memory with other hosts of the NVLink domain";
  }
  std::vector<std::string> channels;
  for (const host::DeviceNode& node : facts.machine.nodes) {
    if (node.path.rfind("/dev/nvidia-caps-imex-channels/", 0) == 0) channels.push_back(node.path);
  }
  auto otherwise = [&](std::string what) { return daemon.empty() ? ok(std::move(what)) : daemon; };
  if (!channels.empty()) return otherwise(cat(channels.size(), " IMEX channels"));
  if (!wanted && !facts.system.imex_nodes)
    return otherwise("no GPU whose NVLink reaches other hosts");
  auto major = major_of(facts.machine, "nvidia-caps-imex-channels");
  if (!major) return otherwise("the driver offers no IMEX channels");
  ExpectedNode node{"/dev/nvidia-caps-imex-channels/channel0",
                    facts.machine.roots.dev + "/nvidia-caps-imex-channels/channel0", *major, 0,
                    0666};
  Finding finding =
      found(Severity::kNote, "there is no IMEX channel",
            "'sudo nvidia-modprobe -i 0', or NVreg_CreateImexChannel0=1 among the options "
            "of the module",
            make_node_steps(node, facts.machine.roots.dev));
  finding.consequence = "programs cannot share GPU memory with other hosts of the NVLink domain";
  daemon.insert(daemon.begin(), std::move(finding));
  return daemon;
}

}  // namespace

std::vector<Check> service_checks() {
  return {
      {"persistence",
       "GPUs are kept initialised",
       "/run/nvidia-persistenced/socket, processes, NVML's persistence mode",
       "a GPU that nobody uses is shut down, and the next program waits for it",
       "start nvidia-persistenced",
       {Part::kMachine, Part::kSystem, Part::kProcesses, Part::kNvml},
       look_for_persistence},
      {"fabric-manager",
       "the fabric manager runs where there are NVSwitches",
       "NVIDIA's bridge devices on the PCI bus, /dev/nvidia-nvswitchctl, processes, "
       "/run/nvidia-fabricmanager",
       "CUDA returns error 802 (system not yet initialized), in containers and outside",
       "start nvidia-fabricmanager of the driver's version",
       {Part::kMachine, Part::kPci, Part::kSystem, Part::kProcesses},
       look_for_fabric_manager},
      {"ld-cache",
       "the loader finds the driver's libraries",
       "etc/ld.so.cache in the driver root, and the driver version behind its libcuda.so.1",
       "programs outside containers and other container tools say 'libcuda.so.1: cannot open "
       "shared "
       "object file' (Outboard finds the libraries itself)",
       "sudo ldconfig",
       {Part::kMachine, Part::kSystem},
       look_at_loader_cache},
      {"mig",
       "GPUs in MIG mode have MIG devices",
       "NVML, /proc/driver/nvidia/capabilities",
       "CUDA finds no device on a GPU in MIG mode without one",
       "make MIG devices, or leave the mode",
       {Part::kMachine, Part::kNvml},
       look_at_mig},
      {"imex",
       "there is an IMEX channel, and the IMEX daemon runs, where NVLink reaches other hosts",
       "/dev/nvidia-caps-imex-channels, /proc/devices, /etc/nvidia-imex/nodes_config.cfg, "
       "processes",
       "programs cannot share GPU memory with other hosts of the NVLink domain",
       "make channel 0, and start nvidia-imex",
       {Part::kMachine, Part::kPci, Part::kSystem, Part::kProcesses},
       look_at_imex},
  };
}

}  // namespace outboard::doctor
