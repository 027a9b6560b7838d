// SPDX-License-Identifier: Apache-2.0
// Which driver capability needs which file of the driver. The sets are those of
// libnvidia-container 1.19 (nvc_info.c), which NVIDIA_DRIVER_CAPABILITIES has meant since
// nvidia-docker 2, with the libraries that newer drivers brought (branches to 580).
#pragma once

#include <cstdint>
#include <string_view>

namespace outboard::plan {

/// Capability bits (device::Capability) that ask for the library `name` ("libcuda.so"): any one of
/// them is enough. `known` is false for a name that is in no table; such a library of the driver's
/// own version goes with compute and graphics.
struct LibraryUse {
  uint8_t capabilities = 0;
  bool known = false;
};
LibraryUse library_use(std::string_view name);

/// The same for programs ("nvidia-smi"); 0 for a program that no container needs (nvidia-modprobe).
uint8_t program_use(std::string_view name);

}  // namespace outboard::plan
