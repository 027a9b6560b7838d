// SPDX-License-Identifier: Apache-2.0
// A directory in memory for targets that need files.
#pragma once

#include <string>

namespace outboard::fuzz {

/// Made once a process, below /dev/shm (or the directory for temporary files), and taken away at
/// exit. A fuzzer that ends by a finding leaves it; the next one with the same process id empties
/// it.
const std::string& scratch_directory();

/// Removes everything in the directory, without following links.
void empty_directory(const std::string& path);

}  // namespace outboard::fuzz
