// SPDX-License-Identifier: Apache-2.0
#include "engine/low_level.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include "base/files.h"
#include "base/process.h"
#include "base/text.h"

namespace outboard::engine {

static bool is_cgroup2(const std::string& path) {
  struct statfs status;
  return ::statfs(path.c_str(), &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC;
}

CgroupMode cgroup_mode(const std::string& cgroup_root) {
  if (is_cgroup2(cgroup_root)) return CgroupMode::kUnified;
  return is_cgroup2(cgroup_root + "/unified") ? CgroupMode::kHybrid : CgroupMode::kLegacy;
}

std::vector<std::string> LowLevel::command(bool rootless) const {
  // runc sees it by itself, from the user namespace and the missing path.
  if (rootless && file_name_of(path) == "crun") return {path, "--cgroup-manager=disabled"};
  return {path};
}

Result<LowLevel> choose_low_level() {
  CgroupMode mode = cgroup_mode();
  auto crun = find_program("crun", &system_program_directories());
  if (crun && mode != CgroupMode::kHybrid) return LowLevel{*crun, mode, "crun is installed"};
  auto runc = find_program("runc", &system_program_directories());
  if (runc) {
    return LowLevel{*runc, mode,
                    crun ? "crun refuses hosts with hybrid cgroups" : "crun is not installed"};
  }
  if (crun) {
    return make_error(ErrorCode::kUnsupported,
                      cat("'", *crun, "' cannot run here: it refuses hosts with hybrid cgroups"),
                      "install runc");
  }
  return make_error(ErrorCode::kNotFound, "the built-in engine needs crun or runc",
                    "install one of them, for example with 'apt-get install crun'");
}

}  // namespace outboard::engine
