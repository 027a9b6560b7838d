// SPDX-License-Identifier: Apache-2.0
// Will an image run here? What its configuration and its files say, held against the driver and
// each chosen GPU. No I/O but NVML's answer about brands, where a requirement hangs on them.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/compat_check.h"
#include "app/machine.h"
#include "compat/framework.h"
#include "compat/tables.h"
#include "compat/verdict.h"
#include "engine/image_files.h"

namespace outboard::app {

/// A CUDA version that something in the image names.
struct CudaSign {
  std::string version;  ///< "12.8.1", or "12.8" where only the release is known
  std::string origin;   ///< "CUDA_VERSION", "libcudart in its files"
};

/// What is known of an image.
struct ImageEvidence {
  std::vector<std::string> environment;  ///< "NAME=value"
  std::vector<std::pair<std::string, std::string>> labels;
  std::string architecture;         ///< "amd64"; empty: not known
  std::vector<CudaSign> signs;      ///< besides environment and labels
  std::optional<CudaSign> instead;  ///< a person's own, which alone counts
  std::vector<compat::FrameworkWish> frameworks;
  std::string cudnn;                 ///< "9.8.0.87"; empty: not known
  std::vector<std::string> drivers;  ///< paths of driver libraries that somebody baked in
  std::string code;  ///< "8.0 9.0+PTX": GPUs that PyTorch's library in it has code for
  std::vector<std::string> notes;
  bool files_known = false;  ///< `compat` is the truth, not only what is known
  std::optional<plan::ImageCompat> compat;
};

/// One thing that was held against a GPU.
struct PartVerdict {
  std::string what;  ///< "CUDA 12.8.1", "PyTorch 2.9.1", "requirements"
  compat::Judgement judgement;
};

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
  std::vector<GpuVerdict> gpus;
  std::vector<std::string> notes;  ///< sentences

  compat::Verdict worst() const;
};

/// kUsage: a requirement cannot be read (the text marks the place).
Result<ImageVerdict> check_image(Chosen& chosen, const MachineOptions& options,
                                 const ImageEvidence& image, const compat::Tables& tables);

/// The versions of CUDA, cuDNN and frameworks that environment and labels name, added to what is
/// known (a framework only in its published packages: NVIDIA's own builds are others).
void add_configured_versions(ImageEvidence& image);
/// What its files say; to be added first, because it is nearer to the truth.
void add_files(ImageEvidence& image, const engine::ImageFiles& files);

}  // namespace outboard::app
