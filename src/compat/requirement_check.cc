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

std::string have_text(const Clause& clause, const Offer& offer, const std::string& gpu) {
  switch (clause.property) {
    case Property::kCuda:
      return cat("driver ", *offer.driver, " has CUDA ", offer.cuda ? offer.cuda->text : "?");
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

// What would let the container run.
std::string ways_out(const Requirement& requirement, const Clause& clause, const Offer& offer,
                     const DriverTraits& driver, const CheckedGpu* gpu, const ImageFlavour& flavour,
                     const Tables& tables) {
  std::string hint;
  auto toolkit = lowest_cuda(requirement);
  bool about_version = clause.property == Property::kCuda || clause.property == Property::kDriver;
  if (about_version && asks_for_older(clause, offer)) {
    add_way(hint, cat(clause.op == Operator::kNotEqual ? "install another driver"
                                                       : "install an older driver",
                      ", one with ", printable(clause.text(), 80)));
    if (auto own = cuda_of(driver, tables)) add_way(hint, cat("use an image for CUDA ", own->text));
  } else if (about_version) {
    Verdict verdict = Verdict::kUnknown;
    if (clause.property == Property::kDriver) {
      add_way(hint, driver_way(requirement.alternatives.front(), clause, tables));
    } else if (toolkit) {
      if (auto full = full_driver(tables, *toolkit)) {
        add_way(hint, cat("install a driver of branch ", full->substr(0, full->find('.')),
                          " or newer (", *full, " for CUDA ", *toolkit, ")"));
      }
      if (gpu && has_forward(tables, driver, gpu->traits, *toolkit))
        add_way(hint, package_way(*toolkit));
      verdict = judge_toolkit(tables, *toolkit, driver, gpu ? gpu->traits : GpuTraits{}).verdict;
    }
    if (auto own = cuda_of(driver, tables); own && !own->at_least) {
      std::vector<GpuTraits> gpus;
      if (gpu) gpus.push_back(gpu->traits);
      auto image = runnable_image(tables, driver, gpus, flavour);
      add_way(hint, cat("use an image of CUDA ", own->text, " or older",
                        image ? cat(" (", *image, ")") : ""));
    }
    if (verdict == Verdict::kMinor) {
      add_way(hint,
              "start it regardless with -e NVIDIA_DISABLE_REQUIRE=true: by minor-version "
              "compatibility most programs run on this driver");
      return hint;
    }
  } else if (clause.property == Property::kArch || clause.property == Property::kBrand) {
    add_way(hint, "choose another GPU with --gpus, or an image for this one");
  }
  add_way(hint, "start it regardless with -e NVIDIA_DISABLE_REQUIRE=true");
  return hint;
}

Error failure(const Requirement& requirement, const Offer& offer, const DriverTraits& driver,
              const CheckedGpu* gpu, const ImageFlavour& flavour, const Tables& tables) {
  const Clause* clause = first_failing(requirement, offer);
  std::string label = gpu ? gpu->traits.label : "";
  bool newer = clause->property == Property::kCuda || clause->property == Property::kDriver;
  bool floor = clause->op == Operator::kGreater || clause->op == Operator::kGreaterOrEqual;
  std::string text =
      cat(newer && floor ? "this image needs a newer driver: " : "this image does not fit here: ",
          need_text(requirement, *clause), ", and ", have_text(*clause, offer, label));
  if (gpu && newer && !label.empty()) text += cat(" (checked for ", label, ")");
  if (auto toolkit = lowest_cuda(requirement); toolkit && gpu && floor) {
    if (clause->property == Property::kCuda)
      text += forward_remark(tables, driver, gpu->traits, *toolkit);
  }
  return make_error(ErrorCode::kUnsupported, std::move(text),
                    ways_out(requirement, *clause, offer, driver, gpu, flavour, tables));
}

void check_one(const Requirement& requirement, const Offer& offer, const DriverTraits& driver,
               const CheckedGpu* gpu, const ImageFlavour& flavour, const Tables& tables,
               std::optional<Error>& error, std::vector<std::string>& notes) {
  Truth answer = holds(requirement, offer);
  if (answer == Truth::kNo && !error)
    error = failure(requirement, offer, driver, gpu, flavour, tables);
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
      check_one(requirement, offer_of(driver, &gpu, compat_cuda, tables), driver, &gpu,
                requirements.flavour, tables, error, notes);
    }
    if (gpus.empty()) {
      check_one(requirement, offer_of(driver, nullptr, compat_cuda, tables), driver, nullptr,
                requirements.flavour, tables, error, notes);
    }
  }
  return error;
}

}  // namespace outboard::compat
