// SPDX-License-Identifier: Apache-2.0
// The built-in engine: a container without any daemon, by crun or runc.
#pragma once

#include "base/result.h"
#include "engine/console.h"
#include "engine/gpu_hooks.h"
#include "engine/run_words.h"

namespace outboard::engine {

/// Runs in the foreground to the end. The exit code is the program's own, 125 if the container
/// could not be started, 126 or 127 if the program cannot be executed or does not exist. `gpus`
/// null: a container without GPUs.
Result<int> run_builtin(const RunWords& words, const GpuHooks* gpus, const Console& console);

/// What keeps this engine from running here at all; also tells whether it is one to choose.
Result<void> check_builtin();

}  // namespace outboard::engine
