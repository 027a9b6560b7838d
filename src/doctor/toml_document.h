// SPDX-License-Identifier: Apache-2.0
// A TOML document as a value to look things up in: engines' configuration files.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace outboard::doctor {

/// Dates become null. kUsage: no TOML, with file and line.
Result<json::Value> parse_toml(std::string_view text, const std::string& file);

}  // namespace outboard::doctor
