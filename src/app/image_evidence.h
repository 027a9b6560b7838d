// SPDX-License-Identifier: Apache-2.0
// What is known of an image before it runs, put together from its configuration and its files.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/compat_check.h"
#include "compat/framework.h"
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
  compat::Labels labels;
  std::string architecture;         ///< "amd64"; empty: not known
  std::vector<CudaSign> signs;      ///< besides environment and labels
  std::optional<CudaSign> instead;  ///< a person's own, which alone counts
  std::vector<compat::FrameworkWish> frameworks;
  std::string cudnn;                 ///< "9.8.0.87"; empty: not known
  bool cudnn_asked = false;          ///< a person named it
  std::vector<std::string> drivers;  ///< paths of driver libraries that somebody baked in
  std::string code;  ///< "8.0 9.0+PTX": GPUs that PyTorch's library in it has code for
  std::vector<std::string> notes;
  bool files_known = false;  ///< `compat` is the truth, not only what is known
  std::string look_with;     ///< option with which its files can be looked at; empty: none
  std::optional<plan::ImageCompat> compat;
};

/// The versions of CUDA, cuDNN and frameworks that environment and labels name, added to what is
/// known (a framework only in its published packages: NVIDIA's own builds are others).
void add_configured_versions(ImageEvidence& image);
/// What its files say; to be added first, because it is nearer to the truth.
void add_files(ImageEvidence& image, const engine::ImageFiles& files);

}  // namespace outboard::app
