// SPDX-License-Identifier: Apache-2.0
#include "doctor/driver_state.h"

#include <algorithm>

#include "base/text.h"

namespace outboard::doctor {

namespace {

std::string octal(uint32_t mode) {
  std::string digits;
  for (int shift = 9; shift >= 0; shift -= 3)
    digits += static_cast<char>('0' + (mode >> shift & 7U));
  return digits;
}

}  // namespace

bool is_driver_node(std::string_view path, std::string_view dev) {
  return path.starts_with(dev) && path.substr(dev.size()).starts_with("/nvidia");
}

bool touches_kernel(const Facts& facts) {
  return !facts.machine.simulated;
}

std::optional<uint32_t> major_of(const host::Facts& facts, std::string_view name) {
  for (const host::MajorNumber& entry : facts.majors) {
    if (entry.name == name) return entry.major;
  }
  return std::nullopt;
}

std::vector<ExpectedNode> expected_nodes(const host::Facts& facts) {
  std::vector<ExpectedNode> nodes;
  if (!facts.module_version) return nodes;
  host::NodeParameters parameters = facts.node_parameters.value_or(host::NodeParameters{});
  auto add = [&](const std::string& name, std::optional<uint32_t> major, uint32_t minor,
                 uint32_t mode) {
    if (!major) return;
    nodes.push_back({"/dev/" + name, cat(facts.roots.dev, "/", name), *major, minor, mode,
                     parameters.uid, parameters.gid});
  };
  // The module registers its number as "nvidia", before 500 as "nvidia-frontend".
  auto control = major_of(facts, "nvidia");
  if (!control) control = major_of(facts, "nvidia-frontend");
  add("nvidiactl", control, 255, parameters.mode);
  for (const host::GpuFact& gpu : facts.gpus) {
    if (gpu.bound && gpu.minor && gpu.excluded != true)
      add(cat("nvidia", *gpu.minor), control, *gpu.minor, parameters.mode);
  }
  auto uvm = major_of(facts, "nvidia-uvm");
  add("nvidia-uvm", uvm, 0, parameters.mode);
  add("nvidia-uvm-tools", uvm, 1, parameters.mode);
  auto caps = major_of(facts, "nvidia-caps");
  for (const host::MigCapability& capability : facts.mig)
    add(cat("nvidia-caps/nvidia-cap", capability.cap_minor), caps, capability.cap_minor, 0444);
  return nodes;
}

const host::DeviceNode* node_at(const host::Facts& facts, const std::string& path) {
  auto at = std::find_if(facts.nodes.begin(), facts.nodes.end(),
                         [&](const host::DeviceNode& node) { return node.path == path; });
  return at == facts.nodes.end() ? nullptr : &*at;
}

Step link_step(const std::string& dev, const std::string& path, uint32_t major, uint32_t minor) {
  // Relative, so that the tree can lie elsewhere; paths start with "/dev/".
  return {"ln", "-sfn", cat("../", path.substr(5)), cat(dev, "/char/", major, ":", minor)};
}

std::vector<Step> make_node_steps(const ExpectedNode& node, const std::string& dev) {
  std::vector<Step> steps;
  std::string directory = node.host_path.substr(0, node.host_path.rfind('/'));
  if (directory != dev) steps.push_back({"mkdir", "-p", directory});
  steps.push_back(
      {"mknod", "-m", octal(node.mode), node.host_path, "c", cat(node.major), cat(node.minor)});
  if (node.uid != 0 || node.gid != 0)
    steps.push_back({"chown", cat(node.uid, ":", node.gid), node.host_path});
  steps.push_back({"mkdir", "-p", dev + "/char"});
  steps.push_back(link_step(dev, node.path, node.major, node.minor));
  return steps;
}

}  // namespace outboard::doctor
