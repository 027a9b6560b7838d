// SPDX-License-Identifier: Apache-2.0
// What is wrong with CDI specifications. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "doctor/check.h"

namespace outboard::doctor {

/// Files and nodes that do not exist, other numbers, unreadable files, one device twice.
Findings findings_about(const std::vector<CdiSpec>& specs);
/// Libraries of another driver than the loaded module.
Findings version_findings(const std::vector<CdiSpec>& specs,
                          const std::optional<std::string>& module_version);
/// Files of `specs` that lie in none of those places ("'/etc/cdi/nvidia.yaml'"), or empty text.
std::string unread_specs(const std::vector<CdiSpec>& specs, const std::vector<std::string>& places);

}  // namespace outboard::doctor
