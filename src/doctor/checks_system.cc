// SPDX-License-Identifier: Apache-2.0
// The system around the driver: what keeps modules out, and what keeps containers from nodes.
#include <algorithm>

#include "base/text.h"
#include "doctor/driver_state.h"
#include "doctor/tables.h"

namespace outboard::doctor {

namespace {

bool any_line(const LogFacts& log, std::initializer_list<std::string_view> parts) {
  return std::any_of(log.lines.begin(), log.lines.end(), [&](const LogLine& line) {
    return std::all_of(parts.begin(), parts.end(), [&](std::string_view part) {
      return line.text.find(part) != std::string::npos;
    });
  });
}

// The latest record of a denial that holds all of `parts`, from the kernel log or auditd's.
std::optional<std::string> denial(const Facts& facts,
                                  std::initializer_list<std::string_view> parts) {
  auto holds_all = [&](const std::string& text) {
    return std::all_of(parts.begin(), parts.end(),
                       [&](std::string_view part) { return text.find(part) != std::string::npos; });
  };
  for (size_t i = facts.security.audit.size(); i-- > 0;) {
    if (holds_all(facts.security.audit[i])) return facts.security.audit[i];
  }
  for (size_t i = facts.log.lines.size(); i-- > 0;) {
    if (holds_all(facts.log.lines[i].text)) return facts.log.lines[i].text;
  }
  return std::nullopt;
}

// "comm python3, path /dev/nvidia0" of a record `... comm="python3" path="/dev/nvidia0" ...`.
std::string fields_of(const std::string& record, std::initializer_list<std::string_view> names) {
  std::string text;
  for (std::string_view name : names) {
    std::string mark = cat(" ", name, "=");
    size_t at = record.find(mark);
    if (at == std::string::npos) continue;
    std::string value = record.substr(at + mark.size());
    bool quoted = !value.empty() && value[0] == '"';
    value = quoted ? value.substr(1, value.find('"', 1) - 1) : value.substr(0, value.find(' '));
    text += cat(text.empty() ? "" : ", ", name, " ", printable(value, 80));
  }
  return text;
}

// Why the kernel rejected a module, the latest cause first; which one it was it does not always
// say.
std::optional<std::string> rejection(const LogFacts& log) {
  if (any_line(log, {"unavailable key", "is rejected"}) || any_line(log, {"PKCS#7"}))
    return "a module that was signed with a key that the machine does not know";
  if (any_line(log, {"unsigned module"})) return "a module that nobody signed";
  if (any_line(log, {"module", "is rejected"})) return "a module whose signature it cannot check";
  if (any_line(log, {"Lockdown", "module"})) return "a module";
  return std::nullopt;
}

Findings look_at_secure_boot(const Facts& facts) {
  if (facts.machine.module_version) return ok("the module is loaded");
  if (!facts.machine.library_version) return ok("no driver is installed");
  auto rejected = rejection(facts.log);
  if (facts.security.secure_boot == false && !rejected) return ok("Secure Boot is off");
  const auto& modules = facts.kernel.driver_modules;
  if (facts.security.secure_boot == true && modules && !modules->empty() &&
      facts.kernel.module_signed == false) {
    return {found(Severity::kError, cat("Secure Boot is on, and the driver's module '",
                                        printable(modules->front(), 200), "' is not signed"))};
  }
  if (!facts.security.secure_boot && !rejected)
    return unknown("the state of Secure Boot cannot be read");
  return {found(rejected ? Severity::kError : Severity::kWarning,
                cat(facts.security.secure_boot == true ? "Secure Boot is on, and " : "",
                    "the driver's module is not loaded",
                    rejected ? ": the kernel rejected " + *rejected
                             : "; it must be signed with a key that the machine knows",
                    facts.security.lockdown
                        ? cat(" (lockdown: ", printable(*facts.security.lockdown, 30), ")")
                        : ""))};
}

// containerd and CRI-O, where Kubernetes can use them.
std::vector<const EngineFiles*> kubernetes_engines(const Facts& facts) {
  std::vector<const EngineFiles*> engines = {&facts.containerd, &facts.crio};
  for (const EngineFiles& engine : facts.bundled_containerds) engines.push_back(&engine);
  std::erase_if(engines, [](const EngineFiles* engine) {
    return !engine->systemd_cgroups || engine->plugin_off;
  });
  return engines;
}

std::string manager_of(const EngineFiles& engine) {
  return engine.systemd_cgroups.value_or(false) ? "systemd" : "cgroupfs";
}

// "Docker: systemd (version 2), containerd: cgroupfs".
std::string cgroup_managers(const Facts& facts) {
  std::vector<std::string> list;
  if (const auto& info = facts.docker.info; info && !info->cgroup_driver.empty()) {
    list.push_back(cat("Docker: ", printable(info->cgroup_driver, 20),
                       info->cgroup_version.empty()
                           ? ""
                           : cat(" (version ", printable(info->cgroup_version, 10), ")")));
  }
  for (const EngineFiles* engine : kubernetes_engines(facts))
    list.push_back(cat(engine->name, ": ", manager_of(*engine)));
  if (facts.podman.systemd_cgroups) list.push_back("Podman: " + manager_of(facts.podman));
  return join(list, ", ");
}

// runc refuses a path of the other's form ("expected cgroupsPath to be of format
// "slice:prefix:name" for systemd cgroups"); and systemd wants to be the only one that writes
// (kubernetes.io/docs/setup/production-environment/container-runtimes, "cgroup drivers"). A
// containerd from 2.0 and a CRI-O from 1.28 on tell kubelet theirs (KubeletCgroupDriverFromCRI), if
// it asks, which its configuration does not say.
Findings compare_with_kubelet(const Facts& facts) {
  Findings findings;
  if (!facts.system.kubelet_cgroups) return findings;
  for (const EngineFiles* engine : kubernetes_engines(facts)) {
    bool tells = engine->version &&
                 compare_versions(*engine->version, engine == &facts.crio ? "1.28" : "2.0") >= 0;
    if (tells || manager_of(*engine) == *facts.system.kubelet_cgroups) continue;
    Finding finding = found(
        Severity::kWarning,
        cat("kubelet's cgroup driver is ", printable(*facts.system.kubelet_cgroups, 20), ", ",
            engine->name, "'s is ", manager_of(*engine)),
        engine == &facts.crio
            ? "set cgroup_manager under [crio.runtime] in /etc/crio/crio.conf.d to kubelet's"
            : "set SystemdCgroup in the options of the runtime in containerd's config.toml, and "
              "cgroupDriver in /var/lib/kubelet/config.yaml, so that both say systemd");
    finding.consequence =
        "pods do not start ('expected cgroupsPath to be of format \"slice:prefix:name\"'), or "
        "systemd and the engine write into the same cgroups, and containers lose their GPU";
    findings.push_back(std::move(finding));
  }
  return findings;
}

Findings look_at_cgroups(const Facts& facts) {
  if (!facts.system.cgroups && facts.machine.simulated)
    return ok("a simulated machine has none of its own");
  if (!facts.system.cgroups) return unknown("/sys/fs/cgroup cannot be read");
  if (*facts.system.cgroups == Cgroups::kNone) {
    return {
        found(Severity::kWarning, "no control groups are mounted, or none that controls devices")};
  }
  Findings findings = compare_with_kubelet(facts);
  if (!findings.empty()) return findings;
  std::string_view kind = *facts.system.cgroups == Cgroups::kV2 ? "cgroup v2"
                          : *facts.system.cgroups == Cgroups::kV1
                              ? "cgroup v1"
                              : "cgroup v1 with v2 beside it: devices are controlled by v1";
  std::string managers = cgroup_managers(facts);
  return ok(cat(kind, managers.empty() ? "" : "; ", managers));
}

// Memory of these GPUs is the system's, too.
bool is_coherent(const PciGpu& gpu) {
  return gpu.name.find("GH200") != std::string::npos ||
         gpu.name.find("GB200") != std::string::npos || gpu.name.find("GB300") != std::string::npos;
}

Findings look_at_memory_rules(const Facts& facts) {
  if (std::none_of(facts.pci.gpus.begin(), facts.pci.gpus.end(), is_coherent))
    return ok("no GPU whose memory is part of the system's");
  Findings findings;
  for (const MemoryRule& rule : facts.system.memory_rules) {
    std::string directory = rule.file.substr(0, rule.file.rfind('/'));
    std::vector<Step> steps;
    // udev's way to switch a file of a package off; one in /etc is the administrator's own.
    size_t etc = directory.rfind("/etc/udev/rules.d");
    if (etc == std::string::npos) {
      size_t usr = std::min(directory.rfind("/usr/"), directory.rfind("/lib/"));
      std::string top = usr == std::string::npos ? "" : directory.substr(0, usr);
      steps = {{"mkdir", "-p", top + "/etc/udev/rules.d"},
               {"ln", "-sn", "/dev/null", cat(top, "/etc/udev/rules.d/", rule.name)}};
    }
    findings.push_back(found(
        Severity::kError,
        cat("the udev rules in '", printable(rule.file), "' bring every new memory online"),
        etc == std::string::npos ? "" : cat("take the rule out of ", rule.file), std::move(steps)));
  }
  return findings;
}

Findings look_at_selinux(const Facts& facts) {
  if (facts.security.selinux_enforcing != true) return ok("SELinux does not enforce here");
  auto record = denial(facts, {"avc:", "denied", "nvidia"});
  if (!record) record = denial(facts, {"avc:", "denied", "xserver_misc_device_t"});
  if (record) {
    std::string what = fields_of(*record, {"comm", "path", "name", "scontext", "tcontext"});
    return {found(Severity::kError, cat("SELinux has denied access to a node of the driver",
                                        what.empty() ? "" : cat(" (latest: ", what, ")")))};
  }
  const auto& booleans = facts.security.selinux_booleans;
  bool allowed =
      std::any_of(booleans.begin(), booleans.end(), [](const auto& entry) { return entry.second; });
  if (booleans.empty()) return ok("enforcing, without a container policy");
  if (allowed) return ok("containers may use devices");
  return {found(Severity::kWarning,
                "SELinux enforces, and its policy does not let containers use devices "
                "(container_use_devices is off)")};
}

Findings look_at_apparmor(const Facts& facts) {
  if (!facts.security.apparmor) return ok("AppArmor is off");
  auto record = denial(facts, {"apparmor=\"DENIED\"", "nvidia"});
  if (!record) return ok("no denials about the driver");
  std::string what = fields_of(*record, {"profile", "name", "comm", "denied_mask"});
  return {
      found(Severity::kWarning, cat("AppArmor has denied access to a file or node of the driver",
                                    what.empty() ? "" : cat(" (latest: ", what, ")")))};
}

}  // namespace

std::vector<Check> system_checks() {
  return {
      {"secure-boot",
       "Secure Boot does not keep the driver's module out",
       "the EFI variable SecureBoot, /sys/kernel/security/lockdown, the signature at the end of "
       "the "
       "module's file, the kernel log",
       "modprobe says 'Key was rejected by service' or 'Operation not permitted'",
       "enrol the key that signed the module ('sudo mokutil --import /var/lib/dkms/mok.pub', or "
       "/var/lib/shim-signed/mok/MOK.der on Ubuntu; reboot and confirm), install a module that the "
       "distribution signed, or switch Secure Boot off in the firmware",
       {Part::kMachine, Part::kKernel, Part::kSecurity, Part::kLog},
       look_at_secure_boot},
      {"memory-hotplug",
       "no udev rule brings the GPU's memory online on its own",
       "udev rules for the subsystem memory, on machines whose GPU memory is part of the system's "
       "(GH200, GB200, GB300)",
       "the driver cannot set up its memory, and GPUs do not initialise",
       "switch the rule off with a link of its name to /dev/null in /etc/udev/rules.d, and reboot",
       {Part::kPci, Part::kSystem},
       look_at_memory_rules},
      {"cgroups",
       "control groups are there, and kubelet's driver is its engine's",
       "/sys/fs/cgroup; the cgroup drivers of Docker, Podman, containerd and CRI-O, and "
       "cgroupDriver in /var/lib/kubelet/config.yaml",
       "engines cannot start containers, or cannot limit their devices",
       "mount cgroup2 at /sys/fs/cgroup, as systemd does",
       {Part::kMachine, Part::kSystem, Part::kDocker, Part::kPodman, Part::kContainerd,
        Part::kCrio},
       look_at_cgroups},
      {"selinux",
       "SELinux lets containers use the driver's nodes",
       "/sys/fs/selinux (enforce, booleans container_use_*), denials in the kernel log and in "
       "/var/log/audit/audit.log",
       "programs in containers get 'Insufficient Permissions' from NVML, or see no device",
       "'sudo setsebool -P container_use_devices=true'; for one container --security-opt "
       "label=disable",
       {Part::kSecurity, Part::kLog},
       look_at_selinux},
      {"apparmor",
       "AppArmor has not denied anything of the driver",
       "denials in the kernel log and in /var/log/audit/audit.log",
       "the program that was denied sees no GPU",
       "'sudo dmesg | grep DENIED' names the profile; allow the file there, or for one container "
       "--security-opt apparmor=unconfined",
       {Part::kSecurity, Part::kLog},
       look_at_apparmor},
  };
}

}  // namespace outboard::doctor
