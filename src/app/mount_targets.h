// SPDX-License-Identifier: Apache-2.0
// The places in a container's root where the low-level runtime will mount the driver's files. It
// makes what is missing (empty files and directories) and leaves them behind, so what will be made
// is written down first and taken away again at the end.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/root.h"
#include "plan/plan.h"

namespace outboard::app {

/// What does not exist yet and will be made, and what an earlier start left behind empty: paths
/// inside the root, directories before what lies in them.
struct MissingTargets {
  std::vector<std::string> files;
  std::vector<std::string> directories;
};

/// Looks at every mount target of the plan. A symbolic link that leads nowhere (debris of another
/// driver) is removed if the root is a mount of its own that can be written: crun 1.8 cannot mount
/// over one. A root that cannot be written and lacks targets is an error that names them. By
/// directory descriptors inside the root; nothing of the root is followed outside.
Result<MissingTargets> prepare_targets(const Root& root, const plan::Plan& plan);

/// Takes away what was made: regular files that are still empty, then directories that are empty.
/// What somebody has used since stays, and what cannot be removed stays without an error.
void remove_targets(const Root& root, const MissingTargets& made);

}  // namespace outboard::app
