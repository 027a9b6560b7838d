// SPDX-License-Identifier: Apache-2.0
// When an image's CUDA forward compatibility libraries come before the host's libcuda.
#pragma once

#include <optional>
#include <string_view>

namespace outboard::app {

enum class CompatMode {
  kAuto,   ///< where the support matrix allows it
  kOff,    ///< never
  kForce,  ///< wherever they are newer than the host's driver
};

/// "auto", "off", "force".
constexpr std::optional<CompatMode> parse_compat_mode(std::string_view text) {
  if (text == "auto") return CompatMode::kAuto;
  if (text == "off") return CompatMode::kOff;
  if (text == "force") return CompatMode::kForce;
  return std::nullopt;
}

/// Of a container, in place of the policy's [cuda] compat.
constexpr const char* kCompatVariable = "OUTBOARD_CUDA_COMPAT";

}  // namespace outboard::app
