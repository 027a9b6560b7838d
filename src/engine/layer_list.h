// SPDX-License-Identifier: Apache-2.0
// What lies in a layer of an image: a tar archive, plain or compressed (image-spec 1.1, layer.md),
// that is a file or a part of one. Nothing is unpacked. Contents of a compressed layer have no
// place in the file, so of its items only names, types and sizes are said.
#pragma once

#include <functional>

#include "base/result.h"
#include "engine/image_archive.h"
#include "engine/tar_index.h"

namespace outboard::engine {

/// Hands out every item. A compressed layer is listed by the program tar, and only if `compressed`;
/// else the result is false, and nothing was handed out. kConflict: no archive, or a broken one;
/// kBusy: tar took longer than ten minutes.
Result<bool> list_layer(const LayerPlace& layer, bool compressed,
                        const std::function<void(const TarItem&)>& visit);

}  // namespace outboard::engine
