// SPDX-License-Identifier: Apache-2.0
#include "base/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/text.h"

namespace outboard {

Result<UniqueFd> open_at(int dir, const std::string& path, int flags, mode_t mode) {
  int fd;
  do {
    fd = ::openat(dir, path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return os_error(cat("open '", printable(path), "'"));
  return UniqueFd(fd);
}

Result<UniqueFd> open_directory(const std::string& path) {
  return open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
}

Result<std::string> read_fd(int fd, const std::string& name, size_t limit) {
  struct stat status;
  if (::fstat(fd, &status) != 0) return os_error(cat("stat '", printable(name), "'"));
  if (!S_ISREG(status.st_mode)) {
    return make_error(ErrorCode::kConflict,
                      cat("read '", printable(name), "': not a regular file"));
  }
  std::string data;
  size_t guess = status.st_size > 0 ? static_cast<size_t>(status.st_size) + 1 : 4096;
  data.resize(std::min(guess, limit + 1));
  size_t used = 0;
  while (true) {
    if (used == data.size()) data.resize(std::min(data.size() * 2, limit + 1));
    ssize_t count = ::read(fd, data.data() + used, data.size() - used);
    if (count < 0) {
      if (errno == EINTR) continue;
      return os_error(cat("read '", printable(name), "'"));
    }
    if (count == 0) break;
    used += static_cast<size_t>(count);
    if (used > limit) {
      return make_error(ErrorCode::kUnsupported,
                        cat("read '", printable(name), "': larger than ", limit >> 10, " KiB"));
    }
  }
  data.resize(used);
  return data;
}

Result<std::string> read_file_at(int dir, const std::string& path, size_t limit) {
  // O_NONBLOCK: opening a FIFO that somebody put there must not wait for a writer.
  OB_TRY(UniqueFd fd, open_at(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  return read_fd(fd.get(), path, limit);
}

Result<std::string> read_file(const std::string& path, size_t limit) {
  return read_file_at(AT_FDCWD, path, limit);
}

Result<void> write_all(int fd, std::string_view data, const std::string& name) {
  while (!data.empty()) {
    ssize_t count = ::write(fd, data.data(), data.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      return os_error(cat("write '", printable(name), "'"));
    }
    data.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

Result<void> make_directories(const std::string& path, mode_t mode) {
  for (size_t at = 1; at <= path.size(); at++) {
    if (at < path.size() && path[at] != '/') continue;
    std::string part = path.substr(0, at);
    if (::mkdir(part.c_str(), mode) != 0 && errno != EEXIST) {
      int failure = errno;
      // A parent that exists on a read-only file system says EROFS, not EEXIST.
      struct stat status;
      if (::stat(part.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) continue;
      return os_error(cat("make directory '", printable(part), "'"), failure);
    }
  }
  return {};
}

Result<std::vector<std::string>> list_directory_fd(int dir, const std::string& name) {
  UniqueFd copy(::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!copy.valid()) return os_error(cat("read directory '", printable(name), "'"));
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(copy.get()), ::closedir);
  if (!stream) return os_error(cat("read directory '", printable(name), "'"));
  copy.release();
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    dirent* entry = ::readdir(stream.get());
    if (!entry) break;
    std::string_view entry_name = entry->d_name;
    if (entry_name != "." && entry_name != "..") names.emplace_back(entry_name);
  }
  if (errno != 0) return os_error(cat("read directory '", printable(name), "'"));
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::vector<std::string>> list_directory(const std::string& path) {
  OB_TRY(UniqueFd dir, open_directory(path));
  return list_directory_fd(dir.get(), path);
}

bool path_exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

std::string join_path(std::string_view first, std::string_view second) {
  if (first.empty()) return std::string(second);
  while (!first.empty() && first.back() == '/') first.remove_suffix(1);
  while (!second.empty() && second.front() == '/') second.remove_prefix(1);
  return cat(first, "/", second);
}

std::string absolute_path(const std::string& path) {
  if (!path.empty() && path.front() == '/') return path;
  char buffer[4096];
  if (!::getcwd(buffer, sizeof buffer)) return path;
  return path.empty() || path == "." ? std::string(buffer) : join_path(buffer, path);
}

std::string directory_of(std::string_view path) {
  size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

std::string file_name_of(std::string_view path) {
  size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

}  // namespace outboard
