// SPDX-License-Identifier: Apache-2.0
#include "host/state_file.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/files.h"

namespace outboard::host {

bool is_only_ours(int fd) {
  struct stat status;
  if (::fstat(fd, &status) != 0) return false;
  bool owner = status.st_uid == 0 || status.st_uid == ::geteuid();
  return owner && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

std::optional<UniqueFd> open_state_directory(const std::string& path) {
  struct open_how how {};
  how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS;
  UniqueFd fd(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
  if (!fd.valid() && errno == ENOSYS) {
    auto opened = open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (opened) fd = std::move(*opened);
  }
  if (!fd.valid() || !is_only_ours(fd.get())) return std::nullopt;
  return fd;
}

std::optional<std::string> read_state(const std::string& directory, const std::string& name,
                                      size_t limit) {
  auto dir = open_state_directory(directory);
  if (!dir) return std::nullopt;
  return read_state_at(dir->get(), name, limit);
}

std::optional<std::string> read_state_at(int directory, const std::string& name, size_t limit) {
  auto fd = open_at(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!fd || !is_only_ours(fd->get())) return std::nullopt;
  auto text = read_fd(fd->get(), name, limit);
  if (!text) return std::nullopt;
  return std::move(*text);
}

bool write_state(const std::string& directory, const std::string& name, std::string_view content) {
  if (!make_directories(directory)) return false;
  auto dir = open_state_directory(directory);
  return dir && replace_file_at(dir->get(), name, content).has_value();
}

}  // namespace outboard::host
