// SPDX-License-Identifier: Apache-2.0
#include "compat/framework.h"

#include <algorithm>

#include "base/text.h"
#include "compat/cudnn.h"
#include "compat/framework_builds.h"
#include "compat/versions.h"

namespace outboard::compat {

namespace {

std::string build_name(Framework framework, const FrameworkBuild& build,
                       const std::string& version) {
  return cat(framework_name(framework), " ", version, " with CUDA ", build.cuda);
}

// The release of a build that is meant by a wish: the wished one where the row is a range, and
// where a range begins in the wished release the one that it begins with.
std::string version_of(const FrameworkBuild& build, const std::string& wanted) {
  if (split(wanted, '.').size() != 2 || begins_with_numbers(build.version, wanted))
    return covers(build, wanted) ? wanted : build.version;
  if (begins_with_numbers(build.first, wanted)) return build.first;
  bool within =
      compare_padded(wanted, build.first) > 0 && compare_padded(wanted, build.version) < 0;
  return within ? wanted : build.version;
}

void remove_image_ways(Judgement& judgement) {
  std::erase_if(judgement.ways_out, [](const std::string& way) {
    return way.compare(0, kImageWay.size(), kImageWay) == 0;
  });
}

class FrameworkJudge {
 public:
  FrameworkJudge(const Tables& tables, const FrameworkWish& wish, const DriverTraits& driver,
                 const GpuTraits& gpu)
      : tables_(tables),
        wish_(wish),
        name_(framework_name(wish.framework)),
        driver_(driver),
        gpu_(gpu),
        builds_(framework_builds(tables, wish.framework)) {
    version_ = plain_version(wish.version);
    cuda_ = wish.cuda.empty() ? cuda_of_local_version(wish.version) : wish.cuda;
    auto parts = split(cuda_, '.');
    if (parts.size() > 2) cuda_ = cat(parts[0], ".", parts[1]);
  }

  FrameworkAnswer judge() {
    std::vector<const FrameworkBuild*> candidates = of_version();
    if (std::string platform = other_platform(wish_.version); !platform.empty())
      return judge_other_platform(platform, candidates);
    if (candidates.empty()) return judge_unknown();
    std::vector<const FrameworkBuild*> wished;
    for (const FrameworkBuild* build : candidates) {
      if (cuda_.empty() || has_cuda(*build, cuda_)) wished.push_back(build);
    }
    if (wished.empty()) return judge_other_cuda(candidates);
    const FrameworkBuild* best = pick(wished);
    FrameworkAnswer answer = judge_build(*best);
    if (!covers(*best, version_) && split(version_, '.').size() > 2) {
      answer.judgement.missing.push_back(
          cat(name_, " ", version_, " is not in the tables; taken as ", best->version));
    }
    if (answer.judgement.verdict == Verdict::kFull && answer.judgement.missing.empty())
      answer.judgement.ways_out.clear();
    if (answer.judgement.verdict <= Verdict::kForward || answer.code == GpuCode::kPtx ||
        lacks_cudnn_)
      add_other_releases(*best, answer);
    if (answer.judgement.verdict == Verdict::kNo && answer.judgement.ways_out.empty())
      answer.judgement.ways_out.push_back(last_resort());
    return answer;
  }

 private:
  // The builds of the wished version: exactly it, else the newest patch of its release.
  std::vector<const FrameworkBuild*> of_version() const {
    std::vector<const FrameworkBuild*> out;
    for (const FrameworkBuild& build : builds_) {
      if (covers(build, version_)) out.push_back(&build);
    }
    if (!out.empty() || !is_version(version_)) return out;
    auto parts = split(version_, '.');
    std::string release = cat(parts[0], ".", parts.size() > 1 ? parts[1] : "0");
    const FrameworkBuild* newest = nullptr;
    for (const FrameworkBuild& build : builds_) {
      bool same = parts.size() == 1 ? is_of_release(build, std::string(parts[0]))
                                    : is_of_release(build, release);
      if (!same) continue;
      if (!newest || compare_padded(build.version, newest->version) > 0) newest = &build;
    }
    for (const FrameworkBuild& build : builds_) {
      if (newest && build.version == newest->version) out.push_back(&build);
    }
    return out;
  }

  // The default one; where there is none, the one that runs best.
  const FrameworkBuild* pick(const std::vector<const FrameworkBuild*>& builds) {
    const FrameworkBuild* best = nullptr;
    Verdict verdict = Verdict::kNo;
    for (const FrameworkBuild* build : builds) {
      if (build->is_default) return build;
      Verdict here = judge_build(*build).judgement.verdict;
      bool as_good = here == verdict && best && best->is_doubtful >= build->is_doubtful;
      if (!best || here > verdict || as_good) {
        best = build;
        verdict = here;
      }
    }
    return best;
  }

  FrameworkAnswer judge_build(const FrameworkBuild& build) {
    FrameworkAnswer answer;
    answer.build = build;
    answer.version = version_of(build, version_);
    answer.code = gpu_code(tables_, build.architectures, gpu_.compute_capability);
    bool named = !is_digits(cuda_) && has_cuda(build, cuda_);
    std::string cuda = build.cuda_or_newer && named ? cuda_ : build.cuda;
    answer.judgement = judge_toolkit(tables_, cuda, driver_, gpu_, answer.code);
    Judgement& out = answer.judgement;
    remove_image_ways(out);
    if (!wish_.python.empty() && !has_python(build.python, wish_.python)) {
      out.verdict = Verdict::kNo;
      out.source = build.source;
      out.reason = cat(name_, " ", answer.version, " has no package for Python ", wish_.python,
                       ": it has them for ", build.python);
      out.missing.clear();
      out.ways_out.assign(1, cat("Python ", build.python));
    }
    if (answer.code == GpuCode::kNone) {
      out.verdict = Verdict::kNo;
      out.source = build.architectures_source.empty() ? build.source : build.architectures_source;
      out.missing.clear();
      out.reason = cat(name_, " ", answer.version, " for CUDA ", build.cuda, " has no code for ",
                       gpu_.label, ", compute capability ", *gpu_.compute_capability, " (it has ",
                       build.architectures, "): ",
                       wish_.framework == Framework::kTensorflow
                           ? "it passes the GPU over ('Ignoring visible gpu device') and computes "
                             "on the CPU"
                           : "'no kernel image is available for execution on the device'");
      out.ways_out.clear();
    }
    judge_cudnn(build, out);
    return answer;
  }

  // A published build has a cuDNN that goes with its CUDA.
  void judge_cudnn(const FrameworkBuild& build, Judgement& out) {
    lacks_cudnn_ = false;
    if (build.cudnn.empty()) return;
    CudnnAnswer answer =
        compat::judge_cudnn(tables_, build.cudnn, build.cuda, driver_.version, gpu_);
    if (answer.fault == CudnnFault::kGpu) {
      lacks_cudnn_ = true;
      if (out.verdict == Verdict::kNo) return;
      out.missing.push_back(cat("cuDNN ", build.cudnn, " needs compute capability ",
                                answer.needs->min_compute_capability, ", and ", gpu_.label, " has ",
                                *gpu_.compute_capability,
                                ": convolutions end with CUDNN_STATUS_ARCH_MISMATCH"));
    } else if (answer.fault == CudnnFault::kDriver && out.verdict > Verdict::kForward) {
      out.missing.push_back(cat("cuDNN ", build.cudnn, " with CUDA ", build.cuda, " needs driver ",
                                answer.needs->min_driver, " or newer"));
    }
  }

  // Releases that run here: another CUDA version of the same one, the nearest older and newer.
  void add_other_releases(const FrameworkBuild& build, FrameworkAnswer& answer) {
    const FrameworkBuild *same = nullptr, *older = nullptr, *newer = nullptr;
    for (const FrameworkBuild& other : builds_) {
      FrameworkAnswer judged = judge_build(other);
      bool has_code = judged.code == GpuCode::kNative ||
                      (judged.code == GpuCode::kUnknown && !is_older_than_gpu(other.cuda));
      if (judged.judgement.verdict < Verdict::kMinor || !has_code || lacks_cudnn_) continue;
      int order = compare_padded(other.version, build.version);
      if (order == 0) same = better(same, other);
      if (order < 0 && (!older || compare_padded(other.version, older->version) >= 0))
        older = older && older->version == other.version ? better(older, other) : &other;
      if (order > 0 && (!newer || other.version == newer->version)) newer = better(newer, other);
    }
    std::vector<std::string>& ways = answer.judgement.ways_out;
    if (same) older = newer = nullptr;
    for (const FrameworkBuild* other : {same, older, newer}) {
      if (!other) continue;
      std::string version = other == same ? version_of(*other, version_) : other->version;
      std::string way = build_name(wish_.framework, *other, version);
      std::string command = install_command(*other, version);
      if (!command.empty()) way += cat(": ", command);
      ways.insert(ways.begin() + std::min<ptrdiff_t>(added_++, std::ssize(ways)), std::move(way));
    }
  }

  // Then nothing says that its packages have code for this GPU.
  bool is_older_than_gpu(std::string_view cuda) const {
    for (const CapabilityRow& row : tables_.capabilities) {
      if (row.compute_capability == gpu_.compute_capability)
        return compare_padded(cuda, row.first_toolkit) < 0;
    }
    return false;
  }

  // No release of the tables runs with this driver and this GPU.
  std::string last_resort() const {
    for (const CapabilityRow& row : tables_.capabilities) {
      if (row.compute_capability != gpu_.compute_capability || row.last_branch.empty()) continue;
      if (compare_padded(driver_.version.substr(0, driver_.version.find('.')), row.last_branch) > 0)
        return cat("a driver of branch ", row.last_branch, ", the last one for this GPU");
    }
    return "another GPU: no published release runs with this one and this driver";
  }

  static const FrameworkBuild* better(const FrameworkBuild* before, const FrameworkBuild& other) {
    if (!before) return &other;
    if (before->is_default != other.is_default) return before->is_default ? before : &other;
    return compare_padded(other.cuda, before->cuda) > 0 ? &other : before;
  }

  FrameworkAnswer judge_other_cuda(const std::vector<const FrameworkBuild*>& candidates) {
    FrameworkAnswer answer;
    answer.judgement = judge_toolkit(tables_, cuda_, driver_, gpu_);
    remove_image_ways(answer.judgement);
    std::vector<std::string> known;
    for (const FrameworkBuild* build : candidates) known.push_back(build->cuda);
    answer.judgement.missing.push_back(
        cat(name_, " ", candidates.front()->version, " has no published package for CUDA ", cuda_,
            " (it has ", join(known, ", "), "): which GPUs this one has code for is not known"));
    return answer;
  }

  FrameworkAnswer judge_other_platform(const std::string& platform,
                                       const std::vector<const FrameworkBuild*>& candidates) {
    FrameworkAnswer answer;
    answer.judgement.verdict = Verdict::kNo;
    answer.judgement.reason = cat(name_, " ", printable(wish_.version, 40), " is built for ",
                                  platform, ": it never uses a GPU with CUDA");
    std::string way = cat("a build of ", name_, " for CUDA");
    if (const FrameworkBuild* build = pick(candidates)) {
      std::string version = version_of(*build, version_);
      way = build_name(wish_.framework, *build, version);
      std::string command = install_command(*build, version);
      if (!command.empty()) way += cat(": ", command);
    }
    answer.judgement.ways_out.push_back(std::move(way));
    return answer;
  }

  FrameworkAnswer judge_unknown() {
    FrameworkAnswer answer;
    std::string newest = builds_.empty() ? "" : builds_.back().version;
    bool is_newer = is_version(version_) && !newest.empty() && compare_padded(version_, newest) > 0;
    std::string why = is_newer ? cat(name_, " ", version_,
                                     " is newer than the tables (their newest is ", newest, ")")
                               : cat(name_, " ", printable(wish_.version, 40), " is in no table");
    if (!cuda_.empty()) {
      answer.judgement = judge_toolkit(tables_, cuda_, driver_, gpu_);
      remove_image_ways(answer.judgement);
      answer.judgement.missing.push_back(cat(why, ": which GPUs it has code for is not known"));
      return answer;
    }
    answer.judgement.verdict = Verdict::kUnknown;
    answer.judgement.reason = why;
    if (is_newer)
      answer.judgement.ways_out.emplace_back(
          "name the CUDA version that it is built with, too: --cuda VERSION");
    return answer;
  }

  const Tables& tables_;
  const FrameworkWish& wish_;
  std::string name_;
  const DriverTraits& driver_;
  const GpuTraits& gpu_;
  std::vector<FrameworkBuild> builds_;
  std::string version_, cuda_;
  bool lacks_cudnn_ = false;
  ptrdiff_t added_ = 0;
};

}  // namespace

FrameworkAnswer judge_framework(const Tables& tables, const FrameworkWish& wish,
                                const DriverTraits& driver, const GpuTraits& gpu) {
  return FrameworkJudge(tables, wish, driver, gpu).judge();
}

}  // namespace outboard::compat
