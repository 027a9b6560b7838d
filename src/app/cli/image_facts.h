// SPDX-License-Identifier: Apache-2.0
// What a command must know of an image without running it: where its loader looks, its environment,
// and its files as far as driver libraries are concerned.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/root.h"
#include "engine/console.h"
#include "engine/image_outline.h"
#include "plan/plan.h"

namespace outboard::cli {

struct ImageFacts {
  plan::ImageLayout layout;
  std::vector<std::string> environment;  ///< "NAME=value"; empty for rootfs:DIR
  std::vector<std::pair<std::string, std::string>> labels = {};
  std::optional<Root> directory = std::nullopt;  ///< of rootfs:DIR
  /// Of Docker's: its compat directories.
  std::optional<engine::OutlineRoot> outline = std::nullopt;

  /// What can be looked at; null: nothing.
  const Root* root() const {
    if (directory) return &*directory;
    return outline ? &outline->root() : nullptr;
  }
};

/// `image` is rootfs:DIR or an image of the Docker daemon's. `target` is the engine that it is for:
/// "podman"'s own images cannot be looked at (kUnsupported).
Result<ImageFacts> image_facts(const std::string& image, const std::string& target,
                               const engine::Console& console);

}  // namespace outboard::cli
