// SPDX-License-Identifier: Apache-2.0
// The GPUs and MIG devices of a machine with every name they go by. Pure: host facts and NVML's
// answer in, values out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/facts.h"

namespace outboard::device {

/// A slice of a GPU. Access needs the GPU's own node and the two capability nodes.
struct MigDevice {
  uint32_t index = 0;   ///< on its GPU; "0:1" is GPU 0, MIG device 1
  std::string uuid;     ///< "MIG-..."
  std::string profile;  ///< "1g.10gb"
  uint32_t gpu_instance = 0;
  uint32_t compute_instance = 0;
  std::optional<uint32_t> gpu_instance_minor;  ///< N of /dev/nvidia-caps/nvidia-capN
  std::optional<uint32_t> compute_instance_minor;
  std::optional<uint64_t> memory_mib;

  bool operator==(const MigDevice&) const = default;
};

struct Gpu {
  uint32_t index =
      0;  ///< order by PCI bus id among GPUs that the driver uses: NVML's and nvidia-smi's index
  std::string pci;  ///< "0000:65:00.0"
  std::optional<uint32_t> minor;
  std::optional<std::string> uuid;
  std::optional<std::string> name;
  std::optional<uint64_t> memory_mib;
  std::optional<std::string> compute_capability;  ///< "9.0"
  std::optional<bool> mig_enabled;                ///< nothing: only NVML knows and was not asked
  std::vector<MigDevice> mig;
  std::vector<std::string> drm_nodes;

  bool operator==(const Gpu&) const = default;
};

struct Inventory {
  bool simulated = false;
  std::optional<std::string> driver_version;
  std::optional<std::string> cuda_version;
  std::vector<Gpu> gpus;
  bool has_nvml = false;  ///< NVML's answer is part of this
  /// GPUs on the PCI bus that the driver does not use, with the reason: "excluded by the driver",
  /// "no driver bound".
  std::vector<std::pair<std::string, std::string>> unusable;
};

Inventory make_inventory(const host::Facts& facts, const host::NvmlAnswer* nvml);

}  // namespace outboard::device
