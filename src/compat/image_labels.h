// SPDX-License-Identifier: Apache-2.0
// The labels that NVIDIA's images have had since nvidia-docker 1 (its sources, v1.0.1,
// src/nvidia-docker/utils.go; NVIDIA's Dockerfiles of CUDA 7.0 to 10.x), and the demands of an
// image as a whole.
//
//   com.nvidia.volumes.needed   names of volumes, apart by blanks. "nvidia_driver": the image wants
//                               the driver. There is no other one, and no volume any more.
//   com.nvidia.cuda.version     "8.0.61": that CUDA release is the least that the driver must have
//   com.nvidia.cudnn.version    "6.0.21": what is in the image; demands nothing
//
// Like CUDA_VERSION, the label counts only where NVIDIA_REQUIRE_CUDA says nothing: images that
// have both admit older drivers there (brand=tesla,driver>=384,driver<385).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "compat/requirement.h"

namespace outboard::compat {

constexpr std::string_view kVolumesLabel = "com.nvidia.volumes.needed";
constexpr std::string_view kCudaLabel = "com.nvidia.cuda.version";
constexpr std::string_view kCudnnLabel = "com.nvidia.cudnn.version";

/// Labels (name, value) or, in a runtime's bundle, annotations.
using Labels = std::vector<std::pair<std::string, std::string>>;

struct ImageLabels {
  bool wants_driver = false;
  std::string cuda;                ///< "8.0.61"; empty: none, or no version
  std::string cudnn;               ///< "6.0.21"; empty: none, or no version
  std::vector<std::string> notes;  ///< sentences: what was not understood
};

/// Of equal names the last counts; names without meaning here are passed over.
ImageLabels read_labels(const Labels& labels);

/// requirements_of_environment() with the label's demand. Where label and variables contradict each
/// other a note says so, and which of them counts.
Result<Requirements> requirements_of_image(const std::vector<std::string>& environment,
                                           const Labels& labels);

}  // namespace outboard::compat
