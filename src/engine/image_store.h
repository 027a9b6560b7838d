// SPDX-License-Identifier: Apache-2.0
// Images of the built-in engine: unpacked once per manifest digest, by skopeo and umoci of the
// distribution, and shared read-only by all containers. What is half done lies under another name
// and is swept by the next unpacking.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/console.h"
#include "engine/image_config.h"
#include "engine/image_source.h"

namespace outboard::engine {

struct Image {
  std::string root;    ///< directory with the root file system, never written
  ImageConfig config;  ///< empty for rootfs:DIR
  std::string digest;  ///< "sha256:..."; empty for rootfs:DIR
};

/// Where unpacked images are kept.
struct StorePlace {
  std::string directory;
  bool one_id = false;  ///< everything in an image gets the one owner that there is
};

/// `pull`: "missing", "always" or "never" (registry only). An image that is in the store costs two
/// small reads. In a dry run the commands are shown, and an image that is not there is an Image
/// with an empty root.
Result<Image> obtain_image(const ImageSource& source, const StorePlace& place,
                           const std::string& pull, const Console& console);

/// The digest of the manifest that a layout's index.json names for the tag (empty: the only one, or
/// "latest"). kNotFound lists the tags that there are, with `form` as how to name one of them.
Result<std::string> manifest_digest(const json::Value& index, const std::string& tag,
                                    std::string_view form = "oci:DIR:TAG");

}  // namespace outboard::engine
