// SPDX-License-Identifier: Apache-2.0
#include "engine/directories.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cstdlib>
#include <filesystem>

#include "base/files.h"
#include "base/text.h"

namespace outboard::engine {

static std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT: one thread
  return value ? value : "";
}

Directories directories() {
  Directories found;
  std::string cache_home = environment("XDG_CACHE_HOME");
  if (!cache_home.empty() && cache_home[0] == '/') {
    found.cache = join_path(cache_home, "outboard");
  } else if (::geteuid() == 0) {
    found.cache = "/var/cache/outboard";
  } else {
    found.cache = join_path(environment("HOME"), ".cache/outboard");
  }
  std::string state = environment("OUTBOARD_STATE_DIR");
  found.containers = join_path(state.empty() ? "/var/lib/outboard" : state, "containers");
  found.runtime = join_path(state.empty() ? "/run/outboard" : state, "runtime");
  return found;
}

Result<UniqueFd> lock_file(const std::string& path, Waiting waiting) {
  // Read-only: a descriptor that a child keeps can do nothing but hold the lock.
  OB_TRY(UniqueFd fd, open_at(AT_FDCWD, path, O_RDONLY | O_CREAT | O_NOFOLLOW, 0600));
  int operation = LOCK_EX | (waiting == Waiting::kWait ? 0 : LOCK_NB);
  while (::flock(fd.get(), operation) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK)
      return make_error(ErrorCode::kBusy, cat("'", printable(path), "' is locked"));
    return os_error(cat("lock '", printable(path), "'"));
  }
  return fd;
}

void remove_tree(const std::string& path) {
  // libstdc++ 12 walks with directory descriptors and removes links as links.
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

}  // namespace outboard::engine
