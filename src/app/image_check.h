// SPDX-License-Identifier: Apache-2.0
// Will an image run here? What its configuration and its files say, held against the driver and
// each chosen GPU. No I/O but NVML's answer about brands, where a requirement hangs on them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/gpu_check.h"
#include "app/image_evidence.h"
#include "app/machine.h"
#include "compat/tables.h"
#include "compat/verdict.h"

namespace outboard::app {

struct GpuVerdict {
  uint32_t index = 0;
  std::string label;  ///< "GPU 0 (NVIDIA H200)"
  std::optional<std::string> uuid, name, compute_capability;
  compat::GpuClass gpu_class = compat::GpuClass::kUnknown;
  std::vector<PartVerdict> parts;  ///< at least one

  /// Of the part that is worst off.
  compat::Verdict worst() const;
};

struct ImageVerdict {
  compat::DriverTraits driver;
  std::optional<compat::KnownVersion> driver_cuda;
  std::optional<CudaSign> cuda;  ///< the newest that the image names
  std::string cudnn;
  std::vector<compat::Requirement> requirements;
  bool requirements_off = false;  ///< NVIDIA_DISABLE_REQUIRE
  bool wants_driver = false;      ///< a label of nvidia-docker 1 says so
  std::vector<GpuVerdict> gpus;
  std::vector<std::string> notes;  ///< sentences

  compat::Verdict worst() const;
};

/// The newest CUDA version that the image names, or else that its frameworks are built with;
/// nothing if it names none, or a requirement cannot be read.
std::optional<CudaSign> cuda_of(const ImageEvidence& image, const compat::Tables& tables);

/// kUsage: a requirement cannot be read (the text marks the place).
Result<ImageVerdict> check_image(Chosen& chosen, const MachineOptions& options,
                                 const ImageEvidence& image, const compat::Tables& tables);

}  // namespace outboard::app
