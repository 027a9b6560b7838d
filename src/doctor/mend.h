// SPDX-License-Identifier: Apache-2.0
// Runs the commands of a mend.
#pragma once

#include <string>

#include "base/result.h"
#include "doctor/check.h"

namespace outboard::doctor {

/// Runs one command to its end: its program from the system's directories, PATH and LC_ALL alone in
/// its environment, a minute's time. The error holds what the program said.
Result<void> run_step(const Step& step);

/// The steps in order; stops at the first that fails.
Result<void> run_steps(const std::vector<Step>& steps);

}  // namespace outboard::doctor
