// SPDX-License-Identifier: Apache-2.0
// What the untouched way must know of an image: the loader's directories, ld.so.cache and where
// CUDA's compat libraries lie, read through `docker cp` from a container that is made for it and
// never started, then remembered by image id.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "engine/console.h"
#include "engine/gpu_hooks.h"
#include "engine/image_config.h"
#include "engine/image_outline.h"
#include "engine/run_words.h"
#include "plan/plan.h"

namespace outboard::engine {

struct DockerImage {
  std::string id;  ///< "sha256:..."
  ImageConfig config;
  plan::ImageLayout layout;
  std::string ld_cache;  ///< empty: it has none
  /// Where CUDA's compat libraries lie; nothing: it was not looked at.
  std::optional<ImageOutline> outline;
};

/// Pulls the image first if it is missing and `--pull` allows it (never in a dry run, where the
/// layout of a missing image is assumed).
/// With `gpus`, its requirements are checked before it is pulled.
Result<DockerImage> inspect_docker_image(const std::string& docker, const RunWords& words,
                                         const Console& console, const GpuHooks* gpus = nullptr);

/// The error of a docker command that failed, from what it printed.
Error docker_failure(const std::string& what, const std::string& stderr_text);

}  // namespace outboard::engine
