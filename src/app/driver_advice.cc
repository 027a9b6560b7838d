// SPDX-License-Identifier: Apache-2.0
#include "app/driver_advice.h"

#include <algorithm>

#include "base/text.h"
#include "compat/gpu_table.h"
#include "compat/verdict.h"
#include "compat/versions.h"

namespace outboard::app {

namespace {

constexpr size_t kMostModels = 4;

/// "10de:2b85", as lspci writes it.
std::string pci_id(uint32_t device) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out = "10de:";
  for (int shift = 12; shift >= 0; shift -= 4) out += kDigits[device >> shift & 15U];
  return out;
}

/// The newest driver of the tables that drives the card.
std::string newest_driver(const compat::Tables& tables, std::string_view capability) {
  std::string_view last_branch, newest;
  for (const compat::CapabilityRow& row : tables.capabilities) {
    if (row.compute_capability == capability) last_branch = row.last_branch;
  }
  for (const compat::ToolkitRow& row : tables.toolkits) {
    bool drives = last_branch.empty() ||
                  compat::compare_padded(compat::major_of(row.full_driver), last_branch) <= 0;
    if (drives && (newest.empty() || compat::compare_padded(row.full_driver, newest) > 0))
      newest = row.full_driver;
  }
  return std::string(newest);
}

/// Why a framework of the image computes nothing on the card, whatever the driver; empty: it may.
std::string without_code(const ImageEvidence& image, const compat::Tables& tables,
                         const compat::GpuModel& model) {
  compat::GpuTraits gpu;
  gpu.label = std::string(model.name);
  if (model.compute_capability.empty()) return "";
  gpu.compute_capability = std::string(model.compute_capability);
  compat::DriverTraits driver;
  driver.version = newest_driver(tables, model.compute_capability);
  for (const compat::FrameworkWish& wish : image.frameworks) {
    // What the library in the image has code for counts, not what its published packages have.
    if (wish.framework == compat::Framework::kPytorch && !image.code.empty()) continue;
    compat::FrameworkAnswer answer = compat::judge_framework(tables, wish, driver, gpu);
    if (answer.code != compat::GpuCode::kNone || !answer.build) continue;
    const auto& ways = answer.judgement.ways_out;
    return cat("no driver will do: ", compat::framework_name(wish.framework), " ", answer.version,
               " for CUDA ", answer.build->cuda, " has no code for compute capability ",
               model.compute_capability, ways.empty() ? "" : cat("; choose ", join(ways, ", or ")));
  }
  return "";
}

compat::DriverToInstall advice_for(const ImageEvidence& image, const CudaSign& cuda,
                                   const compat::Tables& tables,
                                   const std::optional<compat::GpuModel>& model) {
  if (!model) {
    compat::DriverToInstall driver = compat::driver_to_install(tables, cuda.version, "");
    driver.text += "; the tables do not know this card: the driver must list it, too";
    return driver;
  }
  std::string reason = without_code(image, tables, *model);
  if (!reason.empty()) return {reason, true};
  return compat::driver_to_install(tables, cuda.version, model->compute_capability);
}

}  // namespace

DriverAdvice driver_advice(const host::Facts& facts, const ImageEvidence& image,
                           const CudaSign& cuda, const compat::Tables& tables) {
  DriverAdvice out;
  if (facts.module_version || facts.library_version) return out;
  std::vector<std::string> models;  // with the same advice, those of one driver together
  std::vector<std::string> advice;
  out.none = true;
  for (const host::GpuFact& gpu : facts.gpus) {
    if (!gpu.pci_device) continue;
    auto model = compat::gpu_model(tables, *gpu.pci_device);
    compat::DriverToInstall driver = advice_for(image, cuda, tables, model);
    out.none = out.none && driver.none;
    std::string name = model ? std::string(model->name) : cat("GPU ", pci_id(*gpu.pci_device));
    auto same = std::find(advice.begin(), advice.end(), driver.text);
    if (same == advice.end()) {
      if (advice.size() == kMostModels) continue;
      advice.push_back(driver.text);
      models.push_back(name);
    } else if (std::string& names = models[static_cast<size_t>(same - advice.begin())];
               names.find(name) == std::string::npos) {
      names += cat(" and ", name);
    }
  }
  for (size_t i = 0; i < advice.size(); i++)
    out.text += cat(i > 0 ? "; on " : cat("for CUDA ", printable(cuda.version, 40), " on "),
                    models[i], ": ", advice[i]);
  out.none = out.none && !advice.empty();
  return out;
}

}  // namespace outboard::app
