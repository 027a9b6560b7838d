// SPDX-License-Identifier: Apache-2.0
// Does a cuDNN go with a CUDA version, a driver and a GPU? From cuDNN's support matrices and the
// list of its packages (data/cudnn_cuda.csv). A package is for one major version of CUDA and runs
// with its later releases.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "compat/tables.h"
#include "compat/verdict.h"

namespace outboard::compat {

/// What a cuDNN version needs with a CUDA release: the row of that version ("9.13" is the newest
/// 9.13.N), else of the nearest older one of the same major version, else of the nearest newer one;
/// nothing if there is none.
struct CudnnNeeds {
  std::string version;                 ///< of the row, "9.13.1.26"
  std::string min_driver;              ///< "525.60.13"; may be empty
  std::string min_compute_capability;  ///< "7.5"; may be empty
  std::string source;
};
std::optional<CudnnNeeds> cudnn_needs(const Tables& tables, std::string_view cudnn,
                                      std::string_view cuda);

enum class CudnnFault {
  kNone,
  kNotInTables,  ///< nothing is known of it with this CUDA version
  kNewer,        ///< newer than the tables
  kCuda,         ///< there is no package for this major version of CUDA
  kGpu,          ///< it has no code for the GPU
  kDriver,       ///< the driver is too old
};

struct CudnnAnswer {
  CudnnFault fault = CudnnFault::kNone;
  std::optional<CudnnNeeds> needs;
  /// kNo for the last three faults, kUnknown for the two before, else kFull.
  Judgement judgement;
};

/// `cuda`: "12.8" or "12.8.1"; `driver`: the version of the libcuda that programs load.
CudnnAnswer judge_cudnn(const Tables& tables, std::string_view cudnn, std::string_view cuda,
                        const std::string& driver, const GpuTraits& gpu);

}  // namespace outboard::compat
