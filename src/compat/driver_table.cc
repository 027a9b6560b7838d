// SPDX-License-Identifier: Apache-2.0
#include "compat/driver_table.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"

namespace outboard::compat {

namespace {

struct Branch {
  uint32_t number;
  std::string_view cuda;
};

// Sorted by number.
constexpr Branch kBranches[] = {
#include "compat/driver_rows.inc"
};

}  // namespace

std::optional<HighestCuda> highest_cuda(std::string_view driver_version) {
  auto number = parse_number<uint32_t>(driver_version.substr(0, driver_version.find('.')));
  if (!number) return std::nullopt;
  const auto* above =
      std::upper_bound(std::begin(kBranches), std::end(kBranches), *number,
                       [](uint32_t wanted, const Branch& row) { return wanted < row.number; });
  if (above == std::begin(kBranches)) return std::nullopt;
  const Branch& row = *std::prev(above);
  return HighestCuda{row.cuda, row.number != *number};
}

}  // namespace outboard::compat
