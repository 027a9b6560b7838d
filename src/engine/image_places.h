// SPDX-License-Identifier: Apache-2.0
// Where libraries of CUDA, Python packages and conda environments lie in images: the directories of
// distributions, of NVIDIA's packages and of virtual environments where Dockerfiles usually make
// them. Nothing is searched; a place that is none of these is not looked at.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/root.h"

namespace outboard::engine {

struct ImagePlaces {
  std::vector<std::string> directories;  ///< whose names tell versions
  std::vector<std::string> files;        ///< of PyTorch, whose contents are read
};

/// Those that can be there, links left out, so that each is looked at once. A root costs some ten
/// looks at directories, and a bounded number whatever lies in it.
ImagePlaces known_places(const Root& root);

/// PyTorch's library with the code for GPUs, in a package or in a libtorch by itself.
bool is_torch_library(std::string_view path);
/// The file of a libtorch by itself that has its version, "2.5.1+cu124".
bool is_torch_version(std::string_view path);

}  // namespace outboard::engine
