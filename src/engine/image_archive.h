// SPDX-License-Identifier: Apache-2.0
// Images that lie in a directory or a file: OCI image layouts (image-spec 1.1, image-layout.md,
// manifest.md), also in one file, and what `docker save` writes (moby's image/spec/v1.2,
// manifest.json). The configuration is read, and it is told where the layers lie; nothing is
// unpacked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace outboard::engine {

/// A layer in a file: a tar archive, often compressed.
struct LayerPlace {
  std::string file;
  uint64_t offset = 0;
  uint64_t size = 0;
};

struct ArchivedImage {
  json::Value document;            ///< the whole configuration: architecture, os, config, ...
  std::string digest;              ///< of the manifest; empty for docker-archive
  std::vector<LayerPlace> layers;  ///< lowest first; missing ones are left out
  bool complete = true;            ///< no layer is missing
};

/// `platform`: "linux/amd64", chooses in an index of several. kConflict: a file that is not what
/// the one above it says; kNotFound: no such tag, file or platform.
Result<ArchivedImage> read_oci_layout(const std::string& directory, const std::string& tag,
                                      const std::string& platform);

/// The same in a tar archive (skopeo's and podman's "oci-archive"). kUnsupported: it is compressed.
Result<ArchivedImage> read_oci_archive(const std::string& file, const std::string& tag,
                                       const std::string& platform);

/// kUnsupported: it is compressed, or holds several images.
Result<ArchivedImage> read_docker_archive(const std::string& file);

}  // namespace outboard::engine
