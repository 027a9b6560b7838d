// SPDX-License-Identifier: Apache-2.0
// What must be so on the host before a container starts: modules loaded, nodes and /dev/char links
// there. Only as real root; elsewhere it is an error that names the command.
#pragma once

#include <string>

#include "base/privilege.h"
#include "base/result.h"
#include "device/request.h"
#include "host/facts.h"
#include "plan/plan.h"

namespace outboard::app {

using outboard::is_real_root;

/// On a cold machine (module not loaded, or nvidia-uvm wanted and unknown to the kernel) runs the
/// driver root's own nvidia-modprobe with an empty environment. True if it ran, so that the facts
/// must be read again. Never on a simulated machine.
bool load_modules(const host::Facts& facts, device::Capabilities capabilities);

/// Makes the plan's missing nodes with mknod and the missing /dev/char links. Links are best
/// effort; a node that cannot be made is an error that names the command which makes it.
Result<void> prepare_host(const plan::Plan& plan, const host::Facts& facts);

}  // namespace outboard::app
