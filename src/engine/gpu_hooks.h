// SPDX-License-Identifier: Apache-2.0
// What an engine needs to know about the GPUs that a container gets. The app folder fills it in
// (src/app/cli/gpu_choice.cc), so that engines neither read the machine nor choose.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/root.h"
#include "plan/plan.h"

namespace outboard::engine {

struct GpuHooks {
  /// The chosen devices by their stable names, for NVIDIA_VISIBLE_DEVICES ("none": driver only).
  std::string visible_devices;
  /// NVIDIA_DRIVER_CAPABILITIES, if the person named any; else the image decides.
  std::optional<std::string> capabilities;
  /// The machine is not the one that a registered runtime would look at: a root was given, or a
  /// snapshot.
  bool moved_machine = false;
  /// Text of a policy file that lets outboard-runtime see the same machine; empty unless moved.
  std::string policy_text;

  /// The plan for an image with this layout, these "NAME=value" entries, these labels and these
  /// CUDA libraries of its own. Fails if the image's requirements do not hold here.
  std::function<Result<plan::Plan>(const plan::ImageLayout&, const std::vector<std::string>&,
                                   const std::vector<std::pair<std::string, std::string>>&,
                                   const std::optional<plan::ImageCompat>&)>
      plan;
  /// Fails if an image with these "NAME=value" entries and labels cannot run here, whatever its
  /// files are.
  std::function<Result<void>(const std::vector<std::string>&,
                             const std::vector<std::pair<std::string, std::string>>&)>
      check_image;
  /// Makes missing nodes and links on the host.
  std::function<Result<void>(const plan::Plan&)> prepare_host;
  /// The image's ld.so.cache (empty: none) with the plan's entries.
  std::function<std::string(std::string_view, const plan::Plan&)> merge_cache;
  /// Writes the plan's small files into a directory; their paths.
  std::function<Result<std::vector<std::string>>(const plan::Plan&, const std::string& directory)>
      place_files;
  /// Writes that cache into a root; returns a file to bind-mount if it cannot be written there.
  std::function<Result<std::string>(const Root&, const plan::Plan&, const std::string& fallback)>
      place_cache;
};

}  // namespace outboard::engine
