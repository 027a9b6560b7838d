// SPDX-License-Identifier: Apache-2.0
#include "app/compat_check.h"

#include <algorithm>

#include "base/text.h"
#include "compat/csv.h"

namespace outboard::app {

namespace {

std::optional<std::string> brand_of(const Machine& machine, const std::string& pci) {
  if (!machine.nvml) return std::nullopt;
  for (const host::NvmlGpu& gpu : machine.nvml->gpus) {
    if (gpu.pci == pci) return gpu.brand.value_or("unknown");
  }
  return "unknown";
}

CompatMode effective_mode(const std::vector<std::string>& environment, CompatMode mode,
                          std::vector<std::string>& notes) {
  const std::string start = cat(kCompatVariable, "=");
  for (const std::string& entry : environment) {
    if (entry.compare(0, start.size(), start) != 0) continue;
    std::string value = entry.substr(start.size());
    if (auto parsed = parse_compat_mode(value)) {
      mode = *parsed;
    } else if (!value.empty()) {
      notes.push_back(cat(kCompatVariable, "='", printable(value, 40),
                          "' is none of auto, off, force and was ignored"));
    }
  }
  return mode;
}

CompatDecision decide(const compat::DriverTraits& driver,
                      const std::vector<compat::CheckedGpu>& gpus,
                      const std::optional<plan::ImageCompat>& image, CompatMode mode,
                      const compat::Tables& tables, std::vector<std::string>& notes) {
  CompatDecision decision;
  if (!image) return decision;
  std::vector<compat::GpuTraits> traits;
  for (const compat::CheckedGpu& gpu : gpus) traits.push_back(gpu.traits);
  compat::ForwardAnswer answer =
      compat::judge_forward(tables, image->version, driver.version, traits);
  decision.cuda = answer.cuda;
  decision.why = answer.reason;
  // Without a GPU there is nothing that could be compatible.
  if (mode == CompatMode::kAuto) decision.use_image_compat = answer.allowed && !gpus.empty();
  if (mode == CompatMode::kForce) {
    decision.use_image_compat = answer.loadable;
    if (answer.loadable && !answer.allowed)
      decision.why = cat("forced; ", answer.reason, " (CUDA error 803 or 804 would be the result)");
  }
  if (decision.use_image_compat) return decision;
  std::string why = mode == CompatMode::kOff ? "it is switched off" : decision.why;
  notes.push_back(cat("CUDA forward compatibility: the image's '", printable(image->directory),
                      "' (", printable(image->version), ") is not used: ", why));
  return decision;
}

}  // namespace

compat::DriverTraits driver_traits(const Machine& machine) {
  compat::DriverTraits driver;
  driver.version = machine.facts.library_version.value_or("");
  if (machine.nvml && machine.nvml->cuda_version && compat::is_version(*machine.nvml->cuda_version))
    driver.cuda = compat::KnownVersion{*machine.nvml->cuda_version, false};
  return driver;
}

std::vector<compat::CheckedGpu> chosen_gpus(const Chosen& chosen, const compat::Tables& tables) {
  std::vector<compat::CheckedGpu> gpus;
  std::vector<uint32_t> seen;
  for (const device::Selected& selected : chosen.selection.devices) {
    if (std::find(seen.begin(), seen.end(), selected.gpu) != seen.end()) continue;
    seen.push_back(selected.gpu);
    const device::Gpu& gpu = chosen.machine.inventory.gpus[selected.gpu];
    compat::CheckedGpu checked;
    std::string name = gpu.name.value_or("");
    checked.traits.label = cat("GPU ", gpu.index, name.empty() ? "" : " (", printable(name, 60),
                               name.empty() ? "" : ")");
    checked.traits.compute_capability = gpu.compute_capability;
    checked.traits.gpu_class = compat::gpu_class(tables, name);
    checked.brand = brand_of(chosen.machine, gpu.pci);
    gpus.push_back(std::move(checked));
  }
  return gpus;
}

Result<CompatDecision> check_compatibility(Chosen& chosen, const MachineOptions& options,
                                           const ImageDemands& demands,
                                           const compat::Tables& tables,
                                           std::vector<std::string>& notes) {
  if (!chosen.selection.driver) return CompatDecision{};
  OB_TRY(compat::Requirements requirements,
         compat::requirements_of_image(demands.environment, demands.labels));
  compat::DriverTraits driver = driver_traits(chosen.machine);
  std::vector<compat::CheckedGpu> gpus = chosen_gpus(chosen, tables);
  if (!requirements.all.empty() && compat::needs_brand(requirements, driver, gpus, tables)) {
    learn_brands(chosen.machine, options);
    gpus = chosen_gpus(chosen, tables);
    for (compat::CheckedGpu& gpu : gpus) {
      // As NVIDIA's tools call a brand that NVML has no name for.
      if (!gpu.brand) gpu.brand = "unknown";
    }
  }
  CompatMode mode = effective_mode(demands.environment, options.compat, notes);
  CompatDecision decision = decide(driver, gpus, demands.compat, mode, tables, notes);
  if (auto failure = compat::requirement_failure(requirements, driver, gpus,
                                                 decision.use_image_compat ? decision.cuda : "",
                                                 tables, notes))
    return std::move(*failure);
  return decision;
}

std::optional<std::string> cuda_by_forward(const compat::Requirements& requirements,
                                           const compat::DriverTraits& driver,
                                           const std::vector<compat::CheckedGpu>& gpus,
                                           const compat::Tables& tables) {
  std::optional<std::string> toolkit;
  for (const compat::Requirement& requirement : requirements.all) {
    auto lowest = compat::lowest_cuda(requirement);
    if (lowest && (!toolkit || compat::compare_padded(*lowest, *toolkit) > 0)) toolkit = lowest;
  }
  auto brought_by = toolkit ? compat::full_driver(tables, *toolkit) : std::nullopt;
  if (!brought_by || gpus.empty()) return std::nullopt;
  std::vector<compat::GpuTraits> traits;
  for (const compat::CheckedGpu& gpu : gpus) traits.push_back(gpu.traits);
  if (!compat::judge_forward(tables, *brought_by, driver.version, traits).allowed)
    return std::nullopt;
  return toolkit;
}

Result<void> check_before_pull(Chosen& chosen, const MachineOptions& options,
                               const ImageDemands& demands, const compat::Tables& tables) {
  std::vector<std::string> notes;
  auto decision = check_compatibility(chosen, options, demands, tables, notes);
  if (decision) return {};
  Error error = std::move(decision).error();
  if (error.code != ErrorCode::kUnsupported || options.compat == CompatMode::kOff) return error;
  OB_TRY(compat::Requirements requirements,
         compat::requirements_of_image(demands.environment, demands.labels));
  compat::DriverTraits driver = driver_traits(chosen.machine);
  std::vector<compat::CheckedGpu> gpus = chosen_gpus(chosen, tables);
  auto cuda = cuda_by_forward(requirements, driver, gpus, tables);
  if (cuda && !compat::requirement_failure(requirements, driver, gpus, *cuda, tables, notes))
    return {};
  return error;
}

}  // namespace outboard::app
