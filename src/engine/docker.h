// SPDX-License-Identifier: Apache-2.0
// Docker, through its command line program, which brings contexts, TLS and settings. Two ways: with
// outboard-runtime registered the daemon's runtime does everything; an untouched daemon gets the
// plan as arguments of `docker create`, and the merged ld.so.cache by `docker cp`.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "engine/console.h"
#include "engine/gpu_hooks.h"
#include "engine/run_words.h"

namespace outboard::engine {

struct DockerDaemon {
  std::string program;  ///< path of the docker command
  /// Runtimes of the daemon that are outboard-runtime, the most telling name first.
  std::vector<std::string> outboard_runtimes;
  bool rootless = false;        ///< run by an ordinary user: no device rules
  bool user_namespace = false;  ///< rootless, or userns-remap

  bool operator==(const DockerDaemon&) const = default;
};

/// What this machine is, to be held against what the daemon says it runs on.
struct HostIdentity {
  std::string kernel;  ///< uname -r
  std::string hostname;
};

/// Asks `docker info`. kNotFound: no docker command; kIo: no daemon answers; kDenied: the socket is
/// not ours to open; kUnsupported: the daemon is on another machine or in a virtual one.
Result<DockerDaemon> find_docker();

/// The same from what `docker info --format json` printed.
Result<DockerDaemon> read_docker_info(const json::Value& info, const HostIdentity& here,
                                      const std::string& program);

/// The arguments of `docker run` through a registered runtime.
std::vector<std::string> registered_argv(const DockerDaemon& daemon, const std::string& runtime,
                                         const RunWords& words, const GpuHooks& gpus);

/// Runs; the exit code is docker's.
Result<int> run_docker(const DockerDaemon& daemon, const RunWords& words, const GpuHooks* gpus,
                       const Console& console);

}  // namespace outboard::engine
