// SPDX-License-Identifier: Apache-2.0
// What a command must know of an image without running it: where its loader looks, and its
// environment.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/console.h"
#include "plan/plan.h"

namespace outboard::cli {

struct ImageFacts {
  plan::ImageLayout layout;
  std::vector<std::string> environment;  ///< "NAME=value"; empty for rootfs:DIR
  std::vector<std::pair<std::string, std::string>> labels = {};
  std::string root = {};  ///< DIR of rootfs:DIR, else empty
};

/// `image` is rootfs:DIR or an image of the Docker daemon's. `target` is the engine that it is for:
/// "podman"'s own images cannot be looked at (kUnsupported).
Result<ImageFacts> image_facts(const std::string& image, const std::string& target,
                               const engine::Console& console);

}  // namespace outboard::cli
