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
    kOciArchive,     ///< "oci-archive:FILE[:TAG]": such a layout in a tar archive
    kDockerArchive,  ///< "docker-archive:FILE": what `docker save` writes
    kRegistry,       ///< "NAME[:TAG|@DIGEST]", "docker://NAME"
  };
  Kind kind = Kind::kRegistry;
  std::string place;  ///< directory, file, or the reference
  std::string tag;    ///< oci, oci-archive: the tag, else empty

  bool operator==(const ImageSource&) const = default;
};

/// kUsage: an empty or impossible reference, with the forms that there are; a transport of
/// containers-transports(5) that is none of these, with what to write in its place.
Result<ImageSource> parse_image_source(std::string_view text);

/// True for the forms that the built-in engine reads and docker would take for a name.
bool is_builtin_only(std::string_view text);

/// True for what cannot be docker's name of an image because it names another transport:
/// "docker-daemon:x", "containers-storage:x"; "dir:./x", while "dir:x" is a tag of the image "dir",
/// unless a file is called x.
bool is_other_transport(std::string_view text);

/// As skopeo names it: "docker://ubuntu:22.04", "oci:DIR:TAG".
std::string skopeo_name(const ImageSource& source);

}  // namespace outboard::engine
