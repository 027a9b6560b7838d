// SPDX-License-Identifier: Apache-2.0
#include "base/user_namespace.h"

#include <algorithm>

#include "base/text.h"

namespace outboard {

std::vector<IdRange> parse_id_map(std::string_view text) {
  std::vector<IdRange> ranges;
  for (std::string_view line : split(text, '\n')) {
    auto fields = words(line);
    if (fields.size() != 3) continue;
    auto inside = parse_number<uint32_t>(fields[0]);
    auto outside = parse_number<uint32_t>(fields[1]);
    auto count = parse_number<uint32_t>(fields[2]);
    if (inside && outside && count) ranges.push_back({*inside, *outside, *count});
  }
  return ranges;
}

bool is_mapped(const std::vector<IdRange>& ranges, uint32_t id) {
  return std::any_of(ranges.begin(), ranges.end(), [id](const IdRange& range) {
    return id >= range.inside && id - range.inside < range.count;
  });
}

}  // namespace outboard
