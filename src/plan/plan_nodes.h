// SPDX-License-Identifier: Apache-2.0
// Rules for the device nodes of a plan: control devices, the chosen GPUs, their DRM nodes and MIG
// capability devices, and the groups that may open them.
#pragma once

#include "base/result.h"
#include "device/inventory.h"
#include "device/request.h"
#include "device/select.h"
#include "host/facts.h"
#include "plan/plan.h"

namespace outboard::plan {

/// Adds to `plan` the nodes that `selection` needs with `capabilities`, the links below /dev/char
/// that the host lacks for them, and the groups that a process of the container must be in to open
/// them. Error: a node is needed that is neither there nor can be made, because its module is not
/// loaded; `plan` is then half filled and to be thrown away.
Result<void> add_nodes(Plan& plan, const host::Facts& facts, const device::Inventory& inventory,
                       const device::Selection& selection, device::Capabilities capabilities);

}  // namespace outboard::plan
