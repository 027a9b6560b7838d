// SPDX-License-Identifier: Apache-2.0
// One GPU against one image: CUDA, frameworks, cuDNN, code of libraries, requirements,
// architecture.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/compat_check.h"
#include "app/image_evidence.h"
#include "compat/framework.h"
#include "compat/tables.h"
#include "compat/verdict.h"

namespace outboard::app {

/// One thing that was held against a GPU.
struct PartVerdict {
  std::string what;  ///< "CUDA 12.8.1", "PyTorch 2.9.1", "requirements"
  compat::Judgement judgement;
};

/// What is the same for every GPU. All of it outlives the call.
struct GpuQuestion {
  const ImageEvidence& image;
  const CompatBasis& basis;
  const std::optional<CudaSign>& cuda;  ///< the newest of signs
  const std::vector<CudaSign>& signs;
  const compat::Tables& tables;
};

/// At least one part. `notes` gets what is no part, each sentence once.
std::vector<PartVerdict> judge_gpu(const GpuQuestion& question, const compat::CheckedGpu& gpu,
                                   std::vector<std::string>& notes);

/// "PyTorch 2.9.1 (CUDA 12.8)".
std::string framework_text(const compat::FrameworkWish& wish,
                           const compat::FrameworkAnswer& answer);

}  // namespace outboard::app
