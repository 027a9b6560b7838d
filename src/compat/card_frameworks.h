// SPDX-License-Identifier: Apache-2.0
// Which releases of the frameworks have code for a GPU: the other half of "does my card support
// CUDA?". From the tables of their published packages; the driver does not come into it.
#pragma once

#include <optional>
#include <string_view>

#include "compat/framework.h"

namespace outboard::compat {

struct CardFramework {
  FrameworkBuild build;
  GpuCode code = GpuCode::kUnknown;  ///< kNative, or kPtx
  bool newest = false;               ///< there is no newer release without code for the card
};

/// The newest release with machine code for the compute capability ("6.1"); where there is none,
/// the newest of all, if it has PTX that a driver can compile for the card. Of several packages of
/// a release the one for the newest CUDA. Nothing if no package has either, or none tells.
std::optional<CardFramework> newest_for_card(const Tables& tables, Framework framework,
                                             std::string_view compute_capability);

/// The first branch in the tables whose drivers can drive the GPU ("520"): the one that came with
/// the CUDA release that knew it first. Nothing where the tables do not reach back as far.
std::optional<std::string_view> first_branch(const Tables& tables,
                                             std::string_view compute_capability);

}  // namespace outboard::compat
