// SPDX-License-Identifier: Apache-2.0
#include "compat/requirement_check.h"

#include <algorithm>

#include "base/text.h"
#include "compat/csv.h"
#include "compat/forward.h"
#include "compat/image_tags.h"

namespace outboard::compat {

namespace {

std::optional<KnownVersion> cuda_of(const DriverTraits& driver, const Tables& tables) {
  return driver.cuda ? driver.cuda : cuda_of_driver(tables, driver.version);
}

Offer offer_of(const DriverTraits& driver, const CheckedGpu* gpu, const std::string& compat_cuda,
               const Tables& tables) {
  Offer offer;
  offer.cuda = cuda_of(driver, tables);
  if (!compat_cuda.empty()) offer.cuda = KnownVersion{compat_cuda, false};
  offer.driver = driver.version;
  offer.has_gpu = gpu != nullptr;
  if (gpu) {
    offer.arch = gpu->traits.compute_capability;
    offer.brand = gpu->brand;
  }
  return offer;
}

// The clause that a person must do something about: the first that fails in the first alternative.
const Clause* first_failing(const Requirement& requirement, const Offer& offer) {
  for (const std::vector<Clause>& alternative : requirement.alternatives) {
    for (const Clause& clause : alternative) {
      if (holds(clause, offer) == Truth::kNo) return &clause;
    }
  }
  return nullptr;
}

std::string have_text(const Clause& clause, const Offer& offer,
                      const std::optional<KnownVersion>& own, const std::string& gpu) {
  switch (clause.property) {
    case Property::kCuda: {
      std::string have = cat("driver ", *offer.driver, " has CUDA ", own ? own->text : "?");
      bool by_image = own && offer.cuda && own->text != offer.cuda->text;
      if (by_image) have += cat(", or ", offer.cuda->text, " with the image's cuda-compat");
      return have;
    }
    case Property::kDriver:
      return cat("the driver is ", *offer.driver);
    case Property::kArch:
      return offer.has_gpu ? cat(gpu, " has compute capability ", offer.arch.value_or("?"))
                           : "no GPU was asked for";
    case Property::kBrand:
      return offer.has_gpu ? cat(gpu, " is of brand ", offer.brand.value_or("?"))
                           : "no GPU was asked for";
  }
  return "";
}

std::string need_text(const Requirement& requirement, const Clause& clause) {
  std::string_view of_several = "";
  if (requirement.alternatives.size() > 1) {
    of_several = requirement.alternatives.front().size() > 1
                     ? "one of several, the first of which has "
                     : "one of several, the first of which is ";
  }
  return cat(requirement.origin, " asks for ", of_several, printable(clause.text(), 80));
}

void add_way(std::string& hint, const std::string& way) {
  hint += cat(hint.empty() ? "" : "; or ", way);
}

// The driver is newer than the clause allows, or the very one that it excludes.
bool asks_for_older(const Clause& clause, const Offer& offer) {
  std::string have =
      clause.property == Property::kCuda ? (offer.cuda ? offer.cuda->text : "") : *offer.driver;
  switch (clause.op) {
    case Operator::kGreater:
    case Operator::kGreaterOrEqual:
      return false;
    case Operator::kLess:
    case Operator::kLessOrEqual:
    case Operator::kNotEqual:
      return true;
    case Operator::kEqual:
      return is_version(have) && compare_padded(have, clause.value) > 0;
  }
  return false;
}

// "575" of "572.16": the oldest branch that may have such a driver.
std::string branch_for(std::string_view version, const Tables& tables) {
  std::string wanted(version.substr(0, version.find('.')));
  std::string best;
  for (const BranchRow& row : tables.branches) {
    if (compare_padded(row.branch, wanted) < 0) continue;
    if (best.empty() || compare_padded(row.branch, best) < 0) best = row.branch;
  }
  return printable(best.empty() ? wanted : best, 20);
}

// The driver that an alternative asks for with clauses of its own, `failing` being a floor of them.
std::string driver_way(const std::vector<Clause>& alternative, const Clause& failing,
                       const Tables& tables) {
  std::string clauses;
  bool open = true;
  for (const Clause& clause : alternative) {
    if (clause.property != Property::kDriver) continue;
    clauses += cat(clauses.empty() ? "" : ",", clause.text());
    open = open && (clause.op == Operator::kGreater || clause.op == Operator::kGreaterOrEqual);
  }
  return cat("install a driver of branch ", branch_for(failing.value, tables),
             open ? " or newer (" : " (", printable(clauses, 80), ")");
}

// Why no driver at all meets the demands that must hold together; empty: one may. The libraries of
// a cuda-compat package may all the same.
std::string contradiction(const Requirements& requirements, const Tables& tables) {
  const Clause *floor = nullptr, *ceiling = nullptr;
  for (const Requirement& requirement : requirements.all) {
    if (requirement.alternatives.size() != 1) continue;
    for (const Clause& clause : requirement.alternatives.front()) {
      bool below = clause.op == Operator::kLess || clause.op == Operator::kLessOrEqual;
      bool above = clause.op == Operator::kGreater || clause.op == Operator::kGreaterOrEqual;
      bool exact = clause.op == Operator::kEqual;
      if (clause.property == Property::kCuda && (above || exact) &&
          (!floor || compare_padded(clause.value, floor->value) > 0))
        floor = &clause;
      if (clause.property == Property::kDriver && (below || exact) &&
          (!ceiling || compare_padded(clause.value, ceiling->value) < 0))
        ceiling = &clause;
    }
  }
  if (!floor || !ceiling) return "";
  std::string_view first;
  for (const BranchRow& row : tables.branches) {
    if (compare_padded(row.cuda, floor->value) >= 0 &&
        (first.empty() || compare_padded(row.branch, first) < 0))
      first = row.branch;
  }
  bool older = ceiling->op == Operator::kLess ? compare_padded(ceiling->value, first) <= 0
                                              : compare_padded(ceiling->value, first) < 0;
  if (first.empty() || !older) return "";
  return cat("; its demands contradict each other: ", printable(floor->text(), 40),
             " begins with driver branch ", first, ", and it asks for ",
             printable(ceiling->text(), 40), ", too");
}

// True where the support matrix allows the libraries of a CUDA version.
bool has_forward(const Tables& tables, const DriverTraits& driver, const GpuTraits& gpu,
                 std::string_view toolkit) {
  if (driver.forward == ForwardLibraries::kOff) return false;
  auto releases = forward_releases(tables, driver.version, {gpu}, false);
  return std::find(releases.begin(), releases.end(), cuda_release(toolkit)) != releases.end();
}

// Why forward compatibility is no way out where the GPU alone is in the way.
std::string forward_remark(const Tables& tables, const DriverTraits& driver, const GpuTraits& gpu,
                           std::string_view toolkit) {
  if (has_forward(tables, driver, gpu, toolkit)) return "";
  GpuTraits data_center = gpu;
  data_center.gpu_class = GpuClass::kDataCenter;
  if (!has_forward(tables, driver, data_center, toolkit)) return "";
  return cat("; forward compatibility does not help with ", gpu_class_name(gpu.gpu_class));
}

std::string package_way(std::string_view toolkit) {
  std::string release = cuda_release(toolkit);
  size_t dot = release.find('.');
  return cat("use an image with the package cuda-compat-", release.substr(0, dot), "-",
             release.substr(dot + 1), ": forward compatibility runs it on this driver and GPU");
}

// What would let the container run, one way after the other.
class WaysOut {
 public:
  WaysOut(const Requirement& requirement, const Clause& clause, const Offer& offer,
          const DriverTraits& driver, const CheckedGpu* gpu, const ImageFlavour& flavour,
          const Tables& tables)
      : requirement_(requirement),
        clause_(clause),
        offer_(offer),
        driver_(driver),
        gpu_(gpu),
        flavour_(flavour),
        tables_(tables),
        toolkit_(lowest_cuda(requirement)),
        own_(cuda_of(driver, tables)) {}

  std::string all(bool contradictory) {
    bool about_cuda = clause_.property == Property::kCuda;
    bool about_driver = clause_.property == Property::kDriver;
    Verdict verdict = Verdict::kUnknown;
    if (!about_cuda && !about_driver) {
      add_way(hint_, "choose another GPU with --gpus, or an image for this one");
    } else if (contradictory) {
      if (about_cuda) add_package();
      add_image_for_driver();
    } else if (asks_for_older(clause_, offer_)) {
      add_way(hint_, cat(clause_.op == Operator::kNotEqual ? "install another driver"
                                                           : "install an older driver",
                         ", one with ", printable(clause_.text(), 80)));
      if (about_driver) add_image_for_driver();
      if (about_cuda && own_) add_way(hint_, cat("use an image for CUDA ", own_->text));
    } else if (about_driver) {
      add_way(hint_, driver_way(requirement_.alternatives.front(), clause_, tables_));
      add_image_for_driver();
    } else {
      add_newer_driver();
      add_package();
      if (toolkit_)
        verdict =
            judge_toolkit(tables_, *toolkit_, driver_, gpu_ ? gpu_->traits : GpuTraits{}).verdict;
      add_older_image();
    }
    add_way(hint_, cat("start it regardless with -e NVIDIA_DISABLE_REQUIRE=true",
                       verdict == Verdict::kMinor ? ": by minor-version compatibility most "
                                                    "programs run on this driver"
                                                  : ""));
    return std::move(hint_);
  }

 private:
  void add_newer_driver() {
    if (!toolkit_) return;
    if (auto full = full_driver(tables_, *toolkit_)) {
      add_way(hint_, cat("install a driver of branch ", full->substr(0, full->find('.')),
                         " or newer (", *full, " for CUDA ", *toolkit_, ")"));
    } else {
      add_way(hint_, cat("install a driver for which nvidia-smi says CUDA ", *toolkit_,
                         " or newer (no table has it yet)"));
    }
  }

  void add_package() {
    if (toolkit_ && gpu_ && has_forward(tables_, driver_, gpu_->traits, *toolkit_))
      add_way(hint_, package_way(*toolkit_));
  }

  std::optional<std::string> image() const {
    std::vector<GpuTraits> gpus;
    if (gpu_) gpus.push_back(gpu_->traits);
    return runnable_image(tables_, driver_, gpus, flavour_);
  }

  void add_older_image() {
    if (!own_ || own_->at_least) return;
    auto example = image();
    add_way(hint_, cat("use an image of CUDA ", own_->text, " or older",
                       example ? cat(" (", *example, ")") : ""));
  }

  // The image's CUDA version is not in the way: no word on it.
  void add_image_for_driver() {
    if (auto example = image())
      add_way(hint_, cat("use another image, one for this driver (", *example, ")"));
  }

  const Requirement& requirement_;
  const Clause& clause_;
  const Offer& offer_;
  const DriverTraits& driver_;
  const CheckedGpu* gpu_;
  const ImageFlavour& flavour_;
  const Tables& tables_;
  const std::optional<std::string> toolkit_;
  const std::optional<KnownVersion> own_;
  std::string hint_;
};

Error failure(const Requirements& requirements, const Requirement& requirement, const Offer& offer,
              const DriverTraits& driver, const CheckedGpu* gpu, const Tables& tables) {
  const Clause* clause = first_failing(requirement, offer);
  std::string label = gpu ? gpu->traits.label : "";
  bool newer = clause->property == Property::kCuda || clause->property == Property::kDriver;
  bool floor = clause->op == Operator::kGreater || clause->op == Operator::kGreaterOrEqual;
  std::string never;
  if (newer && requirement.alternatives.size() == 1) never = contradiction(requirements, tables);
  bool will_do = newer && floor && never.empty();
  std::string text =
      cat(will_do ? "this image needs a newer driver: " : "this image does not fit here: ",
          need_text(requirement, *clause), ", and ",
          have_text(*clause, offer, cuda_of(driver, tables), label));
  if (gpu && newer && !label.empty()) text += cat(" (checked for ", label, ")");
  text += never;
  if (auto toolkit = lowest_cuda(requirement); toolkit && gpu && floor) {
    if (clause->property == Property::kCuda)
      text += forward_remark(tables, driver, gpu->traits, *toolkit);
  }
  WaysOut ways(requirement, *clause, offer, driver, gpu, requirements.flavour, tables);
  return make_error(ErrorCode::kUnsupported, std::move(text), ways.all(!never.empty()));
}

void check_one(const Requirements& requirements, const Requirement& requirement, const Offer& offer,
               const DriverTraits& driver, const CheckedGpu* gpu, const Tables& tables,
               std::optional<Error>& error, std::vector<std::string>& notes) {
  Truth answer = holds(requirement, offer);
  if (answer == Truth::kNo && !error)
    error = failure(requirements, requirement, offer, driver, gpu, tables);
  if (answer != Truth::kUnknown) return;
  std::string note =
      cat(requirement.origin, " could not be checked: driver ", driver.version,
          gpu ? cat(" or ", gpu->traits.label) : "", " is newer than the tables, or unknown");
  if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
}

}  // namespace

bool needs_brand(const Requirements& requirements, const DriverTraits& driver,
                 const std::vector<CheckedGpu>& gpus, const Tables& tables) {
  for (const CheckedGpu& gpu : gpus) {
    Offer offer = offer_of(driver, &gpu, "", tables);
    for (const Requirement& requirement : requirements.all) {
      if (depends_on_brand(requirement, offer)) return true;
    }
  }
  return false;
}

std::optional<Error> requirement_failure(const Requirements& requirements,
                                         const DriverTraits& driver,
                                         const std::vector<CheckedGpu>& gpus,
                                         const std::string& compat_cuda, const Tables& tables,
                                         std::vector<std::string>& notes) {
  notes.insert(notes.end(), requirements.notes.begin(), requirements.notes.end());
  std::optional<Error> error;
  for (const Requirement& requirement : requirements.all) {
    for (const CheckedGpu& gpu : gpus) {
      check_one(requirements, requirement, offer_of(driver, &gpu, compat_cuda, tables), driver,
                &gpu, tables, error, notes);
    }
    if (gpus.empty()) {
      check_one(requirements, requirement, offer_of(driver, nullptr, compat_cuda, tables), driver,
                nullptr, tables, error, notes);
    }
  }
  return error;
}

}  // namespace outboard::compat
