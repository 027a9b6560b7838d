// SPDX-License-Identifier: Apache-2.0
// Requirements against a driver and its GPUs, and the message when they do not hold: what is there,
// what is needed, by which variable, which driver would do, whether forward compatibility would,
// and how to start regardless.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compat/requirement.h"
#include "compat/verdict.h"

namespace outboard::compat {

/// A selected GPU (a MIG device counts as its GPU). `brand`: NVML's name of it, "unknown" if NVML
/// has none, nothing if NVML was not asked.
struct CheckedGpu {
  GpuTraits traits;
  std::optional<std::string> brand;
};

/// True if the answer hangs on brands that are not known: ask NVML and check again.
bool needs_brand(const Requirements& requirements, const DriverTraits& driver,
                 const std::vector<CheckedGpu>& gpus, const Tables& tables);

/// Nothing if all requirements hold for every GPU (for the driver alone if there is none), or if a
/// version is too new for the tables to tell: that is a sentence in `notes`. Else kUnsupported.
/// `compat_cuda`: the CUDA version that the container will have by forward compatibility; empty:
/// the driver's own.
std::optional<Error> requirement_failure(const Requirements& requirements,
                                         const DriverTraits& driver,
                                         const std::vector<CheckedGpu>& gpus,
                                         const std::string& compat_cuda, const Tables& tables,
                                         std::vector<std::string>& notes);

}  // namespace outboard::compat
