// SPDX-License-Identifier: Apache-2.0
#include "doctor/card_support.h"

#include "base/text.h"
#include "compat/card_frameworks.h"
#include "compat/verdict.h"
#include "compat/versions.h"

namespace outboard::doctor {

namespace {

const compat::CapabilityRow* row_of(const compat::Tables& tables,
                                    std::string_view compute_capability) {
  for (const compat::CapabilityRow& row : tables.capabilities) {
    if (row.compute_capability == compute_capability) return &row;
  }
  return nullptr;
}

// "PyTorch 2.14.0 (CUDA 12.6), TensorFlow up to 2.16.1 (CUDA 12.3)"
std::string frameworks_for(const compat::Tables& tables, std::string_view compute_capability) {
  std::vector<std::string> known;
  for (compat::Framework framework :
       {compat::Framework::kPytorch, compat::Framework::kTensorflow, compat::Framework::kJax}) {
    auto found = compat::newest_for_card(tables, framework, compute_capability);
    if (!found) continue;
    known.push_back(cat(compat::framework_name(framework), found->newest ? " " : " up to ",
                        found->build.version, " (CUDA ", found->build.cuda,
                        found->code == compat::GpuCode::kPtx ? ", PTX alone)" : ")"));
  }
  return known.empty() ? "no package of PyTorch, TensorFlow or JAX" : join(known, ", ");
}

}  // namespace

std::optional<std::string> what_runs(const compat::Tables& tables,
                                     std::string_view compute_capability) {
  const compat::CapabilityRow* row = row_of(tables, compute_capability);
  if (!row) return std::nullopt;
  std::string text = row->last_toolkit.empty()
                         ? cat("CUDA ", row->first_toolkit, " and newer")
                         : cat("CUDA ", row->first_toolkit, " to ", row->last_toolkit);
  if (!row->last_branch.empty()) {
    auto first = compat::first_branch(tables, compute_capability);
    text += first && *first != row->last_branch
                ? cat(", drivers of branch ", *first, " to ", row->last_branch)
                : cat(", drivers up to branch ", row->last_branch);
  } else if (auto driver = compat::full_driver(tables, row->first_toolkit)) {
    text += cat(", drivers from ", *driver);
  }
  return cat(text, ", ", frameworks_for(tables, compute_capability));
}

std::optional<std::string> last_branch(const compat::Tables& tables,
                                       std::string_view compute_capability) {
  const compat::CapabilityRow* row = row_of(tables, compute_capability);
  if (!row || row->last_branch.empty()) return std::nullopt;
  return std::string(row->last_branch);
}

std::optional<std::string> why_not_driven(const compat::Tables& tables,
                                          std::string_view compute_capability,
                                          std::string_view driver, std::string_view flavor) {
  const compat::CapabilityRow* row = row_of(tables, compute_capability);
  if (!row) return std::nullopt;
  if (!row->last_branch.empty() && compare_versions(compat::major_of(driver), row->last_branch) > 0)
    return cat("branch ", row->last_branch, " was the last for ", row->architecture);
  // Open kernel modules need the GPU's own processor, which came with Turing (7.5).
  if (flavor == "open" && compare_versions(compute_capability, "7.5") < 0)
    return cat("the open kernel modules drive Turing and newer, not ", row->architecture);
  if (flavor == "proprietary" && compare_versions(compute_capability, "10.0") >= 0)
    return cat(row->architecture, " needs the open kernel modules");
  auto first = compat::full_driver(tables, row->first_toolkit);
  if (first && compare_versions(compat::major_of(driver), compat::major_of(*first)) < 0)
    return cat(row->architecture, " needs a driver of branch ", compat::major_of(*first),
               " or newer");
  return std::nullopt;
}

std::optional<std::string> branch_ended(const compat::Tables& tables, std::string_view driver,
                                        std::string_view month) {
  for (const compat::BranchRow& row : tables.branches) {
    if (row.branch != compat::major_of(driver) || row.end_of_life.empty() || month.empty())
      continue;
    // "2026-06" and "2026-11" are in order as text.
    if (row.end_of_life.substr(0, 7) < month.substr(0, 7)) return std::string(row.end_of_life);
  }
  return std::nullopt;
}

}  // namespace outboard::doctor
