// SPDX-License-Identifier: Apache-2.0
// The highest CUDA version that a driver supports, by its branch (the first number of its version).
// From data/driver_branch_max_cuda.csv, compiled in. It is what nvidia-smi prints as "CUDA Version"
// and what cuda>= in an image's requirement is compared with; NVML's own answer is better where
// there is one.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace outboard::compat {

struct HighestCuda {
  std::string_view cuda;  ///< "12.2"
  /// The driver's branch is not in the table (a newer or an unusual one): `cuda` is that of the
  /// next lower branch, so the driver supports at least this.
  bool at_least = false;
};

/// Nothing for text that is no driver version, or a driver older than the table.
std::optional<HighestCuda> highest_cuda(std::string_view driver_version);

}  // namespace outboard::compat
