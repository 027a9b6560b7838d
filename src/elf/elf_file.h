// SPDX-License-Identifier: Apache-2.0
// What a dynamically linked ELF file says about itself: class, machine, SONAME, needed libraries,
// program interpreter, ABI note. Read with a handful of preads, because the libraries of a driver
// (some of 100 MB) are looked at whenever a container starts. Nothing is believed: every offset is
// checked against what could be read, and a file that contradicts itself is an error.
// Layout: elf(5), and the System V gABI, chapters 4 and 5. Only little-endian files are read.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace outboard::elf {

/// e_machine values (elf.h) that a driver for Linux comes in.
inline constexpr uint16_t kMachine386 = 3;
inline constexpr uint16_t kMachineArm = 40;
inline constexpr uint16_t kMachineX86_64 = 62;
inline constexpr uint16_t kMachineAarch64 = 183;

struct ElfInfo {
  int elf_class = 0;  ///< 64 or 32
  uint16_t machine = 0;
  std::optional<std::string> soname;       ///< DT_SONAME
  std::optional<std::string> interpreter;  ///< PT_INTERP: programs that are linked dynamically
  std::vector<std::string> needed;         ///< DT_NEEDED, in the file's order
  /// The oldest kernel that the .note.ABI-tag asks for. NVIDIA marks the variant of libnvidia-tls
  /// that uses thread-local storage by 2.3.99.
  std::optional<std::array<uint32_t, 3>> abi_note_kernel;

  bool operator==(const ElfInfo&) const = default;
};

/// Reads the file behind `fd` (its position is neither used nor changed). `name` is what errors
/// call it. kConflict: no ELF file, or a broken one. kUnsupported: big-endian. kIo: cannot be read.
Result<ElfInfo> read_elf(int fd, const std::string& name);

}  // namespace outboard::elf
