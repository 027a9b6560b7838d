// SPDX-License-Identifier: Apache-2.0
// Where the other programs of the product are: beside the one that runs, or in its libexec.
#pragma once

#include <optional>
#include <string>

namespace outboard::engine {

/// Absolute path of "outboard-runtime" and its like; nothing if it is in none of the places.
std::optional<std::string> find_own_program(const std::string& name);

}  // namespace outboard::engine
