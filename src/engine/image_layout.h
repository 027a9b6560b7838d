// SPDX-License-Identifier: Apache-2.0
// Where an image's own loader looks for libraries: read from the image's root without running
// anything in it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/root.h"
#include "plan/plan.h"

namespace outboard::engine {

/// From a root file system (untrusted). Never fails: what cannot be told is Libc::kUnknown with the
/// multiarch default.
plan::ImageLayout image_layout(const Root& root);

/// From the content of the image's /etc/ld.so.cache alone, for engines that show no root; nothing
/// if it tells nothing.
std::optional<plan::ImageLayout> image_layout_of_cache(std::string_view ld_cache);

}  // namespace outboard::engine
