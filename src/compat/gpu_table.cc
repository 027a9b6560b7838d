// SPDX-License-Identifier: Apache-2.0
#include "compat/gpu_table.h"

#include <algorithm>
#include <array>

namespace outboard::compat {

// Sorted by PCI device id.
static constexpr GpuModel kModels[] = {
#include "compat/gpu_rows.inc"
};

std::optional<GpuModel> gpu_model(uint32_t pci_device) {
  const auto* found =
      std::lower_bound(std::begin(kModels), std::end(kModels), pci_device,
                       [](const GpuModel& model, uint32_t id) { return model.pci_device < id; });
  if (found == std::end(kModels) || found->pci_device != pci_device) return std::nullopt;
  return *found;
}

}  // namespace outboard::compat
