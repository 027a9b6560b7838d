// SPDX-License-Identifier: Apache-2.0
#include "compat/forward.h"

#include <algorithm>

#include "base/text.h"
#include "compat/verdict.h"
#include "compat/versions.h"

namespace outboard::compat {

bool is_allowed(const ForwardRow& row) {
  return row.status == "compatible" || row.status == "allowed_by_image_require";
}

bool may_use_forward(GpuClass gpu_class) {
  return gpu_class == GpuClass::kDataCenter || gpu_class == GpuClass::kNgcReady;
}

const ForwardRow* forward_row(const Tables& tables, std::string_view cuda,
                              std::string_view branch) {
  for (const ForwardRow& row : tables.forward) {
    if (row.cuda == cuda && row.branch == branch) return &row;
  }
  return nullptr;
}

ForwardAnswer judge_forward(const Tables& tables, std::string_view compat_version,
                            std::string_view driver, const std::vector<GpuTraits>& gpus) {
  ForwardAnswer answer;
  if (!is_version(compat_version) || !is_version(driver)) {
    answer.reason = "its version is not in its file name";
    return answer;
  }
  std::string remark;
  if (auto cuda = cuda_of_driver(tables, compat_version)) {
    answer.cuda = cuda->text;
    if (cuda->at_least)
      remark = cat("; they are of driver ", compat_version,
                   ", which is not in the tables, and were taken for CUDA ", cuda->text);
  }
  if (compare_padded(compat_version, driver) <= 0) {
    answer.reason = cat("the host's driver ", driver, " is not older");
    return answer;
  }
  answer.loadable = true;
  std::string_view branch = major_of(driver);
  const ForwardRow* row = forward_row(tables, answer.cuda, branch);
  if (!row || !is_allowed(*row)) {
    answer.reason = cat("the support matrix does not allow the libraries of CUDA ",
                        answer.cuda.empty() ? std::string("?") : answer.cuda, " on driver branch ",
                        branch, row ? "" : " (it has no such row)");
    return answer;
  }
  for (const GpuTraits& gpu : gpus) {
    if (may_use_forward(gpu.gpu_class)) continue;
    answer.reason = cat("forward compatibility is for data center GPUs, and ", gpu.label, " is ",
                        gpu_class_name(gpu.gpu_class));
    return answer;
  }
  answer.allowed = true;
  answer.reason =
      cat("the support matrix allows ", row->package, " on driver branch ", branch, remark);
  return answer;
}

std::vector<std::string> forward_releases(const Tables& tables, std::string_view driver,
                                          const std::vector<GpuTraits>& gpus, bool forced) {
  std::vector<std::string> releases;
  if (!is_version(driver) || gpus.empty()) return releases;
  auto add = [&](std::string_view release) {
    if (std::find(releases.begin(), releases.end(), release) == releases.end())
      releases.emplace_back(release);
  };
  std::string_view branch = major_of(driver);
  bool may = std::all_of(gpus.begin(), gpus.end(),
                         [](const GpuTraits& gpu) { return may_use_forward(gpu.gpu_class); });
  for (const ForwardRow& row : tables.forward) {
    if (may && row.branch == branch && is_allowed(row)) add(row.cuda);
  }
  for (const BranchRow& row : tables.branches) {
    if (forced && compare_padded(row.branch, branch) >= 0) add(row.cuda);
  }
  std::sort(releases.begin(), releases.end(),
            [](const std::string& a, const std::string& b) { return compare_padded(a, b) < 0; });
  return releases;
}

}  // namespace outboard::compat
