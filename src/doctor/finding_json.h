// SPDX-License-Identifier: Apache-2.0
// Findings as JSON: what `outboard doctor --json` prints, and what the child process that runs the
// checks sends. Pure.
#pragma once

#include "base/json.h"
#include "doctor/check.h"

namespace outboard::doctor {

/// {"severity", "what", "consequence", "mend", "steps": [["ln", ...]], "afterwards" if any}; texts
/// that fall back on the check's own are filled in where something is wrong.
json::Value finding_to_json(const Check& check, const Finding& finding);
/// What finding_to_json wrote; anything else becomes an unknown finding.
Finding finding_from_json(const json::Value& value);

}  // namespace outboard::doctor
