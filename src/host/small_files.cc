// SPDX-License-Identifier: Apache-2.0
#include "host/small_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/files.h"
#include "base/text.h"

namespace outboard::host {

// For FailureWatch. EIO is left out: some attributes in /sys answer so for good.
static void note_shortage(const std::string& path) {
  if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) os_error(cat("read '", path, "'"));
}

std::optional<std::string> read_small(int dir, const std::string& path) {
  constexpr size_t kLimit = 1U << 20;
  UniqueFd fd(::openat(dir, path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) {
    note_shortage(path);
    return std::nullopt;
  }
  std::string text;
  while (text.size() < kLimit) {
    char buffer[4096];
    ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      note_shortage(path);
      return std::nullopt;
    }
    text.append(buffer, static_cast<size_t>(count));
    if (static_cast<size_t>(count) < sizeof buffer) {
      // What is printed there is text; a NUL byte in it could not be written as JSON and read
      // again.
      text.resize(std::min(text.size(), text.find('\0')));
      return text;
    }
  }
  return std::nullopt;
}

void for_each_name(UniqueFd fd, const std::function<void(std::string_view)>& visit) {
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd.get()), ::closedir);
  if (!stream) {
    os_error("read a directory");
    return;
  }
  fd.release();
  while (true) {
    errno = 0;
    dirent* entry = ::readdir(stream.get());
    if (!entry) break;
    std::string_view name = entry->d_name;
    if (name != "." && name != "..") visit(name);
  }
  if (errno != 0) os_error("read a directory");
}

std::vector<std::string> names_in(int dir, const std::string& path) {
  std::vector<std::string> names;
  UniqueFd fd(::openat(dir, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) note_shortage(path);
  if (fd.valid()) for_each_name(std::move(fd), [&](auto name) { names.emplace_back(name); });
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace outboard::host
