// SPDX-License-Identifier: Apache-2.0
#include "app/driver_advice.h"

#include <algorithm>

#include "base/text.h"
#include "compat/gpu_table.h"
#include "compat/verdict.h"

namespace outboard::app {

namespace {

constexpr size_t kMostModels = 4;

}  // namespace

std::string driver_advice(const host::Facts& facts, const CudaSign& cuda,
                          const compat::Tables& tables) {
  if (facts.module_version || facts.library_version) return "";
  std::vector<std::string> models;  // with the same advice, those of one driver together
  std::vector<std::string> advice;
  for (const host::GpuFact& gpu : facts.gpus) {
    auto model = gpu.pci_device ? compat::gpu_model(tables, *gpu.pci_device) : std::nullopt;
    if (!model) continue;
    std::string driver = compat::driver_to_install(tables, cuda.version, model->compute_capability);
    if (driver.empty()) continue;
    std::string name(model->name);
    auto same = std::find(advice.begin(), advice.end(), driver);
    if (same == advice.end()) {
      if (advice.size() == kMostModels) continue;
      advice.push_back(driver);
      models.push_back(name);
    } else if (std::string& names = models[static_cast<size_t>(same - advice.begin())];
               names.find(name) == std::string::npos) {
      names += cat(" and ", name);
    }
  }
  std::string out;
  for (size_t i = 0; i < advice.size(); i++)
    out += cat(i > 0 ? "; on " : cat("for CUDA ", printable(cuda.version, 40), " on "), models[i],
               ": ", advice[i]);
  return out;
}

}  // namespace outboard::app
