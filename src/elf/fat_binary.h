// SPDX-License-Identifier: Apache-2.0
// For which GPUs an ELF file carries code: the heads of the fat binaries in its section .nv_fatbin.
// NVIDIA does not document the format; what is used here (magic number, the places of kind, sizes
// and architecture) was seen in what nvcc 13.0 made for known architectures, and held against
// libraries of CUDA 13.0. Contents are skipped, so that a library of a gigabyte
// costs some thousand small reads; the file is somebody else's, and nothing is believed.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "base/result.h"

namespace outboard::elf {

struct FatBinary {
  std::set<unsigned> machine_code;  ///< compute capabilities of cubins: 90 is 9.0, 120 is 12.0
  std::set<unsigned> ptx;           ///< of PTX
};

/// The ELF file is the `size` bytes of `fd` from `begin` on, as far as they are there.
/// Both empty: no fat binary in it, or none that is understood. kConflict: no 64 bit ELF file, or a
/// broken one.
Result<FatBinary> read_fat_binary(int fd, const std::string& name, uint64_t begin = 0,
                                  uint64_t size = INT64_MAX);

}  // namespace outboard::elf
