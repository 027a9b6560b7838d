// SPDX-License-Identifier: Apache-2.0
// `docker start --attach` so that signals and exit codes are those of `docker run`. On its own it
// is not: Docker 28's gives up at the first SIGTERM or SIGINT and leaves the container running, and
// a container that cannot be started is just exit code 1.
#pragma once

#include <string>

#include "base/process.h"
#include "base/result.h"

namespace outboard::engine {

struct Attached {
  ExitStatus status;
  std::string stderr_tail;  ///< the last 4 KiB of what went to stderr, which was passed on
};

/// Runs `start` to its end. Signals that reach this process go to the container by `docker kill`.
/// `terminal`: it stays in our process group, because it must be able to set the terminal.
Result<Attached> run_docker_start(const std::string& docker, const std::string& container,
                                  const Command& start, bool terminal);

/// Exit code of `docker run` for a container that could not be started, from the daemon's words.
int code_of_failed_start(std::string_view words);

}  // namespace outboard::engine
