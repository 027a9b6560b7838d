// SPDX-License-Identifier: Apache-2.0
// A GPU container by a docker daemon that knows nothing of outboard: `docker create` with the plan
// as arguments, `docker cp` of the merged ld.so.cache, `docker start`. What this leaves behind is
// an ordinary container: it can be stopped and started again.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/console.h"
#include "engine/docker.h"
#include "engine/gpu_hooks.h"
#include "engine/run_words.h"

namespace outboard::engine {

Result<int> run_docker_untouched(const DockerDaemon& daemon, const RunWords& words,
                                 const GpuHooks& gpus, const Console& console);

}  // namespace outboard::engine
