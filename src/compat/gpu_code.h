// SPDX-License-Identifier: Apache-2.0
// Has a program code for a GPU? From the list of architectures that it was built for, as PyTorch's
// TORCH_CUDA_ARCH_LIST writes it: "5.0 8.6 9.0+PTX". Rules: CUDA C++ Programming Guide 13.0,
// "Binary Compatibility" and "PTX Compatibility".
#pragma once

#include <optional>
#include <string_view>

#include "compat/tables.h"

namespace outboard::compat {

enum class GpuCode {
  kUnknown,  ///< no list, or a GPU of unknown compute capability
  kNone,     ///< "no kernel image is available for execution on the device"
  kPtx,      ///< the driver compiles it at the first start
  kNative,   ///< machine code: of the same major version and no newer minor one
};

/// What stands in round brackets is a remark. Jetson's and DRIVE's GPUs run machine code for their
/// very compute capability alone.
GpuCode gpu_code(const Tables& tables, std::string_view architectures,
                 const std::optional<std::string>& compute_capability);

/// Jetson, DRIVE and the like.
bool is_embedded(const Tables& tables, std::string_view compute_capability);

/// Can the nvcc of a CUDA release make machine code that a GPU runs: for its own compute capability
/// or a lower one of the same major version? Code for features of one architecture alone (sm_90a)
/// is left aside: it runs on that very one.
bool makes_code(const Tables& tables, std::string_view release, std::string_view capability);

}  // namespace outboard::compat
