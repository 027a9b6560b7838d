// SPDX-License-Identifier: Apache-2.0
// What doctor says of Outboard's own files: the policy and the rows of compat.d, read by the
// functions that the runtime and the commands use.
#pragma once

#include <string>

#include "app/policy.h"
#include "doctor/own_facts.h"

namespace outboard::cli {

/// Reads etc/outboard below `system`, and where that is "/" the user's own directory of rows too.
void read_own_files(const std::string& system, doctor::OwnFacts& own);

/// The policy with the usual places where its own do not exist: doctor reports those and looks at
/// the rest of the machine.
app::Policy existing_roots(app::Policy policy);

}  // namespace outboard::cli
