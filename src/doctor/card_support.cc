// SPDX-License-Identifier: Apache-2.0
#include "doctor/card_support.h"

#include <algorithm>

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

// A branch that NVIDIA maintains after the next one appeared.
bool is_long(const compat::BranchRow& row) {
  return row.kind == "PB" || row.kind.starts_with("LTS");
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

std::optional<DriverNeed> driver_need(const compat::Tables& tables,
                                      std::string_view compute_capability) {
  const compat::CapabilityRow* row = row_of(tables, compute_capability);
  if (!row) return std::nullopt;
  DriverNeed need;
  need.architecture = std::string(row->architecture);
  need.first = compat::full_driver(tables, row->first_toolkit);
  if (!row->last_branch.empty()) need.last = std::string(row->last_branch);
  if (compare_versions(compute_capability, "7.5") < 0)
    need.modules = DriverNeed::Modules::kProprietary;
  if (compare_versions(compute_capability, "10.0") >= 0) need.modules = DriverNeed::Modules::kOpen;
  return need;
}

std::optional<std::string> branch_to_choose(const compat::Tables& tables,
                                            const std::vector<DriverNeed>& needs,
                                            std::string_view month) {
  const compat::BranchRow* best = nullptr;
  std::optional<std::string> last;
  for (const DriverNeed& need : needs) {
    if (need.last && (!last || compare_versions(*need.last, *last) < 0)) last = need.last;
  }
  for (const compat::BranchRow& row : tables.branches) {
    bool drives = std::all_of(needs.begin(), needs.end(), [&](const DriverNeed& need) {
      return !need.first || compare_versions(row.branch, compat::major_of(*need.first)) >= 0;
    });
    if (!drives || (last && compare_versions(row.branch, *last) > 0)) continue;
    if (!is_long(row)) continue;
    if (row.end_of_life.substr(0, 7) < month.substr(0, 7)) continue;
    if (!best || best->end_of_life < row.end_of_life) best = &row;
  }
  return best ? std::string(best->branch) : last;
}

std::optional<std::string> why_not_driven(const compat::Tables& tables,
                                          std::string_view compute_capability,
                                          std::string_view driver, std::string_view flavor) {
  auto need = driver_need(tables, compute_capability);
  if (!need) return std::nullopt;
  if (need->last && compare_versions(compat::major_of(driver), *need->last) > 0)
    return cat("branch ", *need->last, " was the last for ", need->architecture);
  if (flavor == "open" && need->modules == DriverNeed::Modules::kProprietary)
    return cat("the open kernel modules drive Turing and newer, not ", need->architecture);
  if (flavor == "proprietary" && need->modules == DriverNeed::Modules::kOpen)
    return cat(need->architecture, " needs the open kernel modules");
  if (need->first && compare_versions(compat::major_of(driver), compat::major_of(*need->first)) < 0)
    return cat(need->architecture, " needs a driver of branch ", compat::major_of(*need->first),
               " or newer");
  return std::nullopt;
}

std::optional<std::string> branch_ended(const compat::Tables& tables, std::string_view driver,
                                        std::string_view month) {
  const compat::BranchRow* own = nullptr;
  for (const compat::BranchRow& row : tables.branches) {
    if (row.branch == compat::major_of(driver)) own = &row;
  }
  if (!own || month.empty()) return std::nullopt;
  // "2026-06" and "2026-11" are in order as text.
  auto over = [&](const compat::BranchRow& row) {
    return !row.end_of_life.empty() && row.end_of_life.substr(0, 7) < month.substr(0, 7);
  };
  if (over(*own)) return cat("ended in ", own->end_of_life);
  if (!own->end_of_life.empty()) return std::nullopt;
  // Nobody wrote down when it ended: a production branch at the latest before a newer one did.
  bool maintained = is_long(*own);
  const compat::BranchRow* next = nullptr;
  for (const compat::BranchRow& row : tables.branches) {
    if (compare_versions(row.branch, own->branch) <= 0 || row.kind == "dev") continue;
    if (maintained && (!is_long(row) || !over(row))) continue;
    if (!next || compare_versions(row.branch, next->branch) < 0) next = &row;
  }
  if (!next) return std::nullopt;
  if (maintained) return cat("ended before ", next->end_of_life);
  return cat("ended when branch ", next->branch, " appeared",
             own->kind == "NFB" ? ", as new-feature branches do" : "");
}

std::optional<std::string> branch_end(const compat::Tables& tables, std::string_view branch) {
  for (const compat::BranchRow& row : tables.branches) {
    if (row.branch == branch && !row.end_of_life.empty()) return std::string(row.end_of_life);
  }
  return std::nullopt;
}

}  // namespace outboard::doctor
