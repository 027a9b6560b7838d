// SPDX-License-Identifier: Apache-2.0
// Where the built-in engine keeps what it must: unpacked images (cache, can be made again),
// containers (data) and the low-level runtime's state (gone after a boot).
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace outboard::engine {

struct Directories {
  std::string cache;       ///< /var/cache/outboard for root, ~/.cache/outboard for others
  std::string containers;  ///< /var/lib/outboard/containers, ~/.local/share/outboard/containers
  std::string runtime;     ///< /run/outboard/runtime, $XDG_RUNTIME_DIR/outboard/runtime
};

/// XDG_CACHE_HOME moves the cache, OUTBOARD_STATE_DIR the other two. Of an ordinary user: what lies
/// below his home as the XDG base directory specification has it, and the state in the first of
/// $XDG_RUNTIME_DIR, /run/user/UID that belongs to him alone, else in /tmp/outboard-UID.
Directories directories();

/// Opens (and makes) a lock file and takes the exclusive lock. Waits for it, or fails with kBusy.
/// The lock is held as long as the descriptor is open, here or in a child.
enum class Waiting { kWait, kFailIfHeld };
Result<UniqueFd> lock_file(const std::string& path, Waiting waiting);

/// Removes a tree without following links, within its file system's mounts as they are. Errors are
/// left for the next sweep.
void remove_tree(const std::string& path);

}  // namespace outboard::engine
