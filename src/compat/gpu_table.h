// SPDX-License-Identifier: Apache-2.0
// GPU models by PCI device id: what can be known of a GPU without asking it. From data/pci_gpus.csv
// and data/gpu_chips.csv, compiled in.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "compat/tables.h"

namespace outboard::compat {

struct GpuModel {
  uint32_t pci_device = 0;              ///< 0x2335
  std::string_view name;                ///< "H200 SXM 141GB", as the PCI ID database has it
  std::string_view chip;                ///< "GH100"
  std::string_view architecture;        ///< "Hopper"
  std::string_view compute_capability;  ///< "9.0"
};

/// Nothing for a GPU that is newer than the table, or older than Tesla (G80), the first
/// with CUDA.
std::optional<GpuModel> gpu_model(uint32_t pci_device);

/// The same with the rows that were added to the tables, which count more (the model's texts are
/// theirs). A model whose chip has no row anywhere has neither architecture nor compute capability.
std::optional<GpuModel> gpu_model(const Tables& tables, uint32_t pci_device);

}  // namespace outboard::compat
