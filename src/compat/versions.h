// SPDX-License-Identifier: Apache-2.0
// Parts of version numbers: of CUDA ("12.8.1"), drivers ("570.124.06"), libraries.
#pragma once

#include <string>
#include <string_view>

#include "base/text.h"

namespace outboard::compat {

/// "570.124.06": "570"; of a driver that is its branch.
inline std::string_view major_of(std::string_view version) {
  return version.substr(0, version.find('.'));
}

/// "12.8.1": "12.8"; "12": "12.0".
inline std::string release_of(std::string_view version) {
  auto parts = split(version, '.');
  return parts.size() < 2 ? cat(version, ".0") : cat(parts[0], ".", parts[1]);
}

/// Is "9.13.1" of "9.13"?
inline bool begins_with_numbers(std::string_view version, std::string_view start) {
  return version.substr(0, start.size()) == start &&
         (version.size() == start.size() || version[start.size()] == '.');
}

}  // namespace outboard::compat
