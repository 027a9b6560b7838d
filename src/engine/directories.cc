// SPDX-License-Identifier: Apache-2.0
#include "engine/directories.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/files.h"
#include "base/text.h"

namespace outboard::engine {

static std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT: one thread
  return value ? value : "";
}

static bool is_own_directory(const std::string& path) {
  struct stat status;
  return !path.empty() && path[0] == '/' && ::lstat(path.c_str(), &status) == 0 &&
         S_ISDIR(status.st_mode) && status.st_uid == ::geteuid() &&
         (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/// Gone after a boot, and nobody else's.
static std::string runtime_directory() {
  // After 'su' the variable can name somebody else's.
  for (const std::string& path : {environment("XDG_RUNTIME_DIR"), cat("/run/user/", ::geteuid())}) {
    if (is_own_directory(path)) return join_path(path, "outboard");
  }
  return cat("/tmp/outboard-", ::geteuid());
}

static std::string data_directory() {
  std::string data = environment("XDG_DATA_HOME");
  if (!data.empty() && data[0] == '/') return join_path(data, "outboard");
  return join_path(environment("HOME"), ".local/share/outboard");
}

Directories directories() {
  Directories found;
  const bool root = ::geteuid() == 0;
  std::string cache_home = environment("XDG_CACHE_HOME");
  if (!cache_home.empty() && cache_home[0] == '/') {
    found.cache = join_path(cache_home, "outboard");
  } else if (root) {
    found.cache = "/var/cache/outboard";
  } else {
    found.cache = join_path(environment("HOME"), ".cache/outboard");
  }
  std::string state = environment("OUTBOARD_STATE_DIR");
  std::string data = state, runtime = state;
  if (state.empty()) {
    data = root ? "/var/lib/outboard" : data_directory();
    runtime = root ? "/run/outboard" : runtime_directory();
  }
  found.containers = join_path(data, "containers");
  found.runtime = join_path(runtime, "runtime");
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
