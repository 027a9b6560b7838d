// SPDX-License-Identifier: Apache-2.0
// Joins what /proc and /sys show with what NVML says, by PCI bus id.
#include "device/inventory.h"

#include <algorithm>

namespace outboard::device {

static std::optional<uint32_t> capability_minor(const host::Facts& facts,
                                                std::optional<uint32_t> gpu_minor,
                                                uint32_t gpu_instance,
                                                std::optional<uint32_t> compute_instance) {
  for (const host::MigCapability& cap : facts.mig) {
    if (cap.gpu_minor == gpu_minor && cap.gpu_instance == gpu_instance &&
        cap.compute_instance == compute_instance) {
      return cap.cap_minor;
    }
  }
  return std::nullopt;
}

static void add_nvml(Gpu& gpu, const host::NvmlGpu& known, const host::Facts& facts) {
  gpu.index = known.index;
  if (!gpu.minor) gpu.minor = known.minor;
  if (known.uuid) gpu.uuid = known.uuid;
  if (known.name) gpu.name = known.name;
  gpu.memory_mib = known.memory_mib;
  gpu.compute_capability = known.compute_capability;
  gpu.mig_enabled = known.mig_enabled;
  for (const host::NvmlMig& slice : known.mig) {
    MigDevice mig;
    mig.index = slice.index;
    mig.uuid = slice.uuid;
    mig.profile = slice.profile;
    mig.gpu_instance = slice.gpu_instance;
    mig.compute_instance = slice.compute_instance;
    mig.memory_mib = slice.memory_mib;
    mig.gpu_instance_minor = capability_minor(facts, gpu.minor, slice.gpu_instance, std::nullopt);
    mig.compute_instance_minor =
        capability_minor(facts, gpu.minor, slice.gpu_instance, slice.compute_instance);
    gpu.mig.push_back(std::move(mig));
  }
}

Inventory make_inventory(const host::Facts& facts, const host::NvmlAnswer* nvml) {
  Inventory inventory;
  inventory.simulated = facts.simulated;
  inventory.driver_version = facts.module_version ? facts.module_version : facts.library_version;
  inventory.has_nvml = nvml != nullptr;
  if (nvml) inventory.cuda_version = nvml->cuda_version;

  for (const host::GpuFact& fact : facts.gpus) {
    if (fact.excluded == true) {
      inventory.unusable.emplace_back(fact.pci, "excluded by the driver");
      continue;
    }
    if (!fact.bound) {
      inventory.unusable.emplace_back(fact.pci, "the NVIDIA driver is not bound to it");
      continue;
    }
    Gpu gpu;
    gpu.index = static_cast<uint32_t>(inventory.gpus.size());
    gpu.pci = fact.pci;
    gpu.minor = fact.minor;
    gpu.uuid = fact.uuid;
    gpu.name = fact.model;
    gpu.drm_nodes = fact.drm_nodes;
    inventory.gpus.push_back(std::move(gpu));
  }
  if (!nvml) return inventory;

  for (const host::NvmlGpu& known : nvml->gpus) {
    auto found = std::find_if(inventory.gpus.begin(), inventory.gpus.end(),
                              [&](const Gpu& gpu) { return gpu.pci == known.pci; });
    if (found == inventory.gpus.end()) continue;
    add_nvml(*found, known, facts);
  }
  std::stable_sort(inventory.gpus.begin(), inventory.gpus.end(),
                   [](const Gpu& a, const Gpu& b) { return a.index < b.index; });
  return inventory;
}

}  // namespace outboard::device
