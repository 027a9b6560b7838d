// SPDX-License-Identifier: Apache-2.0
#include "compat/card_frameworks.h"

#include "base/text.h"
#include "compat/requirement.h"

namespace outboard::compat {

std::optional<CardFramework> newest_for_card(const Tables& tables, Framework framework,
                                             std::string_view compute_capability) {
  std::optional<CardFramework> best, newest;
  const std::string capability(compute_capability);
  auto is_newer = [](const FrameworkBuild& build, const std::optional<CardFramework>& than) {
    if (!than) return true;
    int order = compare_padded(build.version, than->build.version);
    return order > 0 || (order == 0 && compare_padded(build.cuda, than->build.cuda) > 0);
  };
  std::string last = "0";
  for (const FrameworkBuild& build : framework_builds(tables, framework)) {
    if (compare_padded(build.version, last) > 0) last = build.version;
    GpuCode code = gpu_code(tables, build.architectures, capability);
    if (code == GpuCode::kNative && is_newer(build, best)) best = CardFramework{build, code};
    if (code == GpuCode::kPtx && is_newer(build, newest)) newest = CardFramework{build, code};
  }
  if (!best && newest && newest->build.version == last) best = newest;
  if (best) best->newest = best->build.version == last;
  return best;
}

std::optional<std::string_view> first_branch(const Tables& tables,
                                             std::string_view compute_capability) {
  for (const CapabilityRow& row : tables.capabilities) {
    if (row.compute_capability != compute_capability) continue;
    const BranchRow* first = nullptr;
    bool reaches_back = false;
    for (const BranchRow& branch : tables.branches) {
      if (compare_padded(branch.cuda, row.first_toolkit) < 0) {
        reaches_back = true;
      } else if (!first || compare_padded(branch.branch, first->branch) < 0) {
        first = &branch;
      }
    }
    if (first && reaches_back) return first->branch;
  }
  return std::nullopt;
}

}  // namespace outboard::compat
