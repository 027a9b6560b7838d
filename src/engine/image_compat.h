// SPDX-License-Identifier: Apache-2.0
// Finds an image's CUDA forward compatibility libraries (NVIDIA's package cuda-compat).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/root.h"
#include "plan/image_compat.h"

namespace outboard::engine {

/// Where CUDA's package cuda-compat lies, and below it what NVIDIA's own images link to at their
/// start.
inline constexpr const char* kCompatDirectories[] = {
    "/usr/local/cuda/compat", "/usr/local/cuda/compat/lib", "/usr/local/cuda/compat/lib.real"};

/// True for these of any CUDA version: "/usr/local/cuda-12.8/compat".
bool names_compat_directory(std::string_view path);

/// The first of these directories with a 64 bit libcuda.so.1 that leads to a file in it which
/// carries a version in its name; nothing if there is none, or if it lies below one of `volumes`
/// (mount targets of the container). The root is untrusted: names, kinds and ELF heads are looked
/// at, within bounds.
std::optional<plan::ImageCompat> find_image_compat(const Root& root,
                                                   const std::vector<std::string>& volumes);

}  // namespace outboard::engine
