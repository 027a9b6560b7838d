// SPDX-License-Identifier: Apache-2.0
// A path in place of an image: what lies there decides how it is read.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace outboard::engine {

/// True for what begins like a path ("/x", "./x", "../x", ".", ".."), which no reference does.
bool is_image_path(std::string_view text);

/// The image source to write for it: "docker-archive:./x.tar", "oci-archive:./x.tar", "oci:./dir",
/// "rootfs:./dir". kNotFound and other errors of the kernel: it cannot be read; kUnsupported: a
/// compressed archive, or none of these.
Result<std::string> source_of_path(const std::string& path);

}  // namespace outboard::engine
