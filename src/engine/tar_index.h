// SPDX-License-Identifier: Apache-2.0
// What lies where in a tar archive that is a file of ours: its headers are read one by one,
// contents are skipped. The archive is somebody else's: sizes and offsets are checked against the
// file's.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "engine/tar_headers.h"

namespace outboard::engine {

/// Hands out every item of the archive that fills the bytes from `begin` to `end` of the file
/// behind `fd` (its position is neither used nor changed), until `visit` returns false. kConflict:
/// no archive, or one that is cut off; `name` is what errors call it.
Result<void> scan_tar(int fd, uint64_t begin, uint64_t end, const std::string& name,
                      const std::function<bool(const TarItem&)>& visit);

}  // namespace outboard::engine
