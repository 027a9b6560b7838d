// SPDX-License-Identifier: Apache-2.0
// A question to the Docker daemon by its socket in a millisecond, where the docker command takes
// tens of them (Docker Engine API, GET /images/NAME/json; without a version in the path the daemon
// answers in its own). Only where it is certain that this is the daemon that the command would ask.
#pragma once

#include <optional>
#include <string>

namespace outboard::engine {

/// The socket that the docker command uses: that of DOCKER_HOST, else the system's; nothing if
/// DOCKER_HOST names no socket or another context may be chosen (DOCKER_CONTEXT, `currentContext`
/// in the user's config.json).
std::optional<std::string> docker_socket();

/// Whether the daemon has the image; nothing if that could not be found out this way: ask the
/// docker command.
std::optional<bool> docker_has_image(const std::string& image);

}  // namespace outboard::engine
