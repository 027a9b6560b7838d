// SPDX-License-Identifier: Apache-2.0
#include "render/arguments.h"

#include "base/json.h"
#include "base/text.h"

namespace outboard::render {

static std::string device_text(const plan::PlannedNode& node) {
  return cat(node.host_path, ":", node.path, ":rw");
}

static std::string volume_text(const plan::PlannedMount& mount) {
  return cat(mount.source, ":", mount.target, mount.socket ? "" : ":ro");
}

// "void": an engine whose default runtime is NVIDIA's must not inject a second time.
static std::vector<std::string> variables(const plan::Plan& plan) {
  std::vector<std::string> list = {"NVIDIA_VISIBLE_DEVICES=void"};
  for (const plan::PlannedVariable& variable : plan.environment)
    list.push_back(cat(variable.name, "=", variable.value));
  return list;
}

std::vector<std::string> engine_arguments(const plan::Plan& plan, bool user_namespace) {
  std::vector<std::string> words;
  for (const plan::PlannedNode& node : plan.nodes) {
    if (user_namespace && node.path != node.host_path) {
      words.push_back(cat("--volume=", node.host_path, ":", node.path));
      words.push_back(cat("--device-cgroup-rule=c ", node.major, ":", node.minor, " rw"));
    } else {
      words.push_back(cat("--device=", device_text(node)));
    }
  }
  for (const plan::PlannedMount& mount : plan.mounts)
    words.push_back(cat("--volume=", volume_text(mount)));
  for (uint32_t group : plan.groups) words.push_back(cat("--group-add=", group));
  for (const std::string& variable : variables(plan)) words.push_back(cat("--env=", variable));
  return words;
}

// YAML 1.2 double quoted scalars are JSON strings.
static std::string yaml_list(const char* name, const std::vector<std::string>& entries) {
  if (entries.empty()) return "";
  std::string out = cat(name, ":\n");
  for (const std::string& entry : entries)
    out += cat("  - ", json::write(json::Value(entry)), "\n");
  return out;
}

std::string compose_fragment(const plan::Plan& plan) {
  std::vector<std::string> devices, volumes, groups;
  for (const plan::PlannedNode& node : plan.nodes) devices.push_back(device_text(node));
  for (const plan::PlannedMount& mount : plan.mounts) volumes.push_back(volume_text(mount));
  for (uint32_t group : plan.groups) groups.push_back(cat(group));
  return yaml_list("devices", devices) + yaml_list("volumes", volumes) +
         yaml_list("group_add", groups) + yaml_list("environment", variables(plan));
}

}  // namespace outboard::render
