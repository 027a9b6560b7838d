// SPDX-License-Identifier: Apache-2.0
// Forward compatibility: libraries of a cuda-compat package, newer than the host's driver, in its
// place. Facts: NVIDIA's support matrix (docs.nvidia.com/deploy/cuda-compatibility, edition R615).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compat/gpu_class.h"
#include "compat/tables.h"

namespace outboard::compat {

/// The matrix's row for the libraries of a CUDA release ("12.8") on a driver branch ("550"); null:
/// it has none.
const ForwardRow* forward_row(const Tables& tables, std::string_view cuda, std::string_view branch);
bool is_allowed(const ForwardRow& row);
/// Others end with CUDA error 804.
bool may_use_forward(GpuClass gpu_class);

/// What the support matrix says of compat libraries built with driver `compat_version` (the version
/// in the file name of their libcuda, "570.124.06") on a host driver.
struct ForwardAnswer {
  bool allowed = false;
  bool loadable = false;  ///< newer than the host's driver: it could be forced
  std::string cuda;       ///< the CUDA version that it brings ("12.8"), if known
  std::string reason;     ///< one clause, as "the support matrix ..."
};
ForwardAnswer judge_forward(const Tables& tables, std::string_view compat_version,
                            std::string_view driver, const std::vector<GpuTraits>& gpus);

/// The CUDA releases that a driver and all of these GPUs can get by forward compatibility, oldest
/// first: those that the support matrix allows, or (`forced`) all that are newer.
std::vector<std::string> forward_releases(const Tables& tables, std::string_view driver,
                                          const std::vector<GpuTraits>& gpus, bool forced);

}  // namespace outboard::compat
