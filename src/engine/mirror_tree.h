// SPDX-License-Identifier: Apache-2.0
// A root file system that is not the user's, rebuilt so that it is.
#pragma once

#include <string>

#include "base/result.h"

namespace outboard::engine {

enum class Mirror {
  /// The directories alone, for the upper layer of an overlay: merged with the lower layer's, they
  /// have our owner, so that files can be made, replaced and removed in them. A directory that
  /// cannot be entered becomes an empty one (user.overlay.opaque, Linux 5.11).
  kDirectories,
  /// A copy, apart from devices, FIFOs and sockets, and from what cannot be read.
  kFiles,
};

/// Rebuilds what lies in the directory `source` in the directory `target`. Modes are kept; owners
/// if `keep_owners`, as far as they can be. Symbolic links are never followed, other file systems
/// below `source` not entered. kUnsupported: directories more than 256 deep.
Result<void> mirror_tree(const std::string& source, const std::string& target, Mirror what,
                         bool keep_owners);

}  // namespace outboard::engine
