// SPDX-License-Identifier: Apache-2.0
// Podman, which takes the path of a runtime on its command line, so that nothing need be
// registered.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/console.h"
#include "engine/gpu_hooks.h"
#include "engine/run_words.h"

namespace outboard::engine {

struct Podman {
  std::string program;
  std::string runtime;  ///< path of outboard-runtime
};

/// kNotFound: no podman, or no outboard-runtime beside this program; kUnsupported: podman is a
/// client of another machine.
Result<Podman> find_podman();

/// `policy_file`: for a machine that is not the policy's own; empty for none.
std::vector<std::string> podman_argv(const Podman& podman, const RunWords& words,
                                     const GpuHooks* gpus, const std::string& policy_file);

/// Runs; the exit code is podman's.
Result<int> run_podman(const Podman& podman, const RunWords& words, const GpuHooks* gpus,
                       const Console& console);

}  // namespace outboard::engine
