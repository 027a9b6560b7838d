// SPDX-License-Identifier: Apache-2.0
#include "compat/gpu_code.h"

#include "base/text.h"
#include "compat/csv.h"
#include "compat/requirement.h"
#include "compat/versions.h"

namespace outboard::compat {

bool is_embedded(const Tables& tables, std::string_view compute_capability) {
  for (const CapabilityRow& row : tables.capabilities) {
    if (row.compute_capability != compute_capability) continue;
    for (std::string_view family : {"Jetson", "Tegra", "embedded"}) {
      if (row.products.find(family) != std::string_view::npos) return true;
    }
  }
  return false;
}

GpuCode gpu_code(const Tables& tables, std::string_view architectures,
                 const std::optional<std::string>& compute_capability) {
  if (!compute_capability || !is_version(*compute_capability)) return GpuCode::kUnknown;
  const std::string& gpu = *compute_capability;
  bool exact = is_embedded(tables, gpu), any = false, ptx = false;
  for (std::string_view item : words(architectures.substr(0, architectures.find('(')))) {
    size_t plus = item.find('+');
    std::string_view built = item.substr(0, plus);
    if (!is_version(built)) continue;
    any = true;
    int order = compare_padded(built, gpu);
    bool same_kind = !exact && !is_embedded(tables, built);
    if (order == 0 || (order < 0 && same_kind && major_of(built) == major_of(gpu)))
      return GpuCode::kNative;
    if (order < 0 && plus != std::string_view::npos) ptx = true;
  }
  if (!any) return GpuCode::kUnknown;
  return ptx ? GpuCode::kPtx : GpuCode::kNone;
}

bool makes_code(const Tables& tables, std::string_view release, std::string_view capability) {
  bool exact = is_embedded(tables, capability);
  for (const CapabilityRow& row : tables.capabilities) {
    int order = compare_padded(row.compute_capability, capability);
    bool covers =
        order == 0 || (order < 0 && !exact && !is_embedded(tables, row.compute_capability) &&
                       major_of(row.compute_capability) == major_of(capability));
    if (covers && compare_padded(row.first_toolkit, release) <= 0 &&
        (row.last_toolkit.empty() || compare_padded(row.last_toolkit, release) >= 0))
      return true;
  }
  return false;
}

}  // namespace outboard::compat
