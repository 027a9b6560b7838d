// SPDX-License-Identifier: Apache-2.0
// Which of NVIDIA's published CUDA images runs here: the answer to "which image then?". Tags as on
// Docker Hub (data/nvidia_cuda_image_tags.csv): CUDA, a flavour, a distribution
// ("12.2.2-cudnn8-runtime-ubuntu22.04"). Each version has all flavours: base (the CUDA runtime
// alone), runtime and devel, the last two also with cuDNN. Decides nothing about other images.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compat/image_flavour.h"
#include "compat/image_labels.h"
#include "compat/tables.h"
#include "compat/verdict.h"

namespace outboard::compat {

/// From the image's name ("nvcr.io/nvidia/cuda:12.8.1-cudnn-devel-ubuntu24.04"), and where that
/// says nothing from the variables that NVIDIA's images set and hand down to those built on them
/// (NV_CUDNN_VERSION, NV_CUDA_CUDART_DEV_VERSION, NV_CUDA_LIB_VERSION), and Ubuntu's label
/// org.opencontainers.image.version. All may be empty.
ImageFlavour flavour_of(std::string_view name, const std::vector<std::string>& environment,
                        const Labels& labels);

/// The rows of data/, made at the first call: a container's start needs them for a message alone.
const std::vector<ImageTagRow>& built_in_image_tags();

/// The newest published image of this flavour that the driver supports in full and that has code
/// for each of the GPUs: "nvidia/cuda:12.2.2-base-ubuntu22.04". A distribution that no such image
/// has is taken as any; of several the newest. Nothing if there is none. Where `tables` have no
/// image tags (core_tables()), those of data/ count.
std::optional<std::string> runnable_image(const Tables& tables, const DriverTraits& driver,
                                          const std::vector<GpuTraits>& gpus,
                                          const ImageFlavour& flavour);

}  // namespace outboard::compat
