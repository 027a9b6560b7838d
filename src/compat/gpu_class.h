// SPDX-License-Identifier: Apache-2.0
// What kind of GPU a product is, on which NVIDIA lets forward compatibility depend.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "compat/tables.h"

namespace outboard::compat {

enum class GpuClass { kUnknown, kConsumer, kWorkstation, kNgcReady, kDataCenter };

/// By product name, as NVML, /proc or the PCI ID database spells it ("NVIDIA H200", "H200 SXM
/// 141GB"). The longest fitting row counts.
GpuClass gpu_class(const Tables& tables, std::string_view product_name);
/// "a data center GPU", "a consumer GPU", ...
std::string_view gpu_class_name(GpuClass gpu_class);

/// A GPU as far as compatibility goes.
struct GpuTraits {
  std::string label;                              ///< "GPU 0 (NVIDIA H200)", for texts
  std::optional<std::string> compute_capability;  ///< "9.0"
  GpuClass gpu_class = GpuClass::kUnknown;
};

}  // namespace outboard::compat
