// SPDX-License-Identifier: Apache-2.0
// Whether the program that a container is to run exists in it, looked up as execvp(3) will, so that
// its absence is one clear error with docker's exit code (127, or 126 for a file that cannot be
// executed) and not a low-level runtime's.
#pragma once

#include <string>
#include <vector>

#include "base/root.h"

namespace outboard::engine {

enum class CommandState { kFound, kNotFound, kNotExecutable };

/// `mounted`: targets that something will be mounted on, which count as found with all below them.
CommandState find_command(const Root& root, const std::string& program,
                          const std::string& working_directory,
                          const std::vector<std::string>& environment,
                          const std::vector<std::string>& mounted);

}  // namespace outboard::engine
