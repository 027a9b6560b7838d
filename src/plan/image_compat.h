// SPDX-License-Identifier: Apache-2.0
// CUDA forward compatibility: libraries of the image (package cuda-compat) that come before the
// host's. They are not mounted, they lie in the image; the plan only says where the loader looks
// first. Whether they may be used is decided elsewhere (compat/verdict.h).
#pragma once

#include <string>
#include <vector>

namespace outboard::plan {

struct Plan;

/// What lies in an image's compat directory.
struct ImageCompat {
  std::string directory;  ///< real path in the container, "/usr/local/cuda-12.8/compat"
  std::string version;    ///< driver version that the libraries were made for, "570.124.06"
  std::vector<std::string> sonames;  ///< 64 bit libraries in it, "libcuda.so.1"

  bool operator==(const ImageCompat&) const = default;
};

/// Makes these libraries the first that the container's loader finds: entries of ld.so.cache, and a
/// file in /etc/ld.so.conf.d that keeps the choice when ldconfig runs in the container (as
/// `apt-get install` does). `why` goes into the notes.
void prefer_image_compat(Plan& plan, const ImageCompat& compat, const std::string& why);

}  // namespace outboard::plan
