// SPDX-License-Identifier: Apache-2.0
// A container's environment from the words of `outboard run`, as the engines make it: the image's
// variables, those of --env-file, those of -e. Facts: docker run(1), podman-run(1).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/run_words.h"

namespace outboard::engine {

/// "NAME=value" of "-e NAME=value"; of "-e NAME" this process's own; nothing if it has none.
std::optional<std::string> resolved_variable(const std::string& entry);

/// `image`: "NAME=value" entries. "-e NAME" of a variable that is not set takes the image's away,
/// as docker does; a line of --env-file does not. An error: an --env-file cannot be read, which the
/// engine will say too, or an option that only the engine can work out (podman's --env-host,
/// --env-merge, --unsetenv).
Result<std::vector<std::string>> run_environment(std::vector<std::string> image,
                                                 const RunWords& words);

}  // namespace outboard::engine
