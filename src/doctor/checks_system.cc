// SPDX-License-Identifier: Apache-2.0
// The system around the driver: what keeps modules out, what keeps containers from nodes, and what
// runs short.
#include <algorithm>
#include <limits>

#include "base/text.h"
#include "doctor/driver_state.h"
#include "doctor/tables.h"

namespace outboard::doctor {

namespace {

constexpr uint64_t kMiB = 1U << 20;
constexpr uint64_t kGiB = 1U << 30;

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

Findings look_at_cgroups(const Facts& facts) {
  if (!facts.system.cgroups) return unknown("/sys/fs/cgroup cannot be read");
  switch (*facts.system.cgroups) {
    case Cgroups::kV2:
      return ok("cgroup v2");
    case Cgroups::kHybrid:
      return ok("cgroup v1 with v2 beside it: devices are controlled by v1");
    case Cgroups::kV1:
      return ok("cgroup v1");
    case Cgroups::kNone:
      break;
  }
  return {
      found(Severity::kWarning, "no control groups are mounted, or none that controls devices")};
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

Findings look_at_shared_memory(const Facts& facts) {
  if (!facts.limits.shared_memory) return ok("/dev/shm is no mount of its own");
  uint64_t size = *facts.limits.shared_memory;
  if (size >= kGiB) return ok(cat("/dev/shm has ", size / kGiB, " GiB"));
  std::vector<Step> steps;
  if (touches_kernel(facts))
    steps.push_back({"mount", "-o", "remount,size=50%", facts.machine.roots.dev + "/shm"});
  return {found(Severity::kWarning, cat("/dev/shm has ", size / kMiB, " MiB only"), {},
                std::move(steps))};
}

Findings look_at_memory_lock(const Facts& facts) {
  if (!facts.pci.infiniband) return ok("no InfiniBand or RoCE device that would need it");
  Findings findings;
  for (const Process& process : facts.processes.processes) {
    if (!process.memory_lock || *process.memory_lock == std::numeric_limits<uint64_t>::max())
      continue;
    std::string name = printable(process.name, 20);
    bool daemon =
        process.name == "dockerd" || process.name == "containerd" || process.name == "crio";
    findings.push_back(found(
        Severity::kWarning,
        cat(name, " (", process.pid, ") may lock ", *process.memory_lock / 1024, " KiB of memory"),
        daemon ? cat("LimitMEMLOCK=infinity with 'sudo systemctl edit ",
                     process.name == "dockerd" ? "docker" : name,
                     "', or --ulimit memlock=-1 for each container")
               : std::string()));
  }
  return findings;
}

Findings look_at_disks(const Facts& facts) {
  Findings findings;
  std::vector<std::string> room;
  auto is_of = [](const ImageStore& store, std::string_view engine) {
    return store.owner == engine || store.owner == cat("rootless ", engine);
  };
  for (const ImageStore& store : facts.stores) {
    std::string where = cat(store.owner, "'s image store '", printable(store.path), "'");
    std::string mend =
        is_of(store, "Docker")
            ? "'docker system df' shows what takes it, 'docker system prune' removes what is unused"
        : is_of(store, "Podman")
            ? "'podman system df' shows what takes it, 'podman system prune' removes what is unused"
            : "remove what is not needed";
    if (store.free_bytes < 10 * kGiB && store.free_bytes < store.total_bytes) {
      findings.push_back(found(Severity::kWarning,
                               cat("only ", store.free_bytes / kMiB, " MiB are free for ", where),
                               mend));
    } else if (store.free_files && store.total_files &&
               *store.free_files < *store.total_files / 100) {
      findings.push_back(found(Severity::kWarning,
                               cat("fewer than 1 % of the inodes are free for ", where), mend));
    } else {
      room.push_back(cat(store.free_bytes / kGiB, " GiB for ", where));
    }
  }
  if (!findings.empty()) return findings;
  return ok(room.empty() ? "there is no image store" : join(room, ", "));
}

Findings look_at_mounts(const Facts& facts) {
  constexpr size_t kMany = 1000;
  if (facts.system.driver_mounts <= kMany)
    return ok(cat(facts.system.driver_mounts, " mounts of driver files"));
  return {found(Severity::kWarning,
                cat(facts.system.driver_mounts, " mounts of driver files on the host"))};
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
       "control groups are there",
       "/sys/fs/cgroup",
       "engines cannot start containers, or cannot limit their devices",
       "mount cgroup2 at /sys/fs/cgroup, as systemd does",
       {Part::kSystem},
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
      {"shared-memory",
       "the host's /dev/shm holds what data loaders and NCCL put there",
       "size of the file system at /dev/shm",
       "containers that share it (--ipc=host, or without a network namespace of their own) end "
       "with "
       "'Bus error' or 'unable to open shared memory object'; others have 64 MiB unless --shm-size "
       "says more",
       "enlarge it",
       {Part::kMachine, Part::kLimits},
       look_at_shared_memory},
      {"memory-lock",
       "engines may lock memory for InfiniBand",
       "/sys/class/infiniband, /proc/PID/limits of dockerd, containerd and crio, and of the shell",
       "NCCL over InfiniBand fails with 'ibv_reg_mr failed' or 'Cannot allocate memory'",
       "raise the limit (ulimit -l unlimited, or memlock in /etc/security/limits.d)",
       {Part::kPci, Part::kProcesses},
       look_at_memory_lock},
      {"disk-space",
       "there is room for images",
       "free space and inodes of the directories that the Docker daemon or daemon.json "
       "(data-root), "
       "storage.conf (graphroot, for an ordinary user the user's own), containerd's config.toml "
       "and "
       "crio.conf (root) name, else of /var/lib/docker, /var/lib/containers and "
       "/var/lib/containerd; and of /var/cache/outboard",
       "pulling a CUDA image of 5 to 20 GB ends with 'no space left on device'",
       "remove images that are not needed",
       {Part::kDocker, Part::kPodman, Part::kContainerd, Part::kCrio, Part::kStores},
       look_at_disks},
      {"driver-mounts",
       "mounts of driver files do not pile up",
       "/proc/1/mountinfo",
       "each container that starts doubles leaked mounts, until starts fail with 'no space left on "
       "device' (fs.mount-max)",
       "stop the containers and unmount what is left, or reboot; then mount with propagation "
       "private "
       "or rslave",
       {Part::kSystem},
       look_at_mounts},
  };
}

}  // namespace outboard::doctor
