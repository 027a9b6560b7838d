// SPDX-License-Identifier: Apache-2.0
// The plan for a person and as JSON: what `outboard explain` prints.
#pragma once

#include <string>

#include "base/json.h"
#include "plan/plan.h"

namespace outboard::render {

/// One line a record: kind, what, and why.
std::string plan_text(const plan::Plan& plan);
/// Stable member names: nodes, mounts, cache, environment, groups, charLinks, notes, simulated.
json::Value plan_json(const plan::Plan& plan);

}  // namespace outboard::render
