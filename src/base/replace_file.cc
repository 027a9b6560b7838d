// SPDX-License-Identifier: Apache-2.0
// A file is replaced by a new one that takes over its name. Being killed between any two steps must
// leave the old or the new content, and nothing that a later call does not take away.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <cstdio>
#include <memory>

#include "base/files.h"
#include "base/text.h"

namespace outboard {

namespace {

// Others may replace the same file, or an image play with the names: then we try again, not for
// ever.
constexpr int kTries = 16;
// A directory of an image may hold any number of names.
constexpr int kMostNames = 1 << 16;

std::string leftover_prefix(const std::string& name) {
  return cat(".", name, ".outboard-");
}

bool is_unsupported(int error) {
  return error == EOPNOTSUPP || error == EISDIR || error == EINVAL || error == ENOSYS ||
         error == ENOENT || error == EPERM;
}

Result<void> fill(int fd, const std::string& name, std::string_view data,
                  const FileAttributes& attributes) {
  OB_CHECK(write_all(fd, data, name));
  if (attributes.set_owner && ::fchown(fd, attributes.uid, attributes.gid) != 0)
    return os_error(cat("change owner of '", printable(name), "'"));
  if (::fchmod(fd, attributes.mode) != 0)
    return os_error(cat("change mode of '", printable(name), "'"));
  // Some file systems (NFS, quotas) report a full disk only when a descriptor is closed.
  int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0 || ::close(copy) != 0) return os_error(cat("write '", printable(name), "'"));
  return {};
}

// Gives an unnamed file its name: at once if the name is free, else by a rename, because a link
// replaces nothing. 0 or an errno; is_unsupported() of it means that it must be done by name.
int give_name(int dir, int fd, const std::string& name) {
  std::string source = cat("/proc/self/fd/", fd);
  auto link_as = [&](const std::string& as) {
    return ::linkat(AT_FDCWD, source.c_str(), dir, as.c_str(), AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
  };
  int error = link_as(name);
  if (error != EEXIST) return error;
  std::string temporary = leftover_prefix(name) + "new";
  for (int tries = 0; tries < kTries; tries++) {
    error = link_as(temporary);
    if (error == EEXIST) {
      // Of a call that was killed, or of one that runs beside us and then does as we do below.
      if (::unlinkat(dir, temporary.c_str(), 0) != 0 && errno != ENOENT) return errno;
      continue;
    }
    if (error != 0) return error;
    if (::renameat(dir, temporary.c_str(), dir, name.c_str()) == 0) return 0;
    error = errno;
    if (error == ENOENT) continue;
    ::unlinkat(dir, temporary.c_str(), 0);
    return error;
  }
  return EOPNOTSUPP;  // too many beside us
}

Result<void> replace_by_name(int dir, const std::string& name, std::string_view data,
                             const FileAttributes& attributes) {
  remove_leftovers(dir, name);
  struct timespec now {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  std::string temporary = cat(leftover_prefix(name), ::getpid(), "-", now.tv_sec, "-", now.tv_nsec);
  OB_TRY(UniqueFd fd, open_at(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  Result<void> done = fill(fd.get(), name, data, attributes);
  if (done && ::renameat(dir, temporary.c_str(), dir, name.c_str()) != 0)
    done = os_error(cat("replace '", printable(name), "'"));
  if (!done) ::unlinkat(dir, temporary.c_str(), 0);
  return done;
}

}  // namespace

Result<void> replace_file_at(int dir, const std::string& name, std::string_view data,
                             FileAttributes attributes) {
  auto fd = open_at(dir, ".", O_WRONLY | O_TMPFILE, 0600);
  if (!fd && is_unsupported(fd.error().os_errno))
    return replace_by_name(dir, name, data, attributes);
  if (!fd) return os_error(cat("write '", printable(name), "'"), fd.error().os_errno);
  OB_CHECK(fill(fd->get(), name, data, attributes));
  int error = give_name(dir, fd->get(), name);
  if (is_unsupported(error)) return replace_by_name(dir, name, data, attributes);
  if (error != 0) return os_error(cat("replace '", printable(name), "'"), error);
  return {};
}

Result<void> replace_file(const std::string& path, std::string_view data,
                          FileAttributes attributes) {
  OB_TRY(UniqueFd dir, open_directory(directory_of(path)));
  return replace_file_at(dir.get(), file_name_of(path), data, attributes);
}

void remove_leftovers(int dir, const std::string& name) {
  UniqueFd again(::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!again.valid()) return;
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(again.get()), ::closedir);
  if (!stream) return;
  again.release();
  std::string prefix = leftover_prefix(name);
  std::vector<std::string> found;
  for (int count = 0; count < kMostNames; count++) {
    const dirent* entry = ::readdir(stream.get());  // NOLINT(concurrency-mt-unsafe): our own stream
    if (!entry) break;
    std::string_view text = entry->d_name;
    if (text.substr(0, prefix.size()) == prefix) found.emplace_back(text);
  }
  for (const std::string& leftover : found) {
    std::string_view rest = std::string_view(leftover).substr(prefix.size());
    auto process = parse_number<int>(rest.substr(0, rest.find('-')));
    bool alive = process && *process > 0 && (::kill(*process, 0) == 0 || errno != ESRCH);
    if (!alive && (process || rest == "new")) ::unlinkat(dir, leftover.c_str(), 0);
  }
}

}  // namespace outboard
