// SPDX-License-Identifier: Apache-2.0
#include "app/gpu_check.h"

#include <algorithm>

#include "base/text.h"
#include "compat/csv.h"
#include "compat/cudnn.h"
#include "compat/versions.h"
#include "engine/image_inspect.h"

namespace outboard::app {

namespace {

using compat::ForwardLibraries;
using compat::Judgement;
using compat::Verdict;

void add_once(std::vector<std::string>& list, const std::string& text) {
  if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
}

std::vector<std::string> ways_of(const std::string& hint) {
  std::vector<std::string> ways;
  constexpr std::string_view kOr = "; or ";
  std::string_view rest = hint;
  while (!rest.empty()) {
    size_t end = rest.find(kOr);
    ways.emplace_back(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + kOr.size());
  }
  return ways;
}

/// One GPU against one image.
class GpuCheck {
 public:
  GpuCheck(const GpuQuestion& question, const compat::CheckedGpu& gpu,
           std::vector<std::string>& notes)
      : image_(question.image),
        basis_(question.basis),
        cuda_(question.cuda),
        signs_(question.signs),
        driver_(question.basis.driver),
        gpu_(gpu),
        tables_(question.tables),
        notes_(notes) {}

  std::vector<PartVerdict> judge() {
    if (cuda_ && !named_for_framework()) judge_cuda();
    for (const compat::FrameworkWish& wish : image_.frameworks) judge_framework(wish);
    if (!image_.cudnn.empty()) judge_cudnn();
    if (!image_.code.empty()) judge_code();
    judge_requirements();
    judge_architecture();
    if (parts_.empty()) {
      add("CUDA", Verdict::kUnknown,
          "the image names no CUDA version, so nothing says what it needs")
          .ways_out = {"name the version yourself, for example --cuda 12.8 or --torch 2.9"};
      if (!image_.look_with.empty()) parts_.back().judgement.ways_out.push_back(not_looked_at());
    }
    return std::move(parts_);
  }

 private:
  /// A framework's judgement holds that of the CUDA version that was named for it; of "12", that of
  /// its package.
  bool named_for_framework() const {
    if (!image_.instead) return false;
    const std::string& named = image_.instead->version;
    return std::any_of(image_.frameworks.begin(), image_.frameworks.end(),
                       [&](const compat::FrameworkWish& wish) {
                         if (!compat::is_version(wish.cuda)) return false;
                         return is_digits(named) ? compat::major_of(wish.cuda) == named
                                                 : compat::compare_padded(wish.cuda, named) == 0;
                       });
  }

  Judgement& add(std::string what, Verdict verdict, std::string reason) {
    Judgement judgement;
    judgement.verdict = verdict;
    judgement.reason = std::move(reason);
    parts_.push_back({std::move(what), std::move(judgement)});
    return parts_.back().judgement;
  }

  /// The libcuda that the container's programs load: the driver's, or that of the image's own
  /// libraries.
  compat::DriverTraits loaded_driver() const {
    if (!basis_.decision.use_image_compat) return driver_;
    compat::DriverTraits loaded;
    loaded.version = image_.compat->version;
    loaded.cuda = compat::KnownVersion{basis_.decision.cuda, false};
    loaded.forward = ForwardLibraries::kNone;
    return loaded;
  }

  std::string not_looked_at() const {
    return cat("its files were not looked at",
               image_.look_with.empty() ? "" : cat("; ", image_.look_with, " looks at them"));
  }

  bool may_have_libraries() const { return !image_.files_known && !image_.compat; }

  /// What a driver can do for a CUDA version, with what is known of libraries in the image.
  /// `judge`: Judgement(const compat::DriverTraits&).
  template <typename Judge>
  Judgement judge_with_libraries(const std::string& cuda, const Judge& judge) const {
    compat::DriverTraits driver = driver_;
    if (basis_.mode == CompatMode::kForce) driver.forward = ForwardLibraries::kForced;
    Judgement open = judge(driver);
    if (basis_.mode != CompatMode::kOff && may_have_libraries()) {
      if (open.verdict == Verdict::kForward && !image_.instead)
        open.missing.emplace_back(
            cat("whether the image has that package is not known: ", not_looked_at()));
      return open;
    }
    bool off = basis_.mode == CompatMode::kOff;
    driver.forward = off ? ForwardLibraries::kOff : ForwardLibraries::kNone;
    Judgement own = judge(driver);
    if (own.verdict == Verdict::kFull) return own;
    if (basis_.decision.use_image_compat) return judge_own_libraries(own, cuda, judge);
    bool wanted = open.verdict == Verdict::kForward;
    if (image_.compat && (wanted || own.verdict == Verdict::kMinor)) {
      own.missing.push_back(cat(own_libraries(), " cannot be used: ", basis_.decision.why));
    } else if (wanted) {
      own.missing.emplace_back(off ? "CUDA forward compatibility is switched off"
                                   : "no cuda-compat package is in this image");
    }
    return own;
  }

  template <typename Judge>
  Judgement judge_own_libraries(Judgement& own, const std::string& cuda, const Judge& judge) const {
    Judgement loaded = judge(loaded_driver());
    if (loaded.verdict > own.verdict && loaded.verdict >= Verdict::kMinor) {
      own.verdict = Verdict::kForward;
      own.reason += cat("; ", own_libraries(), " makes up for it: ", basis_.decision.why);
      own.missing = std::move(loaded.missing);
      own.ways_out.erase(
          std::remove_if(own.ways_out.begin(), own.ways_out.end(),
                         [](const std::string& way) { return way.find("cuda-compat") == 0; }),
          own.ways_out.end());
    } else if (compat::is_version(cuda) &&
               compat::compare_padded(basis_.decision.cuda, compat::release_of(cuda)) < 0) {
      own.missing.push_back(cat(own_libraries(), " brings CUDA ", basis_.decision.cuda, " alone"));
    }
    return std::move(own);
  }

  std::string own_libraries() const {
    return cat("the image's ", printable(image_.compat->directory, 80), " (",
               printable(image_.compat->version, 40), ")");
  }

  void judge_cuda() {
    parts_.push_back({cat("CUDA ", cuda_->version),
                      judge_with_libraries(cuda_->version, [&](const compat::DriverTraits& driver) {
                        return compat::judge_toolkit(tables_, cuda_->version, driver, gpu_.traits);
                      })});
  }

  void judge_framework(const compat::FrameworkWish& wish) {
    compat::FrameworkAnswer answer =
        compat::judge_framework(tables_, wish, loaded_driver(), gpu_.traits);
    // The package is one thing, whichever libcuda it meets.
    compat::FrameworkWish same = wish;
    if (answer.build && (same.cuda.empty() || is_digits(same.cuda))) same.cuda = answer.build->cuda;
    std::string cuda = answer.build ? answer.build->cuda : same.cuda;
    parts_.push_back(
        {framework_text(wish, answer),
         judge_with_libraries(cuda, [&](const compat::DriverTraits& driver) {
           return compat::judge_framework(tables_, same, driver, gpu_.traits).judgement;
         })});
  }

  /// Whether a part of it runs by libraries that the image may have.
  bool waits_for_libraries() const {
    return may_have_libraries() &&
           std::any_of(parts_.begin(), parts_.end(), [](const PartVerdict& part) {
             return part.judgement.verdict == Verdict::kForward;
           });
  }

  void judge_cudnn() {
    std::string what = cat("cuDNN ", image_.cudnn);
    if (!cuda_) {
      add_once(notes_, cat(what, " was not checked: no CUDA version is known for it"));
      return;
    }
    const std::string version = loaded_driver().version;
    auto judge = [&](const std::string& cuda) {
      return compat::judge_cudnn(tables_, image_.cudnn,
                                 is_digits(cuda) ? compat::release_of(cuda) : cuda, version,
                                 gpu_.traits);
    };
    compat::CudnnAnswer answer = judge(cuda_->version);
    // It may belong to an older CUDA that is in the image, too.
    for (const CudaSign& sign : signs_) {
      if (answer.fault == compat::CudnnFault::kCuda) answer = judge(sign.version);
    }
    if (answer.fault == compat::CudnnFault::kNotInTables) {
      add_once(notes_, cat(answer.judgement.reason, ", so it was not checked"));
      return;
    }
    bool asked = image_.instead || image_.cudnn_asked;
    if (answer.fault == compat::CudnnFault::kCuda && !asked) {
      add_once(notes_, cat(judge(cuda_->version).judgement.reason,
                           "; the image has both, and what uses this cuDNN needs another CUDA"));
      return;
    }
    if (answer.fault == compat::CudnnFault::kDriver && waits_for_libraries()) return;
    if (is_digits(image_.cudnn) && answer.needs)
      add_once(notes_, cat(what, " was taken for the newest in the tables with CUDA ",
                           compat::major_of(cuda_->version), ", ", answer.needs->version));
    parts_.push_back({std::move(what), std::move(answer.judgement)});
  }

  void judge_code() {
    std::string list = cat("libtorch_cuda.so has code for ", printable(image_.code, 200));
    switch (compat::gpu_code(tables_, image_.code, gpu_.traits.compute_capability)) {
      case compat::GpuCode::kUnknown:
        return;
      case compat::GpuCode::kNone:
        add("GPU code", Verdict::kNo,
            cat(list, ", and none that ", gpu_.traits.label,
                " runs: 'no kernel image is available "
                "for execution on the device'"))
            .ways_out = {"a build of PyTorch for this GPU"};
        return;
      case compat::GpuCode::kPtx:
        add("GPU code", Verdict::kFull, list)
            .missing.emplace_back(
                "the driver compiles PTX at the first start, which takes minutes");
        return;
      case compat::GpuCode::kNative:
        add("GPU code", Verdict::kFull, list);
        return;
    }
  }

  void judge_requirements() {
    std::vector<std::string> notes;
    auto failure = compat::requirement_failure(basis_.requirements, basis_.driver_for_message(),
                                               {gpu_}, basis_.compat_cuda(), tables_, notes);
    for (const std::string& note : notes) add_once(notes_, note);
    if (!failure) return;
    if (!basis_.possible_cuda.empty() && waits_for_libraries()) return;
    tell_switched_off(*failure, basis_,
                      {image_.environment, image_.labels, image_.compat, image_.files_known},
                      tables_);
    Judgement& out = add("requirements", Verdict::kNo, failure->text);
    out.ways_out = ways_of(failure->hint);
    if (basis_.possible_cuda.empty()) return;
    out.verdict = Verdict::kForward;
    out.missing.push_back(
        cat("it runs if the image has libraries of CUDA ", basis_.possible_cuda,
            " or newer for forward compatibility, which is not known: ", not_looked_at()));
  }

  void judge_architecture() {
    std::string own = engine::own_platform();
    own.erase(0, own.find('/') + 1);
    if (image_.architecture.empty() || image_.architecture == own) return;
    add("architecture", Verdict::kNo,
        cat("the image is for ", printable(image_.architecture, 40), ", and the driver here for ",
            own))
        .ways_out = {cat("the image for ", own, ", if there is one (--platform linux/", own, ")")};
  }

  const ImageEvidence& image_;
  const CompatBasis& basis_;
  const std::optional<CudaSign>& cuda_;
  const std::vector<CudaSign>& signs_;
  const compat::DriverTraits& driver_;
  const compat::CheckedGpu& gpu_;
  const compat::Tables& tables_;
  std::vector<std::string>& notes_;
  std::vector<PartVerdict> parts_;
};

}  // namespace

std::string framework_text(const compat::FrameworkWish& wish,
                           const compat::FrameworkAnswer& answer) {
  std::string name(compat::framework_name(wish.framework));
  if (!answer.build) return cat(name, " ", printable(wish.version, 40));
  return cat(name, " ", answer.version, " (CUDA ", answer.build->cuda,
             answer.build->cuda_or_newer ? " or newer)" : ")");
}

std::vector<PartVerdict> judge_gpu(const GpuQuestion& question, const compat::CheckedGpu& gpu,
                                   std::vector<std::string>& notes) {
  return GpuCheck(question, gpu, notes).judge();
}

}  // namespace outboard::app
