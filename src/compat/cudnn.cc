// SPDX-License-Identifier: Apache-2.0
#include "compat/cudnn.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "compat/csv.h"
#include "compat/requirement.h"
#include "compat/versions.h"

namespace outboard::compat {

namespace {

// The versions of a row, "7.6.4-7.6.5" or one, and its CUDA versions: "10.1u2,10.2,11.0",
// "12.0-12.9" or "12" (any of that major version).
struct Range {
  std::string_view first, last;
};

Range range_of(std::string_view text) {
  size_t dash = text.find('-');
  std::string_view first = text.substr(0, dash);
  return {first, dash == std::string_view::npos ? first : text.substr(dash + 1)};
}

Range cuda_range(std::string_view item) {
  item = trim(item);
  return range_of(item.substr(0, item.find('u')));
}

bool is_range(const Range& range) {
  return is_version(range.first) && is_version(range.last);
}

// Which item of a row's CUDA versions a release is.
std::optional<size_t> item_of_cuda(std::string_view list, std::string_view cuda) {
  auto items = split(list, ',');
  for (size_t i = 0; i < items.size(); i++) {
    Range range = cuda_range(items[i]);
    if (!is_range(range)) continue;
    bool major_alone = is_digits(range.first) && range.first == major_of(cuda);
    if (major_alone ||
        (compare_padded(cuda, range.first) >= 0 && compare_padded(cuda, range.last) <= 0))
      return i;
  }
  return std::nullopt;
}

std::vector<std::string> majors_of(std::string_view list) {
  std::vector<std::string> majors;
  for (std::string_view item : split(list, ',')) {
    Range range = cuda_range(item);
    if (!is_range(range)) continue;
    for (std::string_view end : {range.first, range.last}) {
      if (std::find(majors.begin(), majors.end(), major_of(end)) == majors.end())
        majors.emplace_back(major_of(end));
    }
  }
  return majors;
}

std::string first_numbers(std::string_view version, size_t count) {
  auto parts = split(version, '.');
  std::vector<std::string> kept;
  for (size_t i = 0; i < parts.size() && i < count; i++) kept.emplace_back(parts[i]);
  return join(kept, ".");
}

// Orders a version of the tables against one that may be a release alone: "9.13.1.26" is "9.13".
int order_to(std::string_view version, std::string_view wanted) {
  bool same = split(wanted, '.').size() < 3 && begins_with_numbers(version, wanted);
  return same ? 0 : compare_padded(version, wanted);
}

// The newest that is not newer than `wanted`, else the oldest. "9.10.2" of a support matrix is
// every 9.10.2.N.
bool is_nearer(std::string_view version, std::string_view than, std::string_view wanted) {
  bool above = order_to(version, wanted) > 0, than_above = order_to(than, wanted) > 0;
  if (above != than_above) return than_above;
  int order = compare_padded(version, than);
  return above ? order < 0 : order > 0;
}

// "418.39/440/450" has one for each CUDA version, "3.0" one for all.
std::string item_or_only(std::string_view list, size_t item) {
  auto items = split(list, '/');
  if (items.empty()) return "";
  return std::string(items[item < items.size() ? item : 0]);
}

// The first and the last cuDNN with a package for a major version of CUDA.
struct Packages {
  std::string cuda;  ///< "12"
  std::string first, last;
};

std::vector<Packages> packages_of(const Tables& tables) {
  std::vector<Packages> all;
  for (const CudnnRow& row : tables.cudnn) {
    Range range = range_of(row.cudnn);
    if (!is_range(range)) continue;
    for (const std::string& cuda : majors_of(row.cuda)) {
      auto at = std::find_if(all.begin(), all.end(),
                             [&](const Packages& one) { return one.cuda == cuda; });
      if (at == all.end()) at = all.insert(all.end(), {cuda, "", ""});
      if (at->first.empty() || compare_padded(range.first, at->first) < 0) at->first = range.first;
      if (at->last.empty() || compare_padded(range.last, at->last) > 0) at->last = range.last;
    }
  }
  std::sort(all.begin(), all.end(), [](const Packages& a, const Packages& b) {
    return compare_padded(a.cuda, b.cuda) < 0;
  });
  return all;
}

std::string newest_cudnn(const std::vector<Packages>& all) {
  std::string newest = "0";
  for (const Packages& one : all) {
    if (compare_padded(one.last, newest) > 0) newest = one.last;
  }
  return newest;
}

// Compares as far as the wish goes, releases ("9.13") at most: the tables leave patches out.
int order_of_release(std::string_view version, std::string_view wanted) {
  size_t count = std::min<size_t>(2, split(wanted, '.').size());
  return compare_padded(first_numbers(version, count), first_numbers(wanted, count));
}

// The tables have the first and the last package for CUDA 11 and newer, and all of cuDNN 9; what
// came before has gaps (cuDNN 7.1 for CUDA 8.0, 8.7 for CUDA 10.2).
bool is_complete(std::string_view cudnn, std::string_view cuda) {
  return compare_padded(major_of(cuda), "11") >= 0 || compare_padded(major_of(cudnn), "9") >= 0;
}

std::string or_list(const std::vector<std::string>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); i++) {
    std::string_view between = i + 1 == words.size() ? " or " : ", ";
    text += cat(i == 0 ? "" : between, words[i]);
  }
  return text;
}

// True if no package of this cuDNN is for this major version of CUDA; `out` says what would do.
bool is_for_other_cuda(const std::vector<Packages>& all, std::string_view cudnn,
                       std::string_view cuda, Judgement& out) {
  const Packages* own = nullptr;
  std::vector<std::string> fitting;
  for (const Packages& one : all) {
    if (one.cuda == major_of(cuda)) own = &one;
    if (order_of_release(one.first, cudnn) <= 0 && order_of_release(one.last, cudnn) >= 0)
      fitting.push_back(one.cuda);
  }
  if (!own || !is_complete(cudnn, cuda)) return false;
  bool before = order_of_release(own->first, cudnn) > 0;
  bool after =
      order_of_release(own->last, cudnn) < 0 && compare_padded(own->last, newest_cudnn(all)) < 0;
  if (!before && !after) return false;
  std::string edge = first_numbers(before ? own->first : own->last, 3);
  out.verdict = Verdict::kNo;
  out.reason = cat("there is no cuDNN ", cudnn, " for CUDA ", own->cuda, ": the ",
                   before ? "first" : "last", " one is ", edge);
  out.ways_out.push_back(cat("cuDNN ", edge, before ? " or newer" : " or older"));
  if (!fitting.empty()) out.ways_out.push_back(cat("CUDA ", or_list(fitting), ", which it is for"));
  return true;
}

}  // namespace

std::optional<CudnnNeeds> cudnn_needs(const Tables& tables, std::string_view cudnn,
                                      std::string_view cuda) {
  if (!is_version(cudnn) || !is_version(cuda)) return std::nullopt;
  const CudnnRow* best = nullptr;
  std::string_view best_first;
  size_t best_item = 0;
  for (const CudnnRow& row : tables.cudnn) {
    std::string_view first = range_of(row.cudnn).first;
    if (!is_version(first) || major_of(first) != major_of(cudnn)) continue;
    auto item = item_of_cuda(row.cuda, cuda);
    if (!item || (best && !is_nearer(first, best_first, cudnn))) continue;
    best = &row;
    best_first = first;
    best_item = *item;
  }
  if (!best) return std::nullopt;
  return CudnnNeeds{std::string(best_first), item_or_only(best->min_driver, best_item),
                    item_or_only(best->min_compute_capability, best_item),
                    std::string(best->source)};
}

CudnnAnswer judge_cudnn(const Tables& tables, std::string_view cudnn, std::string_view cuda,
                        const std::string& driver, const GpuTraits& gpu) {
  CudnnAnswer answer;
  Judgement& out = answer.judgement;
  const std::vector<Packages> packages = packages_of(tables);
  const std::string release = release_of(cuda);
  if (!is_version(cudnn) || !is_version(cuda)) {
    answer.fault = CudnnFault::kNotInTables;
    out.reason = cat("cuDNN ", printable(cudnn, 40), " is no version that the tables could have");
    return answer;
  }
  if (is_for_other_cuda(packages, cudnn, cuda, out)) {
    answer.fault = CudnnFault::kCuda;
    return answer;
  }
  answer.needs = cudnn_needs(tables, cudnn, release);
  const std::string newest = newest_cudnn(packages);
  bool is_newer = order_of_release(newest, cudnn) < 0;
  if (!answer.needs && !is_newer) {
    answer.fault = CudnnFault::kNotInTables;
    out.reason = cat("the tables have no cuDNN ", cudnn, " for CUDA ", release);
    return answer;
  }
  const CudnnNeeds needs = answer.needs.value_or(CudnnNeeds{});
  out.source = needs.source;
  const auto& capability = gpu.compute_capability;
  if (capability && is_version(*capability) && is_version(needs.min_compute_capability) &&
      compare_padded(*capability, needs.min_compute_capability) < 0) {
    answer.fault = CudnnFault::kGpu;
    out.verdict = Verdict::kNo;
    out.reason = cat("it has no code for ", gpu.label, ", compute capability ", *capability,
                     ": it begins with ", needs.min_compute_capability);
    out.ways_out = {"an image with an older cuDNN"};
  } else if (is_version(driver) && is_version(needs.min_driver) &&
             compare_padded(driver, needs.min_driver) < 0) {
    answer.fault = CudnnFault::kDriver;
    out.verdict = Verdict::kNo;
    out.reason = cat("it needs driver ", needs.min_driver, " at least, and this one is ", driver);
    out.ways_out = {cat("a driver of version ", needs.min_driver, " or newer")};
  } else if (is_newer) {
    answer.fault = CudnnFault::kNewer;
    out.reason = cat("cuDNN ", cudnn, " is newer than the tables (their newest is ",
                     first_numbers(newest, 3), "), so it was not checked");
  } else {
    out.verdict = Verdict::kFull;
    out.reason = cat("driver ", driver, " and ", gpu.label, " are new enough for it");
  }
  return answer;
}

}  // namespace outboard::compat
