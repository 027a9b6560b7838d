// SPDX-License-Identifier: Apache-2.0
// Writes shared libraries that hold a name and nothing else, for driver libraries whose presence
// matters and whose functions do not. They are valid: ld.so loads them (glibc 2.17 to today),
// ldconfig lists them, readelf reads them. Layout after the System V ABI, chapter 5 "Dynamic
// Linking"; no section headers, which no loader reads.
#pragma once

#include <string>

namespace outboard::sim {

struct StubLibrary {
  std::string soname;  ///< DT_SONAME
  int elf_class = 64;  ///< 64: x86-64 (or aarch64, where this program runs on it); 32: i386
  /// A .note.ABI-tag of Linux 2.3.99, by which NVIDIA's libnvidia-tls for kernels with TLS is told
  /// from the other.
  bool tls_note = false;
};

/// The file's bytes. The library defines one symbol, `outboard_simulated`, a text that is the
/// SONAME.
std::string make_stub_library(const StubLibrary& library);

}  // namespace outboard::sim
