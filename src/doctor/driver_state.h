// SPDX-License-Identifier: Apache-2.0
// Questions that several checks ask of the snapshot. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "doctor/check.h"

namespace outboard::doctor {

/// A mend may load modules, start services and run ldconfig: not for a simulated machine, whose
/// kernel is somebody else's.
bool touches_kernel(const Facts& facts);

/// A node that the driver should have now.
struct ExpectedNode {
  std::string path;       ///< "/dev/nvidia0"
  std::string host_path;  ///< in the dev root
  uint32_t major = 0;
  uint32_t minor = 0;
  uint32_t mode = 0666;
  uint32_t uid = 0;
  uint32_t gid = 0;
};

/// Control nodes, one for each GPU in use, nvidia-uvm's, and those of MIG capabilities; only nodes
/// whose major number is known from /proc/devices. Empty without a loaded module.
std::vector<ExpectedNode> expected_nodes(const host::Facts& facts);

/// True of a path of the driver's nodes: "/dev/nvidia0", "/dev/nvidia-caps/nvidia-cap1".
bool is_driver_node(std::string_view path, std::string_view dev = "/dev");

/// The node that is there at that path, or null.
const host::DeviceNode* node_at(const host::Facts& facts, const std::string& path);

std::optional<uint32_t> major_of(const host::Facts& facts, std::string_view name);

/// The command that makes the link of the node at `path` ("/dev/nvidia0") in the char directory of
/// the dev root.
Step link_step(const std::string& dev, const std::string& path, uint32_t major, uint32_t minor);

/// Commands that make the node and its link.
std::vector<Step> make_node_steps(const ExpectedNode& node, const std::string& dev);

}  // namespace outboard::doctor
