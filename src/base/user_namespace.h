// SPDX-License-Identifier: Apache-2.0
// Which ids exist in a user namespace (user_namespaces(7)).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace outboard {

/// `count` ids from `inside` on are those from `outside` on in the parent namespace.
struct IdRange {
  uint32_t inside = 0;
  uint32_t outside = 0;
  uint32_t count = 0;

  bool operator==(const IdRange&) const = default;
};

/// The lines of /proc/PID/uid_map or gid_map; what is no such line is left out.
std::vector<IdRange> parse_id_map(std::string_view text);

/// Whether `id` exists inside.
bool is_mapped(const std::vector<IdRange>& ranges, uint32_t id);

}  // namespace outboard
