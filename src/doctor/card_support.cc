// SPDX-License-Identifier: Apache-2.0
#include "doctor/card_support.h"

#include "base/text.h"
#include "compat/verdict.h"

namespace outboard::doctor {

namespace {

const compat::CapabilityRow* row_of(const compat::Tables& tables,
                                    std::string_view compute_capability) {
  for (const compat::CapabilityRow& row : tables.capabilities) {
    if (row.compute_capability == compute_capability) return &row;
  }
  return nullptr;
}

std::string_view branch_of(std::string_view driver) {
  return driver.substr(0, driver.find('.'));
}

}  // namespace

std::optional<std::string> what_runs(const compat::Tables& tables,
                                     std::string_view compute_capability) {
  const compat::CapabilityRow* row = row_of(tables, compute_capability);
  if (!row) return std::nullopt;
  std::string text = row->last_toolkit.empty()
                         ? cat("CUDA ", row->first_toolkit, " and newer")
                         : cat("CUDA ", row->first_toolkit, " to ", row->last_toolkit);
  if (!row->last_branch.empty()) return cat(text, ", drivers up to branch ", row->last_branch);
  auto driver = compat::full_driver(tables, row->first_toolkit);
  return driver ? cat(text, ", drivers from ", *driver) : text;
}

std::optional<std::string> why_not_driven(const compat::Tables& tables,
                                          std::string_view compute_capability,
                                          std::string_view driver, std::string_view flavor) {
  const compat::CapabilityRow* row = row_of(tables, compute_capability);
  if (!row) return std::nullopt;
  if (!row->last_branch.empty() && compare_versions(branch_of(driver), row->last_branch) > 0)
    return cat("branch ", row->last_branch, " was the last for ", row->architecture);
  // Open kernel modules need the GPU's own processor, which came with Turing (7.5).
  if (flavor == "open" && compare_versions(compute_capability, "7.5") < 0)
    return cat("the open kernel modules drive Turing and newer, not ", row->architecture);
  if (flavor == "proprietary" && compare_versions(compute_capability, "10.0") >= 0)
    return cat(row->architecture, " needs the open kernel modules");
  auto first = compat::full_driver(tables, row->first_toolkit);
  if (first && compare_versions(branch_of(driver), branch_of(*first)) < 0)
    return cat(row->architecture, " needs a driver of branch ", branch_of(*first), " or newer");
  return std::nullopt;
}

std::optional<std::string> branch_ended(const compat::Tables& tables, std::string_view driver,
                                        std::string_view month) {
  for (const compat::BranchRow& row : tables.branches) {
    if (row.branch != branch_of(driver) || row.end_of_life.empty() || month.empty()) continue;
    // "2026-06" and "2026-11" are in order as text.
    if (row.end_of_life.substr(0, 7) < month.substr(0, 7)) return std::string(row.end_of_life);
  }
  return std::nullopt;
}

}  // namespace outboard::doctor
