// SPDX-License-Identifier: Apache-2.0
// What an image's files say about CUDA, from their names: versions of libraries and of installed
// Python and conda packages, forward compatibility libraries, driver libraries that somebody baked
// in; and for which GPUs PyTorch's library has code. A directory is looked at where such files lie,
// archives are listed. The image is hostile: only regular files are opened, everything is bounded.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/root.h"
#include "elf/fat_binary.h"
#include "engine/image_archive.h"
#include "engine/versioned_file.h"
#include "plan/image_compat.h"

namespace outboard::engine {

struct ImageFiles {
  std::vector<VersionedFile> versions;  ///< by path
  std::vector<std::string> drivers;     ///< paths of driver libraries outside compat directories
  std::optional<plan::ImageCompat> compat;
  std::optional<elf::FatBinary> torch_code;  ///< of libtorch_cuda.so, where it is not compressed
};

/// A root file system.
ImageFiles read_image_root(Root root);

/// Layers as archives, lowest first; compressed ones (by way of the program tar) only if
/// `compressed`. Nothing if one of them is compressed and that is not asked for.
Result<std::optional<ImageFiles>> read_image_layers(const std::vector<LayerPlace>& layers,
                                                    bool compressed);

/// Layers as directories, highest first (overlay2 of docker and podman). Nothing if they cannot be
/// read.
std::optional<ImageFiles> read_layer_directories(const std::vector<std::string>& directories);

}  // namespace outboard::engine
