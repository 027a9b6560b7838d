// SPDX-License-Identifier: Apache-2.0
// By directory descriptors and names alone: the tree may change while it is read.
#include "engine/mirror_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/files.h"
#include "base/text.h"

namespace outboard::engine {

namespace {

constexpr int kDeepest = 256;
constexpr size_t kPiece = 1U << 20;
constexpr mode_t kModeBits = 07777;

/// The content, in the kernel where it can (copy_file_range(2): Linux 5.3 between file systems).
Result<void> copy_content(int from, int to, const std::string& name) {
  while (true) {
    ssize_t count = ::copy_file_range(from, nullptr, to, nullptr, kPiece << 6, 0);
    if (count == 0) return {};
    if (count < 0 && errno != EINTR) break;
  }
  std::string buffer(kPiece, '\0');
  while (true) {
    ssize_t count = ::read(from, buffer.data(), buffer.size());
    if (count == 0) return {};
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return os_error(cat("read '", printable(name), "'"));
    OB_CHECK(write_all(to, std::string_view(buffer).substr(0, static_cast<size_t>(count)), name));
  }
}

class Walk {
 public:
  Walk(Mirror what, bool keep_owners, dev_t device)
      : what_(what), keep_owners_(keep_owners), device_(device) {}

  Result<void> directory(int source, int target, const std::string& path, int depth) {
    if (depth > kDeepest) {
      return make_error(ErrorCode::kUnsupported,
                        cat("'", printable(path, 400), "': directories are nested too deeply"));
    }
    OB_TRY(auto names, list_directory_fd(source, path));
    for (const std::string& name : names) {
      struct stat status;
      if (::fstatat(source, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
      std::string below = join_path(path, name);
      if (S_ISDIR(status.st_mode)) {
        OB_CHECK(subdirectory({source, target, name, below, status}, depth));
      } else if (what_ == Mirror::kFiles) {
        OB_CHECK(file({source, target, name, below, status}));
      }
    }
    return {};
  }

 private:
  struct Entry {
    int source;
    int target;
    const std::string& name;
    const std::string& path;
    const struct stat& status;
  };

  Result<void> subdirectory(const Entry& entry, int depth) {
    auto source = open_at(entry.source, entry.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    // What lies in it can be reached by name, though not listed: better as it is.
    if (!source && ::faccessat(entry.source, entry.name.c_str(), X_OK, AT_EACCESS) == 0) return {};
    if (::mkdirat(entry.target, entry.name.c_str(), 0700) != 0)
      return os_error(cat("make directory for '", printable(entry.path), "'"));
    OB_TRY(UniqueFd made, open_at(entry.target, entry.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    if (source && entry.status.st_dev == device_) {
      OB_CHECK(directory(source->get(), made.get(), entry.path, depth + 1));
    } else if (!source && what_ == Mirror::kDirectories) {
      // Without the mark the overlay would look into the lower one, and fail as we did.
      [[maybe_unused]] int marked = ::fsetxattr(made.get(), "user.overlay.opaque", "y", 1, 0);
    }
    return attributes(made.get(), entry);
  }

  // The owner first: changing it takes set-user-id bits away.
  Result<void> attributes(int made, const Entry& entry) const {
    if (keep_owners_) {
      [[maybe_unused]] int changed = ::fchown(made, entry.status.st_uid, entry.status.st_gid);
    }
    if (::fchmod(made, entry.status.st_mode & kModeBits) == 0) return {};
    return os_error(cat("change mode of the copy of '", printable(entry.path), "'"));
  }

  Result<void> file(const Entry& entry) const {
    if (S_ISLNK(entry.status.st_mode)) return link(entry);
    if (!S_ISREG(entry.status.st_mode)) return {};
    auto from = open_at(entry.source, entry.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!from) return {};
    OB_TRY(UniqueFd to, open_at(entry.target, entry.name, O_WRONLY | O_CREAT | O_EXCL, 0600));
    OB_CHECK(copy_content(from->get(), to.get(), entry.path));
    return attributes(to.get(), entry);
  }

  static Result<void> link(const Entry& entry) {
    char text[4096];
    ssize_t length = ::readlinkat(entry.source, entry.name.c_str(), text, sizeof text);
    if (length <= 0) return {};
    std::string goal(text, static_cast<size_t>(length));
    if (::symlinkat(goal.c_str(), entry.target, entry.name.c_str()) == 0) return {};
    return os_error(cat("make the copy of link '", printable(entry.path), "'"));
  }

  Mirror what_;
  bool keep_owners_;
  dev_t device_;
};

}  // namespace

Result<void> mirror_tree(const std::string& source, const std::string& target, Mirror what,
                         bool keep_owners) {
  OB_TRY(UniqueFd from, open_directory(source));
  OB_TRY(UniqueFd to, open_directory(target));
  struct stat status;
  if (::fstat(from.get(), &status) != 0) return os_error(cat("stat '", printable(source), "'"));
  return Walk(what, keep_owners, status.st_dev).directory(from.get(), to.get(), source, 0);
}

}  // namespace outboard::engine
