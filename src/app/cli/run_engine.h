// SPDX-License-Identifier: Apache-2.0
// Which engine runs a container, for the commands that start or describe one.
#pragma once

#include <string>
#include <vector>

#include "base/options.h"
#include "base/result.h"
#include "engine/console.h"
#include "engine/gpu_hooks.h"
#include "engine/run_words.h"

namespace outboard::cli {

/// --engine, --dry-run, --verbose: for a command's table.
std::vector<Option> engine_options();

/// Prints to stdout and stderr as `parsed` has it (--dry-run, --verbose).
engine::Console make_console(const Parsed& parsed);

/// Runs with the engine that is named, or else with docker, podman, or the built-in one, whichever
/// can do it first. The built-in one alone reads rootfs:, oci: and docker-archive:, and what lies
/// at a path; podman reads oci-archive: too.
Result<int> run_with_engine(const std::string& engine, const engine::RunWords& words,
                            const engine::GpuHooks* gpus, const engine::Console& console);

}  // namespace outboard::cli
