// SPDX-License-Identifier: Apache-2.0
// From --gpus to what an engine needs: the request is read, the machine looked at, the devices
// chosen, once for all engines.
#pragma once

#include <optional>
#include <string>

#include "app/machine.h"
#include "base/options.h"
#include "base/result.h"
#include "engine/console.h"
#include "engine/gpu_hooks.h"

namespace outboard::cli {

struct GpuChoice {
  /// Nothing: a container without GPUs ("void", or "optional" where there is none).
  std::optional<engine::GpuHooks> hooks;
  std::vector<std::string> names;  ///< stable names of the chosen devices
  bool simulated = false;
};

/// `spec` is the text of --gpus. Says what it decided; a machine without GPUs under "optional" is a
/// note.
Result<GpuChoice> choose_gpus(const std::string& spec, const Parsed& parsed,
                              const engine::Console& console);

}  // namespace outboard::cli
