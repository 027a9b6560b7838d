// SPDX-License-Identifier: Apache-2.0
#include "app/compat_check.h"

#include <algorithm>

#include "base/text.h"
#include "compat/csv.h"
#include "compat/forward.h"

namespace outboard::app {

namespace {

std::optional<std::string> brand_of(const Machine& machine, const std::string& pci) {
  if (!machine.nvml) return std::nullopt;
  for (const host::NvmlGpu& gpu : machine.nvml->gpus) {
    if (gpu.pci == pci) return gpu.brand.value_or("unknown");
  }
  return "unknown";
}

/// Nothing: the environment leaves it to the policy.
Result<std::optional<CompatMode>> mode_of(const std::vector<std::string>& environment) {
  std::optional<CompatMode> mode;
  const std::string start = cat(kCompatVariable, "=");
  for (const std::string& entry : environment) {
    if (entry.compare(0, start.size(), start) != 0) continue;
    std::string value = entry.substr(start.size());
    if (auto parsed = parse_compat_mode(value)) {
      mode = *parsed;
    } else if (!value.empty()) {
      return make_error(
          ErrorCode::kUsage,
          cat(kCompatVariable, "='", printable(value, 40), "' is none of auto, off, force"),
          "give it one of these values, or leave the variable out");
    }
  }
  return mode;
}

std::vector<compat::GpuTraits> traits_of(const std::vector<compat::CheckedGpu>& gpus) {
  std::vector<compat::GpuTraits> traits;
  for (const compat::CheckedGpu& gpu : gpus) traits.push_back(gpu.traits);
  return traits;
}

CompatDecision decide(const CompatBasis& basis, const std::optional<plan::ImageCompat>& image,
                      const compat::Tables& tables) {
  CompatDecision decision;
  if (!image) return decision;
  compat::ForwardAnswer answer =
      compat::judge_forward(tables, image->version, basis.driver.version, traits_of(basis.gpus));
  decision.cuda = answer.cuda;
  decision.why = answer.reason;
  // Without a GPU there is nothing that could be compatible.
  if (basis.mode == CompatMode::kAuto)
    decision.use_image_compat = answer.allowed && !basis.gpus.empty();
  if (basis.mode == CompatMode::kForce) {
    decision.use_image_compat = answer.loadable;
    if (answer.loadable && !answer.allowed)
      decision.why = cat("forced; ", answer.reason, " (CUDA error 803 or 804 would be the result)");
  }
  if (basis.mode == CompatMode::kOff) decision.why = "it is switched off";
  return decision;
}

bool holds(const CompatBasis& basis, const std::string& compat_cuda, const compat::Tables& tables) {
  std::vector<std::string> ignored;
  return !compat::requirement_failure(basis.requirements, basis.driver, basis.gpus, compat_cuda,
                                      tables, ignored);
}

std::string possible_cuda(const CompatBasis& basis, const compat::Tables& tables) {
  if (basis.mode == CompatMode::kOff || holds(basis, "", tables)) return "";
  for (const std::string& release : compat::forward_releases(
           tables, basis.driver.version, traits_of(basis.gpus), basis.mode == CompatMode::kForce)) {
    if (holds(basis, release, tables)) return release;
  }
  return "";
}

/// Whether brands decide, with the driver's own CUDA version or with that of libraries.
bool needs_brand(const CompatBasis& basis, bool files_known, const compat::Tables& tables) {
  auto hangs = [&](const std::string& compat_cuda) {
    compat::DriverTraits driver = basis.driver;
    if (!compat_cuda.empty()) driver.cuda = compat::KnownVersion{compat_cuda, false};
    return compat::needs_brand(basis.requirements, driver, basis.gpus, tables);
  };
  if (basis.requirements.all.empty()) return false;
  if (hangs(basis.compat_cuda())) return true;
  std::string possible = files_known ? "" : possible_cuda(basis, tables);
  return !possible.empty() && hangs(possible);
}

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

}  // namespace

Result<CompatBasis> compat_basis(Chosen& chosen, const MachineOptions& options,
                                 const ImageDemands& demands, const compat::Tables& tables) {
  CompatBasis basis;
  OB_TRY(basis.requirements, compat::requirements_of_image(demands.environment, demands.labels));
  learn_cards(chosen.machine, tables);
  basis.driver = driver_traits(chosen.machine);
  basis.gpus = chosen_gpus(chosen, tables);
  OB_TRY(std::optional<CompatMode> mode, mode_of(demands.environment));
  basis.mode = mode.value_or(options.compat);
  basis.mode_of_environment = mode.has_value();
  basis.decision = decide(basis, demands.compat, tables);
  bool open = !demands.files_known && !demands.compat;
  if (needs_brand(basis, !open, tables)) {
    learn_brands(chosen.machine, options);
    basis.driver = driver_traits(chosen.machine);
    basis.gpus = chosen_gpus(chosen, tables);
    for (compat::CheckedGpu& gpu : basis.gpus) {
      // As NVIDIA's tools call a brand that NVML has no name for.
      if (!gpu.brand) gpu.brand = "unknown";
    }
  }
  if (open) basis.possible_cuda = possible_cuda(basis, tables);
  return basis;
}

void tell_switched_off(Error& error, const CompatBasis& basis, const ImageDemands& demands,
                       const compat::Tables& tables) {
  if (basis.mode != CompatMode::kOff) return;
  CompatBasis on = basis;
  on.mode = CompatMode::kAuto;
  on.decision = decide(on, demands.compat, tables);
  bool open = !demands.files_known && !demands.compat;
  std::string cuda = on.compat_cuda();
  if (open) cuda = possible_cuda(on, tables);
  if (cuda.empty() || !holds(on, cuda, tables)) return;
  std::string setting = basis.mode_of_environment ? cat(kCompatVariable, "=off")
                                                  : "the policy's [cuda] compat = \"off\"";
  error.text += cat("; CUDA forward compatibility ", open ? "may meet" : "would meet",
                    " it, and is switched off by ", setting);
  error.hint = cat("switch it on: ",
                   basis.mode_of_environment ? cat("leave ", kCompatVariable, "=off out")
                                             : cat("-e ", kCompatVariable, "=auto"),
                   "; or ", error.hint);
}

Result<CompatDecision> check_compatibility(Chosen& chosen, const MachineOptions& options,
                                           const ImageDemands& demands,
                                           const compat::Tables& tables,
                                           std::vector<std::string>& notes) {
  if (!chosen.selection.driver) return CompatDecision{};
  OB_TRY(CompatBasis basis, compat_basis(chosen, options, demands, tables));
  const CompatDecision& decision = basis.decision;
  if (demands.compat && !decision.use_image_compat)
    notes.push_back(cat("CUDA forward compatibility: the image's '",
                        printable(demands.compat->directory), "' (",
                        printable(demands.compat->version), ") is not used: ", decision.why));
  auto failure = compat::requirement_failure(basis.requirements, basis.driver_for_message(),
                                             basis.gpus, basis.compat_cuda(), tables, notes);
  if (failure && basis.possible_cuda.empty()) {
    tell_switched_off(*failure, basis, demands, tables);
    return std::move(*failure);
  }
  return std::move(basis.decision);
}

Result<void> check_before_pull(Chosen& chosen, const MachineOptions& options, ImageDemands demands,
                               const compat::Tables& tables) {
  demands.files_known = false;
  std::vector<std::string> notes;
  OB_CHECK(check_compatibility(chosen, options, demands, tables, notes));
  return {};
}

}  // namespace outboard::app
