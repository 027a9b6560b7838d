// SPDX-License-Identifier: Apache-2.0
#include "compat/verdict.h"

#include <algorithm>

#include "base/text.h"
#include "compat/forward.h"
#include "compat/image_tags.h"
#include "compat/versions.h"

namespace outboard::compat {

namespace {

bool is_release_alone(std::string_view version) {
  return split(version, '.').size() <= 2;
}

// The row of a version; of a release its first version (release candidates aside, they are not
// what images hold); a patch that is not in the table is taken as the newest older one.
const ToolkitRow* toolkit_row(const Tables& tables, std::string_view version) {
  const ToolkitRow* best = nullptr;
  std::string release = release_of(version);
  for (const ToolkitRow& row : tables.toolkits) {
    if (compare_padded(row.release, release) != 0) continue;
    bool candidate = row.label.find("RC") != std::string_view::npos;
    if (is_release_alone(version)) {
      if (candidate) continue;
      if (!best || compare_padded(row.version, best->version) < 0) best = &row;
    } else if (compare_padded(row.version, version) <= 0) {
      if (!best || compare_padded(row.version, best->version) > 0) best = &row;
    }
  }
  return best;
}

const CapabilityRow* capability_row(const Tables& tables, std::string_view capability) {
  for (const CapabilityRow& row : tables.capabilities) {
    if (row.compute_capability == capability) return &row;
  }
  return nullptr;
}

std::string newest_release(const Tables& tables) {
  std::string newest = "0.0";
  for (const ToolkitRow& row : tables.toolkits) {
    if (compare_padded(row.release, newest) > 0) newest = row.release;
  }
  return newest;
}

// The branch to choose: the newest long-lived one that will do, which a new feature branch is not.
const BranchRow* branch_to_choose(const Tables& tables, std::string_view driver,
                                  const CapabilityRow* gpu) {
  const BranchRow* best = nullptr;
  for (const BranchRow& row : tables.branches) {
    bool long_lived = row.kind == "LTS" || row.kind == "PB";
    bool drives =
        !gpu || gpu->last_branch.empty() || compare_padded(row.branch, gpu->last_branch) <= 0;
    if (!long_lived || !drives || compare_padded(row.branch, major_of(driver)) < 0) continue;
    bool better = !best || (row.kind == "LTS" && best->kind != "LTS") ||
                  (row.kind == best->kind && compare_padded(row.branch, best->branch) > 0);
    if (better) best = &row;
  }
  return best;
}

// "driver 545.23.06 or newer, for example of branch 580 (LTS)".
std::string driver_way_out(const Tables& tables, const std::string& driver,
                           const CapabilityRow* gpu) {
  std::string way = cat("driver ", driver, " or newer");
  if (const BranchRow* branch = branch_to_choose(tables, driver, gpu)) {
    way += cat(", for example of branch ", branch->branch, " (",
               branch->kind == "LTS" ? "long-term support" : "production branch", ")");
  }
  if (gpu && !gpu->last_branch.empty())
    way += cat("; this GPU's last branch is ", gpu->last_branch);
  return way;
}

std::string image_way_out(const Tables& tables, std::string_view release,
                          const DriverTraits& driver, const GpuTraits& gpu) {
  auto image = runnable_image(tables, driver, {gpu}, {});
  return cat(kImageWay, release, " or older", image ? cat(", for example ", *image) : "");
}

// The verdict's parts that need the GPU alone.
class Judge {
 public:
  Judge(const Tables& tables, std::string_view toolkit, const DriverTraits& driver,
        const GpuTraits& gpu, GpuCode code)
      : tables_(tables),
        toolkit_(toolkit),
        release_(release_of(toolkit)),
        driver_(driver),
        gpu_(gpu),
        code_(code),
        row_(toolkit_row(tables, toolkit)),
        capability_(gpu.compute_capability ? capability_row(tables, *gpu.compute_capability)
                                           : nullptr) {
    cuda_ = driver.cuda ? driver.cuda : cuda_of_driver(tables, driver.version);
  }

  Judgement judge() {
    if (judge_gpu()) return std::move(out_);
    if (!row_) return judge_unknown_toolkit();
    out_.source = row_->source;
    if (is_version(driver_.version) && compare_padded(driver_.version, row_->full_driver) >= 0) {
      out_.verdict = Verdict::kFull;
      out_.reason = cat("driver ", driver_.version, " supports all of CUDA ", toolkit_, " (from ",
                        row_->full_driver, " on)");
      return std::move(out_);
    }
    if (reports_toolkit()) {
      out_.verdict = Verdict::kFull;
      out_.reason = cat("driver ", driver_.version, " reports CUDA ", cuda_->text,
                        ", which is not older than ", release_);
      return std::move(out_);
    }
    if (!row_->minor_driver.empty() && compare_padded(driver_.version, row_->minor_driver) >= 0) {
      judge_minor();
      return std::move(out_);
    }
    judge_older();
    return std::move(out_);
  }

 private:
  // True where NVML, or somebody's own row, says that the driver has the toolkit's CUDA although
  // its branch is older than the first one in the tables.
  bool reports_toolkit() const {
    if (!cuda_) return false;
    int order = compare_padded(cuda_->text, release_);
    if (order != 0) return order > 0;
    return is_release_alone(toolkit_) && major_of(driver_.version) != major_of(row_->full_driver);
  }

  // True if the GPU alone decides.
  bool judge_gpu() {
    if (!capability_) {
      if (gpu_.compute_capability)
        out_.missing.push_back(cat("compute capability ", *gpu_.compute_capability,
                                   " is newer than the tables: the GPU was not checked"));
      return false;
    }
    std::string gpu = cat(gpu_.label, ", compute capability ", capability_->compute_capability);
    if (!capability_->last_toolkit.empty() &&
        compare_padded(release_, capability_->last_toolkit) > 0) {
      out_.verdict = Verdict::kNo;
      out_.source = capability_->source;
      out_.reason =
          cat("CUDA ", release_, " has no code for ", gpu, " (", capability_->architecture,
              "): the last one that has is ", capability_->last_toolkit);
      out_.ways_out.push_back(image_way_out(tables_, capability_->last_toolkit, driver_, gpu_));
      return true;
    }
    if (!capability_->last_branch.empty() &&
        compare_padded(major_of(driver_.version), capability_->last_branch) > 0) {
      out_.verdict = Verdict::kNo;
      out_.source = capability_->source;
      out_.reason = cat("driver ", driver_.version, " does not drive ", gpu,
                        ": its last branch is ", capability_->last_branch);
      out_.ways_out.push_back(cat("a driver of branch ", capability_->last_branch));
      return true;
    }
    if (code_ == GpuCode::kPtx) {
      out_.missing.push_back(cat("there is PTX alone for ", gpu,
                                 ": the driver compiles it, the first start takes minutes"));
    } else if (code_ != GpuCode::kNative &&
               compare_padded(release_, capability_->first_toolkit) < 0 &&
               !makes_code(tables_, release_, capability_->compute_capability)) {
      out_.missing.push_back(cat(
          "CUDA ", release_, " is older than ", gpu, " (known from ", capability_->first_toolkit,
          " on): only programs that carry PTX run, after a first start of minutes; others end "
          "with 'no kernel image is available'"));
    }
    return false;
  }

  void judge_minor() {
    out_.verdict = Verdict::kMinor;
    std::string own = cuda_ ? cuda_->text : "an older CUDA";
    out_.reason = cat("driver ", driver_.version, " (CUDA ", own, ") runs CUDA ", toolkit_,
                      " by minor-version compatibility (from ", row_->minor_driver,
                      " on); all of it needs ", row_->full_driver);
    if (!cuda_ || compare_padded(cuda_->text, release_) < 0) {
      if (code_ == GpuCode::kPtx) return judge_foreign_ptx();
      if (code_ != GpuCode::kNative)
        out_.missing.push_back(
            cat("PTX made by CUDA ", release_, " cannot be compiled by this driver ",
                "(cudaErrorUnsupportedPtxVersion, 222): programs need code for this very GPU"));
      out_.missing.push_back(cat("calls that are newer than CUDA ", own,
                                 " fail (cudaErrorCallRequiresNewerDriver, 36)"));
    }
    out_.ways_out.push_back(driver_way_out(tables_, std::string(row_->full_driver), capability_));
    add_forward();
  }

  // PTX of a newer toolkit than the driver's CUDA, and nothing else.
  void judge_foreign_ptx() {
    out_.verdict = Verdict::kNo;
    out_.reason =
        cat("for ", gpu_.label, " there is PTX of CUDA ", release_, " alone, which driver ",
            driver_.version, " (CUDA ", cuda_ ? cuda_->text : "?",
            ") cannot compile (cudaErrorUnsupportedPtxVersion, 222)");
    out_.missing.clear();
    out_.ways_out.push_back(driver_way_out(tables_, std::string(row_->full_driver), capability_));
    add_forward();
  }

  void judge_older() {
    std::string own = cuda_ ? cat(" (CUDA ", cuda_->text, ")") : "";
    std::string needs =
        std::string(row_->minor_driver.empty() ? row_->full_driver : row_->minor_driver);
    out_.reason = cat("driver ", driver_.version, own, " is too old for CUDA ", toolkit_,
                      ": it needs ", needs, " at least");
    judge_forward_libraries();
    out_.ways_out.push_back(driver_way_out(tables_, needs, capability_));
    if (cuda_) add_image();
  }

  // The newest CUDA that runs here, and what else does by minor-version compatibility.
  void add_image() {
    std::string own = cuda_->text;
    bool gpu_ends = capability_ && !capability_->last_toolkit.empty() &&
                    compare_padded(own, capability_->last_toolkit) > 0;
    if (gpu_ends) own = capability_->last_toolkit;
    std::string way = image_way_out(tables_, own, driver_, gpu_);
    std::string_view last = own;
    for (const ToolkitRow& row : tables_.toolkits) {
      if (!gpu_ends && !row.minor_driver.empty() && compare_padded(row.release, last) > 0 &&
          compare_padded(driver_.version, row.minor_driver) >= 0)
        last = row.release;
    }
    if (last != own) way += cat("; up to ", last, " by minor-version compatibility");
    out_.ways_out.push_back(std::move(way));
  }

  // A driver that is too old, until libraries of the container make up for it.
  void judge_forward_libraries() {
    out_.verdict = Verdict::kNo;
    const ForwardRow* forward = forward_row(tables_, release_, major_of(driver_.version));
    bool listed = forward && is_allowed(*forward);
    bool allowed = listed && may_use_forward(gpu_.gpu_class);
    bool forced = driver_.forward == ForwardLibraries::kForced;
    if (listed && !allowed)
      out_.missing.push_back(cat(forward->package, " would do on this driver, but not with ",
                                 gpu_class_name(gpu_.gpu_class)));
    if (driver_.forward == ForwardLibraries::kOff || (!allowed && !forced)) return;
    std::string package =
        forward ? std::string(forward->package) : cat("cuda-compat for CUDA ", release_);
    out_.ways_out.push_back(cat(package, " in the image (NVIDIA's own CUDA images have it)"));
    if (driver_.forward == ForwardLibraries::kNone) return;
    out_.verdict = Verdict::kForward;
    if (forward) out_.source = forward->source;
    out_.reason += cat("; ", package, " in the image makes up for it");
    if (!allowed)
      out_.missing.emplace_back(
          "it is forced: the support matrix does not allow it here, and CUDA error 803 or 804 "
          "would be the result");
  }

  void add_forward() {
    if (driver_.forward == ForwardLibraries::kOff) return;
    const ForwardRow* forward = forward_row(tables_, release_, major_of(driver_.version));
    if (forward && is_allowed(*forward) && may_use_forward(gpu_.gpu_class))
      out_.ways_out.push_back(cat(forward->package, " in the image"));
  }

  Judgement judge_unknown_toolkit() {
    std::string newest = newest_release(tables_);
    if (cuda_ && compare_padded(release_, cuda_->text) <= 0) {
      out_.verdict = Verdict::kFull;
      out_.reason = cat("driver ", driver_.version, " reports CUDA ", cuda_->text,
                        ", which is not older than ", release_);
      return std::move(out_);
    }
    out_.verdict = Verdict::kUnknown;
    out_.reason = compare_padded(release_, newest) > 0
                      ? cat("CUDA ", toolkit_, " is newer than the tables (their newest is ",
                            newest, ") and than driver ", driver_.version,
                            cuda_ ? cat(" (CUDA ", cuda_->text, ")") : "")
                      : cat("CUDA ", toolkit_, " is in no table");
    out_.ways_out.push_back(cat("a driver that reports CUDA ", release_, " or newer"));
    return std::move(out_);
  }

  const Tables& tables_;
  std::string toolkit_, release_;
  const DriverTraits& driver_;
  const GpuTraits& gpu_;
  const GpuCode code_;
  const ToolkitRow* row_;
  const CapabilityRow* capability_;
  std::optional<KnownVersion> cuda_;
  Judgement out_;
};

}  // namespace

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNo:
      return "no";
    case Verdict::kUnknown:
      return "unknown";
    case Verdict::kForward:
      return "forward";
    case Verdict::kMinor:
      return "minor";
    case Verdict::kFull:
      return "full";
  }
  return "";
}

std::optional<KnownVersion> cuda_of_driver(const Tables& tables, std::string_view driver) {
  if (!is_version(driver)) return std::nullopt;
  const BranchRow* best = nullptr;
  for (const BranchRow& row : tables.branches) {
    if (compare_padded(row.branch, major_of(driver)) > 0) continue;
    if (!best || compare_padded(row.branch, best->branch) > 0) best = &row;
  }
  if (!best) return std::nullopt;
  return KnownVersion{std::string(best->cuda), best->branch != major_of(driver)};
}

Judgement judge_toolkit(const Tables& tables, std::string_view toolkit, const DriverTraits& driver,
                        const GpuTraits& gpu, GpuCode code) {
  return Judge(tables, toolkit, driver, gpu, code).judge();
}

std::optional<std::string> full_driver(const Tables& tables, std::string_view toolkit) {
  const ToolkitRow* row = toolkit_row(tables, toolkit);
  if (!row) return std::nullopt;
  return std::string(row->full_driver);
}

std::optional<std::string> minor_driver(const Tables& tables, std::string_view toolkit) {
  const ToolkitRow* row = toolkit_row(tables, toolkit);
  if (!row || row->minor_driver.empty()) return std::nullopt;
  return std::string(row->minor_driver);
}

DriverToInstall driver_to_install(const Tables& tables, std::string_view toolkit,
                                  std::string_view compute_capability) {
  auto full = full_driver(tables, toolkit), minor = minor_driver(tables, toolkit);
  const CapabilityRow* gpu = capability_row(tables, compute_capability);
  std::string release = release_of(toolkit);
  if (gpu && !gpu->last_toolkit.empty() && compare_padded(release, gpu->last_toolkit) > 0) {
    return {cat("no driver will do: CUDA ", gpu->last_toolkit, " was the last with code for ",
                gpu->architecture, ", choose that or an older one"),
            true};
  }
  if (!full) {
    std::string newest = newest_release(tables);
    return {cat("a driver that reports CUDA ", release, " or newer; the tables do not know CUDA ",
                release, " (their newest is ", newest, ")")};
  }
  // No driver drives a card before the one that knew it first.
  auto first = gpu ? full_driver(tables, gpu->first_toolkit) : std::nullopt;
  for (auto* driver : {&full, &minor}) {
    if (first && *driver && compare_padded(*first, **driver) > 0) *driver = first;
  }
  auto drives = [&](const std::string& driver) {
    return gpu->last_branch.empty() || compare_padded(major_of(driver), gpu->last_branch) <= 0;
  };
  bool older_will_do = gpu && minor && compare_padded(*minor, *full) < 0 && drives(*minor);
  if (gpu && !drives(*full)) {
    if (!older_will_do) {
      return {cat("no driver will do: branch ", gpu->last_branch, " was the last for ",
                  gpu->architecture, ", and CUDA ", release, " needs ", *full),
              true};
    }
    return {cat(driver_way_out(tables, *minor, gpu), " (minor-version compatibility)")};
  }
  return {cat(driver_way_out(tables, *full, gpu),
              older_will_do ? cat("; from ", *minor, " on by minor-version compatibility") : "")};
}

}  // namespace outboard::compat
