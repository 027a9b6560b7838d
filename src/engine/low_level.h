// SPDX-License-Identifier: Apache-2.0
// Which low-level runtime the built-in engine starts. crun is some 20 ms faster than runc; it
// refuses hosts with hybrid cgroups ("cgroups in hybrid mode not supported", crun 1.8 to 1.21),
// which the type of two file systems tells beforehand.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace outboard::engine {

enum class CgroupMode {
  kUnified,  ///< cgroup2 at /sys/fs/cgroup
  kHybrid,   ///< cgroup v1, and cgroup2 at /sys/fs/cgroup/unified
  kLegacy,   ///< cgroup v1
};

CgroupMode cgroup_mode(const std::string& cgroup_root = "/sys/fs/cgroup");

struct LowLevel {
  std::string path;
  CgroupMode cgroups = CgroupMode::kUnified;
  std::string reason;  ///< why this one, for a person

  /// The program with the options that stand before its command. Without root it manages no
  /// cgroups: none is the user's to change.
  std::vector<std::string> command(bool rootless) const;
};

/// kNotFound: neither is installed; kUnsupported: only crun is, on a host with hybrid cgroups.
Result<LowLevel> choose_low_level();

}  // namespace outboard::engine
