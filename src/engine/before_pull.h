// SPDX-License-Identifier: Apache-2.0
// The image's requirements before it is pulled: gigabytes that cannot run here are not fetched.
#pragma once

#include "base/result.h"
#include "engine/console.h"
#include "engine/gpu_hooks.h"
#include "engine/run_words.h"

namespace outboard::engine {

/// Asks the registry of the image in `words` for its configuration and holds that against the
/// machine. Fails only if the image cannot run here; a registry that cannot be asked is for the
/// pull to complain about. A dry run asks nobody.
Result<void> check_before_pull(const RunWords& words, const GpuHooks& gpus, const Console& console);

/// The same if `--pull` says that the engine's `run` will pull: always, or if `is_here` (which is
/// asked only then) says no.
Result<void> check_if_pulled(const RunWords& words, const GpuHooks& gpus, const Console& console,
                             const std::function<bool()>& is_here);

}  // namespace outboard::engine
