// SPDX-License-Identifier: Apache-2.0
// What a running container got, and what it can use of that now, as the host sees it.
#include <fnmatch.h>

#include <algorithm>

#include "base/files.h"
#include "base/text.h"
#include "doctor/driver_state.h"
#include "doctor/tables.h"
#include "host/driver_files.h"
#include "render/oci.h"

namespace outboard::doctor {

namespace {

std::string restart(const ContainerFacts& container) {
  const std::string& engine = container.place.engine;
  if (engine == "docker" || engine == "podman")
    return cat(engine, " restart ", container.place.name);
  return "stop the container and start it again";
}

// Nodes that its specification adds, as devices or (without root) as bind mounts.
std::vector<std::string> given_nodes(const json::Value& spec) {
  std::vector<std::string> paths;
  for (const json::Value& device : spec["linux"]["devices"].items()) {
    if (is_driver_node(device["path"].text())) paths.push_back(device["path"].text());
  }
  for (const json::Value& mount : spec["mounts"].items()) {
    if (is_driver_node(mount["destination"].text())) paths.push_back(mount["destination"].text());
  }
  return paths;
}

// Outboard's mounts have the version in the source's name, NVIDIA's toolkit's in both.
size_t given_files(const json::Value& spec) {
  size_t count = 0;
  for (const json::Value& mount : spec["mounts"].items()) {
    if (host::versioned_name(file_name_of(mount["source"].text())) ||
        host::versioned_name(file_name_of(mount["destination"].text())))
      count++;
  }
  return count;
}

// The driver's nodes that are in its /dev, or that it was given.
std::vector<SeenNode> driver_nodes(const ContainerFacts& container) {
  std::vector<SeenNode> nodes;
  if (!container.nodes) return nodes;
  for (const SeenNode& node : *container.nodes) {
    if (is_driver_node(node.path)) nodes.push_back(node);
  }
  return nodes;
}

// Outboard leaves an annotation; NVIDIA's toolkit leaves its hooks, and with them nodes and files
// that the specification does not have.
std::string giver(const json::Value& spec) {
  if (spec["annotations"].find(render::kEditAnnotation)) return "Outboard";
  for (const auto& [stage, hooks] : spec["hooks"].members()) {
    for (const json::Value& hook : hooks.items()) {
      if (file_name_of(hook["path"].text()).starts_with("nvidia-")) return "NVIDIA's toolkit";
    }
  }
  return "its engine";
}

Findings look_at_gift(const Facts& facts) {
  const ContainerFacts& container = facts.container;
  std::vector<SeenNode> seen = driver_nodes(container);
  std::vector<std::string> names;
  for (const SeenNode& node : seen) names.push_back(file_name_of(node.path));
  if (container.spec) {
    std::vector<std::string> given = given_nodes(*container.spec);
    if (given.empty() && seen.empty()) {
      return {found(Severity::kError, "it was started without a GPU",
                    cat("start it with a GPU: --gpus all, or --runtime outboard -e "
                        "NVIDIA_VISIBLE_DEVICES=all"))};
    }
    for (std::string& path : given) path = file_name_of(path);
    return ok(cat("given by ", giver(*container.spec), ": ", listed(given.empty() ? names : given),
                  "; ", given_files(*container.spec), " files of the driver"));
  }
  if (container.nodes && seen.empty())
    return {found(Severity::kError, "there is no node of the driver in its /dev",
                  "start it with a GPU: --gpus all")};
  if (!seen.empty()) return ok(cat("in its /dev: ", listed(names)));
  return unknown(printable(container.spec_error.value_or("nothing could be read"), 300));
}

Findings look_at_nodes(const Facts& facts) {
  const ContainerFacts& container = facts.container;
  if (!container.nodes) return unknown("its /dev may be looked at by root alone");
  Findings findings;
  if (container.spec) {
    std::vector<std::string> missing;
    for (const std::string& path : given_nodes(*container.spec)) {
      bool there = std::any_of(container.nodes->begin(), container.nodes->end(),
                               [&](const SeenNode& node) { return node.path == path; });
      if (!there) missing.push_back(path);
    }
    if (!missing.empty()) {
      findings.push_back(found(Severity::kError,
                               cat("given to it, but not in its /dev: ", listed(missing)),
                               restart(container)));
    }
  }
  std::vector<SeenNode> nodes = driver_nodes(container);
  for (const SeenNode& node : nodes) {
    const host::DeviceNode* real = node_at(facts.machine, node.path);
    if (!real || (real->major == node.major && real->minor == node.minor)) continue;
    findings.push_back(found(Severity::kError,
                             cat("its ", printable(node.path), " is ", node.major, ":", node.minor,
                                 ", the host's is ", real->major, ":", real->minor, " now"),
                             restart(container)));
  }
  bool uvm = std::any_of(nodes.begin(), nodes.end(),
                         [](const SeenNode& node) { return node.path == "/dev/nvidia-uvm"; });
  if (!nodes.empty() && !uvm) {
    Finding finding = found(Severity::kWarning, "it has no /dev/nvidia-uvm",
                            "start it with the capability compute "
                            "(NVIDIA_DRIVER_CAPABILITIES=compute,utility); 'outboard doctor "
                            "nvidia-uvm' looks at the host's");
    finding.consequence = "nvidia-smi works, CUDA returns error 999 or finds no device";
    findings.push_back(std::move(finding));
  }
  if (findings.empty() && nodes.empty()) return ok("no node of the driver is in its /dev");
  if (findings.empty()) return ok(cat(nodes.size(), " nodes in its /dev, as the host's are"));
  return findings;
}

// Whether a name of DeviceAllow (systemd.resource-control(5)) means the node: a path, or "char-"
// and a pattern of the names in /proc/devices.
bool means(std::string_view name, const SeenNode& node, const host::Facts& machine) {
  if (name == node.path || name == cat("/dev/char/", node.major, ":", node.minor)) return true;
  constexpr std::string_view kClass = "char-";
  if (name.rfind(kClass, 0) != 0) return false;
  std::string pattern(name.substr(kClass.size()));
  if (pattern == "*" || parse_number<uint32_t>(pattern) == node.major) return true;
  return std::any_of(
      machine.majors.begin(), machine.majors.end(), [&](const host::MajorNumber& entry) {
        return entry.major == node.major && ::fnmatch(pattern.c_str(), entry.name.c_str(), 0) == 0;
      });
}

// `list` as systemctl prints it: "/dev/nvidia0 rw" or "char-* m" by line. Without r and w a node
// cannot be opened: runc lets every container make (m) all.
bool systemd_allows(const std::string& list, const SeenNode& node, const host::Facts& machine) {
  for (std::string_view line : split(list, '\n')) {
    auto fields = words(line);
    if (fields.size() < 2 || fields[1].find('r') == std::string_view::npos ||
        fields[1].find('w') == std::string_view::npos)
      continue;
    if (means(fields[0], node, machine)) return true;
  }
  return false;
}

// Where systemd does not manage the cgroup nobody looks for links.
Finding lost(const ContainerFacts& container, Severity severity, std::string what) {
  bool by_systemd = !container.scope.empty();
  return found(severity, std::move(what),
               cat(restart(container),
                   by_systemd ? "; 'sudo outboard doctor --fix char-links' makes the links by "
                                "which the next container keeps its devices"
                              : ""));
}

Findings look_at_rules(const Facts& facts) {
  const ContainerFacts& container = facts.container;
  std::vector<SeenNode> nodes = driver_nodes(container);
  if (!container.nodes) return unknown("its /dev may be looked at by root alone");
  if (nodes.empty()) return ok("it has no node of the driver to open");
  auto those = [&](auto refused) {
    std::vector<std::string> names;
    for (const SeenNode& node : nodes) {
      if (refused(node)) names.push_back(node.path);
    }
    return names;
  };
  if (container.rules) {
    auto refused = those(
        [&](const SeenNode& node) { return !allows(*container.rules, node.major, node.minor); });
    if (!refused.empty())
      return {
          lost(container, Severity::kError, cat("its cgroup does not allow: ", listed(refused)))};
  }
  // With version 1 too systemd writes its own list at a daemon-reload.
  if (container.allowed_by_systemd && !container.allowed_by_systemd->empty()) {
    auto refused = those([&](const SeenNode& node) {
      return !systemd_allows(*container.allowed_by_systemd, node, facts.machine);
    });
    if (refused.empty())
      return ok(cat("systemd's list for ", printable(container.scope), " has every node"));
    bool happened = !container.rules && container.reloaded && container.started &&
                    *container.reloaded > *container.started;
    return {lost(container, happened ? Severity::kError : Severity::kWarning,
                 cat("systemd's list of devices for ", printable(container.scope),
                     " lacks: ", listed(refused),
                     happened ? "; it was put in force by a 'systemctl daemon-reload' since"
                              : "; the next 'systemctl daemon-reload' takes them away"))};
  }
  if (container.rules) return ok("its cgroup allows every node");
  return unknown(
      "what a cgroup of version 2 allows is in a program that the kernel does not show; open a "
      "node "
      "in the container to see: 'Operation not permitted' means that it is not allowed");
}

Findings look_at_driver(const Facts& facts) {
  const ContainerFacts& container = facts.container;
  if (!container.mounts) return unknown("its mounts may be looked at by root alone");
  std::vector<std::string> deleted;
  std::string other;
  const auto& module = facts.machine.module_version;
  for (const SeenMount& mount : *container.mounts) {
    if (mount.deleted) deleted.push_back(mount.target);
    if (module && mount.version && *mount.version != *module) other = *mount.version;
  }
  if (!other.empty()) {
    return {found(Severity::kError,
                  cat("it was started with driver ", printable(other, 40),
                      ", the kernel module is ", *module, " now"),
                  restart(container))};
  }
  if (!deleted.empty()) {
    return {
        found(Severity::kWarning,
              cat("these files of the driver have been removed from the host since it started: ",
                  listed(deleted)),
              restart(container))};
  }
  bool has_version = std::any_of(container.mounts->begin(), container.mounts->end(),
                                 [](const SeenMount& mount) { return mount.version.has_value(); });
  if (!has_version) return ok("no file of the driver with a version is mounted in it");
  if (!module) return unknown("the kernel module is not loaded");
  return ok(cat("driver ", *module, ", as the kernel module"));
}

}  // namespace

bool was_given_gpu(const ContainerFacts& container) {
  if (container.spec && !given_nodes(*container.spec).empty()) return true;
  return container.mounts && std::any_of(container.mounts->begin(), container.mounts->end(),
                                         [](const SeenMount& mount) { return mount.version; });
}

const std::vector<Check>& container_checks() {
  static const std::vector<Check> kAll = {
      {"container-gpu",
       "the container was given a GPU",
       "its OCI specification (devices, mounts, the annotation io.outboard.edit), its /dev",
       "there is no GPU in it: 'no NVIDIA driver', CUDA error 100",
       "start it with a GPU",
       {Part::kContainer},
       look_at_gift},
      {"container-nodes",
       "the container's device nodes are the host's",
       "the nodes in its /dev against the host's",
       "the node is missing in it or leads nowhere: a module was loaded again, or a device is gone",
       "start the container again",
       {Part::kMachine, Part::kContainer},
       look_at_nodes},
      {"container-rules",
       "the container may open its device nodes",
       "cgroup version 1: devices.list; version 2: systemd's DeviceAllow of its scope, and when "
       "systemd last read its units; else unknown, since the kernel does not show it",
       "'Failed to initialize NVML: Unknown Error', 'Operation not permitted'",
       "start the container again",
       {Part::kMachine, Part::kContainer},
       look_at_rules},
      {"container-driver",
       "the container has the loaded driver's files",
       "versions in its mounts against /proc/driver/nvidia/version, mounts of files that were "
       "removed",
       "'Driver/library version mismatch' (NVML) or error 803 (CUDA) after an upgrade of the "
       "driver",
       "start the container again",
       {Part::kMachine, Part::kContainer},
       look_at_driver},
  };
  return kAll;
}

}  // namespace outboard::doctor
