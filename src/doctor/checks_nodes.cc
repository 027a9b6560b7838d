// SPDX-License-Identifier: Apache-2.0
// Device nodes: there, with the kernel's numbers, openable, and linked where systemd looks.
#include <algorithm>

#include "base/text.h"
#include "doctor/driver_state.h"
#include "doctor/tables.h"

namespace outboard::doctor {

namespace {

std::string octal_text(uint32_t mode) {
  std::string text = "0";
  for (int shift = 6; shift >= 0; shift -= 3) text += static_cast<char>('0' + (mode >> shift & 7U));
  return text;
}

bool is_uvm(const ExpectedNode& node) {
  return node.path.rfind("/dev/nvidia-uvm", 0) == 0;
}

bool may_make_nodes(const host::Facts& facts) {
  return !facts.node_parameters || facts.node_parameters->modify;
}

constexpr const char* kForbidden =
    "the driver's parameter ModifyDeviceFiles is 0 here: make them as the administrator of this "
    "machine does";

Findings look_for_nodes(const Facts& facts, bool uvm) {
  std::vector<std::string> missing;
  std::vector<Step> steps;
  for (const ExpectedNode& node : expected_nodes(facts.machine)) {
    if (is_uvm(node) != uvm || node_at(facts.machine, node.path)) continue;
    missing.push_back(node.host_path);
    for (Step& step : make_node_steps(node, facts.machine.roots.dev))
      steps.push_back(std::move(step));
  }
  if (missing.empty()) return {};
  bool allowed = may_make_nodes(facts.machine);
  return {found(Severity::kError, cat("missing: ", printable(listed(missing), 400)),
                allowed ? "" : kForbidden, allowed ? std::move(steps) : std::vector<Step>{})};
}

Findings look_for_control_nodes(const Facts& facts) {
  if (!facts.machine.module_version) return ok("the module is not loaded");
  Findings findings = look_for_nodes(facts, false);
  return findings.empty() ? ok(cat(facts.machine.nodes.size(), " nodes")) : findings;
}

Findings look_at_uvm(const Facts& facts) {
  if (!facts.machine.module_version) return ok("the module is not loaded");
  if (!major_of(facts.machine, "nvidia-uvm")) {
    std::vector<Step> steps;
    if (touches_kernel(facts)) steps.push_back({"modprobe", "nvidia-uvm"});
    return {
        found(Severity::kError, "the kernel module nvidia-uvm is not loaded",
              "sudo modprobe nvidia-uvm", std::move(steps),
              "at every boot: 'echo nvidia-uvm | sudo tee /etc/modules-load.d/nvidia-uvm.conf'")};
  }
  return look_for_nodes(facts, true);
}

Findings look_at_numbers(const Facts& facts) {
  Findings findings;
  for (const ExpectedNode& node : expected_nodes(facts.machine)) {
    const host::DeviceNode* there = node_at(facts.machine, node.path);
    if (!there) continue;
    std::string path = printable(node.host_path);
    if (there->type != 'c') {
      findings.push_back(
          found(Severity::kError, cat("'", path, "' is a file and no device"),
                cat("'sudo rm ", path, "', and make the node again: 'sudo mknod -m 0666 ", path,
                    " c ", node.major, " ", node.minor, "'")));
    } else if (there->major != node.major || there->minor != node.minor) {
      std::vector<Step> steps = {{"rm", "-f", node.host_path}};
      for (Step& step : make_node_steps(node, facts.machine.roots.dev))
        steps.push_back(std::move(step));
      findings.push_back(found(Severity::kError,
                               cat("'", path, "' has the number ", there->major, ":", there->minor,
                                   ", the kernel's is ", node.major, ":", node.minor),
                               {}, std::move(steps)));
    }
  }
  return findings;
}

Findings look_at_modes(const Facts& facts) {
  Findings findings;
  for (const ExpectedNode& node : expected_nodes(facts.machine)) {
    const host::DeviceNode* there = node_at(facts.machine, node.path);
    if (!there || there->type != 'c' || node.mode == 0444) continue;
    if (there->major != node.major || there->minor != node.minor) continue;  // to be made again
    if (there->mode == node.mode && there->uid == node.uid && there->gid == node.gid) continue;
    std::string mode = octal_text(node.mode);
    findings.push_back(
        found(Severity::kWarning,
              cat("'", printable(node.host_path), "' is ", octal_text(there->mode), " of ",
                  there->uid, ":", there->gid, ", the driver's parameters say ", mode, " of ",
                  node.uid, ":", node.gid),
              {},
              {{"chmod", mode, node.host_path},
               {"chown", cat(node.uid, ":", node.gid), node.host_path}}));
  }
  return findings;
}

// Engines that leave their containers' cgroups to systemd. A Docker that could not be asked counts:
// with cgroup v2 that is what it does by itself.
std::vector<std::string> engines_by_systemd(const Facts& facts) {
  std::vector<std::string> engines;
  const DockerFacts& docker = facts.docker;
  if (docker.info ? docker.info->cgroup_driver == "systemd" : docker.client || docker.server)
    engines.emplace_back("Docker");
  std::vector<const EngineFiles*> others = {&facts.podman, &facts.containerd, &facts.crio};
  for (const EngineFiles& engine : facts.bundled_containerds) others.push_back(&engine);
  for (const EngineFiles* engine : others) {
    if (engine->systemd_cgroups.value_or(false)) engines.push_back(engine->name);
  }
  return engines;
}

// Why no engine here needs the links, or empty text.
std::string links_not_needed(const Facts& facts) {
  if (!facts.system.systemd) return "systemd does not manage this machine's cgroups";
  if (engines_by_systemd(facts).empty())
    return "no engine here leaves its containers' cgroups to systemd";
  // systemd 240 takes the numbers from the link's name; runc from 1.1.3 to 1.1.6 asks for the link
  // all the same (runc's changelog, 1.1.7).
  const auto& told = facts.docker.info ? facts.docker.info->runc : facts.system.runc_version;
  const auto& runc = told ? told : facts.system.runc_version;
  const auto& systemd = facts.system.systemd_version;
  if (!runc || !systemd || compare_versions(*systemd, "240") < 0) return "";
  if (compare_versions(*runc, "1.1.3") >= 0 && compare_versions(*runc, "1.1.7") < 0) return "";
  return cat("systemd ", printable(*systemd, 40), " and runc ", printable(*runc, 40),
             " do without the links");
}

Findings look_at_links(const Facts& facts) {
  std::vector<std::string> missing = facts.machine.missing_char_links;
  // A node with a wrong number is to be made again, and needs another link then.
  for (const ExpectedNode& node : expected_nodes(facts.machine)) {
    const host::DeviceNode* there = node_at(facts.machine, node.path);
    if (!there || (there->major == node.major && there->minor == node.minor)) continue;
    missing.erase(std::remove(missing.begin(), missing.end(), cat(there->major, ":", there->minor)),
                  missing.end());
  }
  if (missing.empty()) return ok("all there");
  std::vector<Step> steps = {{"mkdir", "-p", facts.machine.roots.dev + "/char"}};
  for (const std::string& number : missing) {
    for (const host::DeviceNode& node : facts.machine.nodes) {
      if (cat(node.major, ":", node.minor) != number || node.type != 'c') continue;
      steps.push_back(link_step(facts.machine.roots.dev, node.path, node.major, node.minor));
      break;
    }
  }
  std::string harmless = links_not_needed(facts);
  std::string who = join(engines_by_systemd(facts), ", ");
  Finding finding =
      found(harmless.empty() ? Severity::kWarning : Severity::kNote,
            cat("no link in ", printable(facts.machine.roots.dev), "/char for ",
                printable(listed(missing), 300),
                harmless.empty() ? cat("; of ", who, " systemd makes the cgroups") : std::string()),
            {}, std::move(steps),
            "at every boot: 60-outboard-char-links.rules of Outboard's packaging "
            "in /etc/udev/rules.d");
  if (!harmless.empty()) finding.consequence = "of no consequence here: " + harmless;
  return {std::move(finding)};
}

}  // namespace

std::vector<Check> node_checks() {
  return {
      {"nodes",
       "the driver's device nodes exist",
       "/dev/nvidiactl, /dev/nvidiaN for each GPU, /dev/nvidia-caps for MIG; numbers from "
       "/proc/devices and /proc/driver/nvidia",
       "a container that is given this GPU does not start, or sees fewer GPUs",
       "run 'sudo nvidia-modprobe -c N' for /dev/nvidiaN, or make them with mknod",
       {Part::kMachine},
       look_for_control_nodes},
      {"nvidia-uvm",
       "nvidia-uvm is loaded and has its nodes",
       "/proc/devices, /dev/nvidia-uvm, /dev/nvidia-uvm-tools",
       "nvidia-smi works, but CUDA returns error 999 (unknown error) or finds no device",
       "sudo nvidia-modprobe -u -c 0",
       {Part::kMachine},
       look_at_uvm},
      {"node-numbers",
       "device nodes have the kernel's numbers",
       "/dev/nvidia* against /proc/devices: the number of nvidia-uvm changes from boot to boot",
       "opening the node fails or reaches another driver; CUDA returns error 999 or 100",
       "remove the node and make it again",
       {Part::kMachine},
       look_at_numbers},
      {"node-modes",
       "device nodes have the mode and owner that the driver's parameters say",
       "/dev/nvidia* against /proc/driver/nvidia/params (DeviceFileMode, DeviceFileUID, "
       "DeviceFileGID)",
       "programs that do not run as root get 'Insufficient Permissions' (NVML) or see no device",
       "set mode and owner, or change the parameters where the mode is meant",
       {Part::kMachine},
       look_at_modes},
      {"char-links",
       "every device node has its link in /dev/char",
       "/dev/char/MAJOR:MINOR of the driver's nodes; /run/systemd/system; cgroup drivers of "
       "Docker, "
       "Podman, containerd and CRI-O; versions of runc and systemd",
       "runc 1.1.3 to 1.1.6, and every runc under a systemd before 240, leaves devices without a "
       "link out of systemd's list: a running container loses its "
       "GPU at "
       "the next 'systemctl daemon-reload' ('Failed to initialize NVML: Unknown Error')",
       "make the links, and install 60-outboard-char-links.rules for the next boot",
       {Part::kMachine, Part::kSystem, Part::kDocker, Part::kPodman, Part::kContainerd,
        Part::kCrio},
       look_at_links},
  };
}

}  // namespace outboard::doctor
