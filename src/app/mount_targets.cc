// SPDX-License-Identifier: Apache-2.0
#include "app/mount_targets.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "app/container_cache.h"
#include "base/files.h"
#include "base/text.h"

namespace outboard::app {

namespace {

class TargetReader {
 public:
  TargetReader(const Root& root, bool writable) : root_(root), writable_(writable) {}

  void look_at(const std::string& target) {
    const UniqueFd& parent = directory(directory_of(target));
    if (!parent.valid()) {
      missing_.files.push_back(target);
      return;
    }
    struct stat status {};
    std::string name = file_name_of(target);
    if (::fstatat(parent.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      missing_.files.push_back(target);
    } else if (S_ISLNK(status.st_mode) && !root_.exists(target)) {
      if (writable_) remove_link(target, name);
      missing_.files.push_back(target);
    } else if (writable_ && S_ISREG(status.st_mode) && status.st_size == 0) {
      // Made for an earlier start whose record is lost (the host was restarted), or kept by a
      // commit: an empty driver file is of use to nobody.
      missing_.files.push_back(target);
    }
  }

  MissingTargets take() { return std::move(missing_); }

 private:
  // What lies on another mount below the root stays.
  void remove_link(const std::string& target, const std::string& name) {
    auto directory = root_.open_own_directory(directory_of(target));
    struct stat status {};
    if (directory && ::fstatat(directory->get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISLNK(status.st_mode))
      ::unlinkat(directory->get(), name.c_str(), 0);
  }

  // Opened once for all targets in it; an invalid one does not exist, and it and its missing
  // parents are written down.
  const UniqueFd& directory(const std::string& path) {
    auto known = directories_.find(path);
    if (known != directories_.end()) return known->second;
    UniqueFd fd = root_.find_file(path, O_PATH | O_DIRECTORY);
    if (!fd.valid()) {
      if (path.size() > 1) directory(directory_of(path));
      missing_.directories.push_back(path);
    }
    return directories_.emplace(path, std::move(fd)).first->second;
  }

  const Root& root_;
  bool writable_;
  MissingTargets missing_;
  std::map<std::string, UniqueFd> directories_;
};

Error read_only_root(const std::vector<std::string>& missing) {
  std::vector<std::string> shown(
      missing.begin(),
      missing.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(missing.size(), 4)));
  return make_error(ErrorCode::kDenied,
                    cat("the container's root file system is mounted read-only and lacks ",
                        missing.size(), " mount targets for the driver: ", join(shown, ", "),
                        missing.size() > shown.size() ? ", ..." : ""),
                    "mount it writable (root.readonly in config.json works: the low-level runtime "
                    "sets it later), or make these files in the image");
}

}  // namespace

Result<MissingTargets> prepare_targets(const Root& root, const plan::Plan& plan) {
  bool read_only = is_read_only(root);
  TargetReader reader(root, !read_only && is_own_mount(root));
  for (const plan::PlannedMount& mount : plan.mounts) reader.look_at(mount.target);
  for (const plan::PlannedFile& file : plan.files) reader.look_at(file.target);
  MissingTargets missing = reader.take();
  if (read_only && !missing.files.empty()) return read_only_root(missing.files);
  return missing;
}

void remove_targets(const Root& root, const MissingTargets& made) {
  for (const std::string& target : made.files) {
    auto parent = root.open_own_directory(directory_of(target));
    if (!parent) continue;
    struct stat status {};
    std::string name = file_name_of(target);
    if (::fstatat(parent->get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISREG(status.st_mode) && status.st_size == 0) ::unlinkat(parent->get(), name.c_str(), 0);
  }
  for (auto path = made.directories.rbegin(); path != made.directories.rend(); ++path) {
    auto parent = root.open_own_directory(directory_of(*path));
    if (parent) ::unlinkat(parent->get(), file_name_of(*path).c_str(), AT_REMOVEDIR);
  }
}

}  // namespace outboard::app
