// SPDX-License-Identifier: Apache-2.0
// Which devices a request means. All or nothing: every name that means nothing, or more than one
// thing, is reported at once.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "device/inventory.h"
#include "device/request.h"

namespace outboard::device {

/// One chosen device: a whole GPU, or one MIG device of it.
struct Selected {
  uint32_t gpu = 0;             ///< position in Inventory::gpus
  std::optional<uint32_t> mig;  ///< position in Gpu::mig

  bool operator==(const Selected&) const = default;
};

struct Selection {
  bool driver = false;  ///< driver files and control nodes are wanted (false only for "void")
  std::vector<Selected> devices;  ///< in inventory order, no doubles
};

/// True if the answer depends on what only NVML knows: MIG devices, or a UUID while /proc does not
/// show all of them. `all` depends on NVML when a GPU has MIG capabilities.
bool needs_nvml(const Request& request, const host::Facts& facts);

Result<Selection> select(const Inventory& inventory, const Request& request);

/// The name that means exactly this device at any time: its UUID, else PCI bus id ("0000:65:00.0").
std::string stable_name(const Inventory& inventory, const Selected& selected);

}  // namespace outboard::device
