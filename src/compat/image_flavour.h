// SPDX-License-Identifier: Apache-2.0
// What another of NVIDIA's CUDA images should be like to take the place of one.
#pragma once

#include <string>

namespace outboard::compat {

struct ImageFlavour {
  std::string repository = "nvidia/cuda";  ///< a registry's own copy of it keeps its name
  std::string kind = "base";               ///< "base", "runtime", "devel"
  bool cudnn = false;
  std::string ubuntu;  ///< "22.04"; empty: any
};

}  // namespace outboard::compat
