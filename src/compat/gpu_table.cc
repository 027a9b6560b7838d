// SPDX-License-Identifier: Apache-2.0
#include "compat/gpu_table.h"

#include <algorithm>
#include <array>

#include "base/text.h"

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

std::optional<GpuModel> gpu_model(const Tables& tables, uint32_t pci_device) {
  std::optional<GpuModel> model = gpu_model(pci_device);
  for (const PciGpuRow& row : tables.pci_gpus) {
    if (parse_number<uint32_t>(row.pci_device.substr(2), 16) != pci_device) continue;
    model = GpuModel{pci_device, row.name, row.chip, "", ""};
    for (const GpuModel& known : kModels) {
      if (known.chip != row.chip) continue;
      model->architecture = known.architecture;
      model->compute_capability = known.compute_capability;
      break;
    }
  }
  for (const GpuChipRow& row : tables.gpu_chips) {
    if (!model || row.chip != model->chip) continue;
    model->architecture = row.architecture;
    model->compute_capability = row.compute_capability;
  }
  return model;
}

}  // namespace outboard::compat
