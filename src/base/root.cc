// SPDX-License-Identifier: Apache-2.0
#include "base/root.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include "base/files.h"
#include "base/text.h"

namespace outboard {

static int openat2_in_root(int dir, const char* path, int flags, unsigned resolve = 0) {
  struct open_how how {};
  how.flags = static_cast<__u64>(static_cast<unsigned>(flags));
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve;
  int fd;
  int tries = 0;
  do {
    fd = static_cast<int>(::syscall(SYS_openat2, dir, path, &how, sizeof how));
    // EAGAIN: a rename elsewhere raced with a "..", openat2(2) says to try again; an attacker must
    // not make us spin.
  } while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++tries < 64)));
  return fd;
}

Result<Root> Root::open(const std::string& path, Trust trust) {
  auto fd = open_at(AT_FDCWD, path, O_PATH | O_DIRECTORY);
  if (!fd) return std::move(fd).error();
  // Without it what is there would look as if it were not: files are opened and named through it.
  if (!path_exists("/proc/self/fd")) {
    return make_error(ErrorCode::kUnsupported,
                      cat("/proc is not mounted, and '", printable(path),
                          "' cannot be looked through without it"),
                      "run 'mount -t proc proc /proc'");
  }
  Root root(std::move(*fd), path, trust);
  // Found out now: a look-up that fails for this reason would later be taken for a missing file.
  if (trust == Trust::kUntrusted) {
    if (auto probe = root.open_file("/", O_PATH); !probe) return std::move(probe).error();
  }
  return root;
}

std::string Root::host_path(std::string_view path) const {
  if (path_ == "/") return std::string(path);
  return join_path(path_, path);
}

// Invalid with errno.
UniqueFd Root::open_raw(std::string_view path, int flags) const {
  flags |= O_CLOEXEC;
  if ((flags & O_PATH) == 0) flags |= O_NOCTTY | O_NONBLOCK;
  std::string name(path);
  // The host's own root: the kernel's usual look-up is the same thing.
  if (is_host_root()) return UniqueFd(::open(name.c_str(), flags));
  UniqueFd fd(openat2_in_root(fd_.get(), name.c_str(), flags));
  if (!fd.valid() && errno == ENOSYS && trust_ == Trust::kHost)
    return UniqueFd(::open(host_path(path).c_str(), flags));
  return fd;
}

Result<UniqueFd> Root::open_file(std::string_view path, int flags) const {
  UniqueFd fd = open_raw(path, flags);
  if (fd.valid()) return fd;
  if (errno == ENOSYS && trust_ == Trust::kUntrusted) {
    return make_error(ErrorCode::kUnsupported,
                      cat("open '", printable(path), "' in root '", printable(path_),
                          "': this kernel has no openat2"),
                      "use Linux 5.6 or newer");
  }
  return os_error(cat("open '", printable(host_path(path)), "'"));
}

UniqueFd Root::find_file(std::string_view path, int flags) const {
  UniqueFd fd = open_raw(path, flags);
  if (!fd.valid() && errno != ENOENT && errno != ENOTDIR) {
    int error = errno;
    os_error(cat("open '", printable(host_path(path)), "'"), error);
    errno = error;
  }
  return fd;
}

Result<UniqueFd> Root::open_regular(std::string_view path) const {
  if (trust_ == Trust::kHost) return open_file(path, O_RDONLY);
  OB_TRY(UniqueFd found, open_file(path, O_PATH));
  struct stat status;
  if (::fstat(found.get(), &status) != 0)
    return os_error(cat("stat '", printable(host_path(path)), "'"));
  if (!S_ISREG(status.st_mode)) {
    return make_error(ErrorCode::kConflict,
                      cat("open '", printable(host_path(path)), "': not a regular file"));
  }
  // The very file that was looked at, not the name a second time. O_NONBLOCK: another process's
  // lease on the file is not waited for.
  return open_at(AT_FDCWD, cat("/proc/self/fd/", found.get()), O_RDONLY | O_NOCTTY | O_NONBLOCK);
}

Result<UniqueFd> Root::open_own_directory(std::string_view path) const {
  std::string name(path);
  UniqueFd fd(
      openat2_in_root(fd_.get(), name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC, RESOLVE_NO_XDEV));
  if (!fd.valid()) return os_error(cat("open directory '", printable(host_path(path)), "'"));
  return fd;
}

Result<std::string> Root::read(std::string_view path, size_t limit) const {
  OB_TRY(UniqueFd fd, open_regular(path));
  return read_fd(fd.get(), host_path(path), limit);
}

Result<struct stat> Root::status(std::string_view path) const {
  struct stat status;
  if (is_host_root()) {  // one call instead of three
    if (::stat(std::string(path).c_str(), &status) == 0) return status;
    return os_error(cat("stat '", printable(path), "'"));
  }
  OB_TRY(UniqueFd fd, open_file(path, O_PATH));
  if (::fstat(fd.get(), &status) != 0)
    return os_error(cat("stat '", printable(host_path(path)), "'"));
  return status;
}

std::optional<struct stat> Root::find_status(std::string_view path) const {
  struct stat status;
  if (is_host_root()) {
    if (::stat(std::string(path).c_str(), &status) == 0) return status;
    if (errno != ENOENT && errno != ENOTDIR) os_error(cat("stat '", printable(path), "'"));
    return std::nullopt;
  }
  UniqueFd fd = find_file(path, O_PATH);
  if (!fd.valid()) return std::nullopt;
  if (::fstat(fd.get(), &status) == 0) return status;
  os_error(cat("stat '", printable(host_path(path)), "'"));
  return std::nullopt;
}

bool Root::is_directory(std::string_view path) const {
  auto found = find_status(path);
  return found && S_ISDIR(found->st_mode);
}

bool Root::is_file(std::string_view path) const {
  auto found = find_status(path);
  return found && S_ISREG(found->st_mode);
}

bool Root::exists(std::string_view path) const {
  return find_status(path).has_value();
}

Result<std::string> Root::read_link(std::string_view path) const {
  OB_TRY(UniqueFd fd, open_file(path, O_PATH | O_NOFOLLOW));
  char text[4096];
  ssize_t length = ::readlinkat(fd.get(), "", text, sizeof text);
  if (length < 0) return os_error(cat("read link '", printable(host_path(path)), "'"));
  return std::string(text, static_cast<size_t>(length));
}

Result<std::vector<std::string>> Root::list(std::string_view path) const {
  OB_TRY(UniqueFd fd, open_file(path, O_RDONLY | O_DIRECTORY));
  return list_directory_fd(fd.get(), host_path(path));
}

static Result<std::string> path_of_fd(int fd) {
  char text[4096];
  ssize_t length = ::readlink(cat("/proc/self/fd/", fd).c_str(), text, sizeof text);
  if (length < 0) return os_error("read link of an open file");
  return std::string(text, static_cast<size_t>(length));
}

Result<std::string> Root::real_path(std::string_view path) const {
  OB_TRY(UniqueFd fd, open_file(path, O_PATH));
  auto inside = path_of_fd(fd.get());
  if (!inside || is_host_root()) return inside;
  OB_TRY(std::string base, path_of_fd(fd_.get()));
  if (base == "/") return inside;
  if (inside->compare(0, base.size(), base) != 0) {
    return make_error(ErrorCode::kBug,
                      cat("'", printable(*inside), "' is not below '", printable(base), "'"));
  }
  inside->erase(0, base.size());
  if (inside->empty()) *inside = "/";
  return inside;
}

}  // namespace outboard
