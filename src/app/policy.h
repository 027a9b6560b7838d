// SPDX-License-Identifier: Apache-2.0
// The administrator's policy file /etc/outboard/config.toml: where the driver is, who may ask for a
// GPU, which low-level runtime is used. Read once into a value; every key is checked and an unknown
// one is an error with its line.
#pragma once

#include <string>
#include <vector>

#include "app/compat_mode.h"
#include "base/result.h"
#include "host/facts.h"

namespace outboard::app {

constexpr const char* kPolicyPath = "/etc/outboard/config.toml";

struct Policy {
  host::Roots roots;  ///< [driver] root, dev-root, proc-root, sys-root
  bool any_owner =
      false;  ///< [driver] any-owner: files that others than root could change are used
  std::vector<std::string> low_level_runtimes = {
      "runc", "crun"};  ///< [runtime] low-level: names or absolute paths, first found wins
  std::string log;      ///< [runtime] log: a file that errors are also appended to
  std::string state_directory = "/run/outboard";  ///< [runtime] state-directory
  bool environment =
      true;  ///< [requests] environment: NVIDIA_VISIBLE_DEVICES counts when reached by name
  bool environment_as_default =
      false;  ///< [requests] environment-as-default: and when reached as the default runtime
  CompatMode compat = CompatMode::kAuto;  ///< [cuda] compat
  bool mount_list = true;                 ///< [requests] mount-list
  std::string nvml_helper;  ///< [nvml] helper: path of outboard-nvml; empty: the installed one
  int nvml_deadline_ms = 10'000;  ///< [nvml] deadline-ms
};

/// The defaults if the file does not exist. kDenied: root reads it and somebody else could have
/// written it. `root` under [driver] also moves dev, proc and sys
/// below it when it is a simulated machine's (outboard-sim.json lies in it) and they are not given.
Result<Policy> read_policy(const std::string& path);
Result<Policy> parse_policy(const std::string& text, const std::string& path);

/// Roots of a machine that lies in one directory, as `outboard sim create` makes it.
host::Roots roots_below(const std::string& directory);

}  // namespace outboard::app
