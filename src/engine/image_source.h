// SPDX-License-Identifier: Apache-2.0
// Where the built-in engine's image comes from, as it is written on the command line.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace outboard::engine {

struct ImageSource {
  enum class Kind {
    kRootfs,         ///< "rootfs:DIR": a directory with a root file system
    kOciLayout,      ///< "oci:DIR[:TAG]": an OCI image layout
    kDockerArchive,  ///< "docker-archive:FILE": what `docker save` writes
    kRegistry,       ///< "NAME[:TAG|@DIGEST]", "docker://NAME"
  };
  Kind kind = Kind::kRegistry;
  std::string place;  ///< directory, file, or the reference
  std::string tag;    ///< oci: the tag, else empty

  bool operator==(const ImageSource&) const = default;
};

/// kUsage: an empty or impossible reference, with the forms that there are.
Result<ImageSource> parse_image_source(std::string_view text);

/// True for the forms that only the built-in engine reads, which docker and podman would take for a
/// name.
bool is_builtin_only(std::string_view text);

/// As skopeo names it: "docker://ubuntu:22.04", "oci:DIR:TAG".
std::string skopeo_name(const ImageSource& source);

}  // namespace outboard::engine
