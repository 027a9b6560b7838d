// SPDX-License-Identifier: Apache-2.0
// Driver libraries that an image brings along. They match another kernel module than the host's,
// and they would be loaded before the host's where LD_LIBRARY_PATH names their directory (ld.so(8):
// it is searched before the cache), as CUDA's compat directories do.
#pragma once

#include <string>
#include <vector>

#include "base/root.h"
#include "plan/plan.h"

namespace outboard::engine {

/// Makes the host's driver win in this plan: where a directory of LD_LIBRARY_PATH (`environment`:
/// "NAME=value") or a compat directory of CUDA's holds a library that the plan provides, the host's
/// is mounted over it, too; a directory with nothing but driver libraries leaves LD_LIBRARY_PATH,
/// so that it need not even be looked into. A note says so, as for an image's own libraries at the
/// usual place. `volumes` are the container's other mount targets: nothing below them is looked at,
/// what is there comes from somewhere else than the root (untrusted). `missing` are targets of the
/// plan that are known not to be there, or to be empty, and need no look.
void overrule_image_drivers(const Root& root, const std::vector<std::string>& environment,
                            const std::vector<std::string>& volumes, plan::Plan& plan,
                            const std::vector<std::string>& missing = {});

/// The same as far as names tell, for an image whose files cannot be looked at: CUDA's compat
/// directories leave LD_LIBRARY_PATH, with a note. `environment` is the image's own; what a person
/// asked for stays.
void leave_out_compat_directories(const std::vector<std::string>& environment, plan::Plan& plan);

}  // namespace outboard::engine
