// SPDX-License-Identifier: Apache-2.0
// The lock's descriptor is inherited by the low-level runtime on purpose: a container counts as
// alive while either of the two runs.
#include "engine/container_directory.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/files.h"
#include "base/privilege.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/mirror_tree.h"

#ifndef OVERLAYFS_SUPER_MAGIC
#define OVERLAYFS_SUPER_MAGIC 0x794c7630
#endif

namespace outboard::engine {

namespace {

constexpr const char* kLock = "lock";
constexpr const char* kKept = "kept";  ///< the container ended and its files are to stay

std::string random_id() {
  unsigned char bytes[6] = {};
  // Never short for so few bytes once the pool is ready, and it is long before a login.
  [[maybe_unused]] ssize_t count = ::getrandom(bytes, sizeof bytes, 0);
  std::string id;
  for (unsigned char byte : bytes) {
    id += "0123456789abcdef"[byte >> 4];
    id += "0123456789abcdef"[byte & 15];
  }
  return id;
}

Result<void> mount_at(const char* source, const std::string& target, const char* type,
                      unsigned long flags, const char* data) {
  if (::mount(source, target.c_str(), type, flags, data) == 0) return {};
  return os_error(cat("mount ", type ? type : "", " at '", printable(target), "'"));
}

// What a killed supervisor left: nobody holds the lock. An orphaned container is ended, for nothing
// can reach it any more.
void sweep(const Directories& places, const std::vector<std::string>& low_level) {
  auto names = list_directory(places.containers);
  if (!names) return;
  for (const std::string& name : *names) {
    std::string path = join_path(places.containers, name);
    if (name[0] == '.' || path_exists(join_path(path, kKept))) continue;
    auto lock = lock_file(join_path(path, kLock), Waiting::kFailIfHeld);
    if (!lock && lock.error().code == ErrorCode::kBusy) continue;
    if (path_exists(join_path(places.runtime, name))) {
      Command command{low_level};
      for (const std::string& word : {std::string("--root"), places.runtime, std::string("delete"),
                                      std::string("--force"), name})
        command.argv.push_back(word);
      [[maybe_unused]] auto ignored = run_captured(command);
    }
    remove_tree(path);
  }
}

Error name_taken(const std::string& name, const std::string& path) {
  if (path_exists(join_path(path, kKept))) {
    return make_error(
        ErrorCode::kConflict, cat("container '", name, "' ended, and its files are still there"),
        cat("remove them with '", is_real_root() ? "" : "unshare --map-auto --map-root-user ",
            "rm -r ", path, "', or use --rm, which does"));
  }
  return make_error(ErrorCode::kConflict, cat("container '", name, "' is running"),
                    "choose another --name");
}

std::string escaped(std::string_view path) {
  std::string out;
  for (char c : path) {
    if (c == '\\' || c == ':' || c == ',') out += '\\';
    out += c;
  }
  return out;
}

bool is_below(const std::string& path, const std::string& directory) {
  if (directory == "/") return true;
  return path.compare(0, directory.size(), directory) == 0 &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

/// A directory whose owner or group does not exist in this user namespace: the kernel shows the
/// overflow id for both (user_namespaces(7)). Taking a real "nobody" for such costs time alone.
bool is_foreign(const std::string& directory) {
  constexpr uint32_t kOverflowId = 65534;
  struct stat status;
  if (::lstat(directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return false;
  // Root may write everywhere else.
  return status.st_uid == kOverflowId || status.st_gid == kOverflowId ||
         ::access(directory.c_str(), W_OK) != 0;
}

// In /tmp others can have made a directory of that name.
Result<void> check_own(const std::string& path) {
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0) return os_error(cat("stat '", printable(path), "'"));
  if (S_ISDIR(status.st_mode) && status.st_uid == ::geteuid() &&
      (status.st_mode & (S_IWGRP | S_IWOTH)) == 0)
    return {};
  return make_error(ErrorCode::kDenied,
                    cat("'", printable(path), "' is no directory that belongs to you alone"),
                    "remove it, or name another one in OUTBOARD_STATE_DIR");
}

}  // namespace

std::string overlay_options(const std::string& lower, const std::string& upper,
                            const std::string& work) {
  return cat("lowerdir=", escaped(lower), ",upperdir=", escaped(upper), ",workdir=", escaped(work));
}

Result<ContainerDirectory> ContainerDirectory::create(const Directories& places,
                                                      const std::string& name,
                                                      const std::vector<std::string>& low_level) {
  OB_CHECK(make_directories(directory_of(places.containers)));
  OB_CHECK(make_directories(places.containers, 0700));
  OB_CHECK(make_directories(directory_of(places.runtime)));
  OB_CHECK(make_directories(places.runtime, 0700));
  for (const std::string& path : {places.containers, directory_of(places.runtime), places.runtime})
    OB_CHECK(check_own(path));
  OB_TRY(UniqueFd all, lock_file(join_path(places.containers, ".lock"), Waiting::kWait));
  sweep(places, low_level);
  std::string id = name.empty() ? random_id() : name;
  std::string path = join_path(places.containers, id);
  if (::mkdir(path.c_str(), 0711) != 0) {
    if (errno == EEXIST) return name_taken(id, path);
    return os_error(cat("make directory '", printable(path), "'"));
  }
  auto lock = lock_file(join_path(path, kLock), Waiting::kFailIfHeld);
  if (!lock) return std::move(lock).error();
  ::fcntl(lock->get(), F_SETFD, 0);
  return ContainerDirectory(std::move(id), std::move(path), std::move(*lock));
}

Result<void> ContainerDirectory::mount_root(const std::string& image_root, bool keep,
                                            bool rootless) {
  if (::unshare(CLONE_NEWNS) != 0) {
    const int number = errno;
    return os_error("make a mount namespace", number)
        .with_hint(rootless ? "let ordinary users do so in a user namespace (Ubuntu: sysctl "
                              "kernel.apparmor_restrict_unprivileged_userns=0), or run it with sudo"
                            : "run as root with CAP_SYS_ADMIN");
  }
  // Slave: what is mounted on the host later still appears, what is mounted here stays here.
  OB_CHECK(mount_at("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr));
  struct statfs status;
  bool on_overlay = ::statfs(path_.c_str(), &status) == 0 &&
                    static_cast<unsigned long>(status.f_type) == OVERLAYFS_SUPER_MAGIC;
  // An overlay cannot be the upper layer of another, nor may the upper layer lie in the lower one.
  if (on_overlay || is_below(path_, image_root)) {
    OB_CHECK(mount_at("tmpfs", path_, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0711"));
    in_memory_ = true;
  }
  for (const char* name : {"upper", "work", "rootfs"}) {
    OB_CHECK(make_directories(join_path(path_, name)));
  }
  OB_CHECK(prepare_upper(image_root, rootless));
  auto mounted = mount_overlay(image_root, keep, rootless);
  if (mounted || !rootless) return mounted;
  copied_ = mounted.error().text;
  return copy_image(image_root);
}

Result<void> ContainerDirectory::prepare_upper(const std::string& image_root, bool rootless) {
  // The root directory's mode and owner come from the upper layer.
  struct stat status;
  std::string upper = join_path(path_, "upper");
  if (::stat(image_root.c_str(), &status) != 0)
    return os_error(cat("stat '", printable(image_root), "'"));
  for (const char* part : {"", "etc", "usr"}) {
    if (rootless && is_foreign(join_path(image_root, part))) foreign_ = true;
  }
  const bool own = foreign_ || ::chown(upper.c_str(), status.st_uid, status.st_gid) == 0;
  if (!own || ::chmod(upper.c_str(), status.st_mode & 07777) != 0)
    return os_error(cat("change mode and owner of '", printable(upper), "'"));
  if (!foreign_) return {};
  return mirror_tree(image_root, upper, Mirror::kDirectories, false);
}

Result<void> ContainerDirectory::mount_overlay(const std::string& image_root, bool keep,
                                               bool rootless) {
  std::string options =
      overlay_options(image_root, join_path(path_, "upper"), join_path(path_, "work"));
  // In a user namespace overlay marks files in user.* attributes, trusted.* being root's (Linux
  // 5.11).
  if (rootless) options += ",userxattr";
  // volatile (Linux 5.10): no waiting for the disk at the end, for files that are removed then.
  if (!keep && mount_at("overlay", root(), "overlay", 0, (options + ",volatile").c_str()))
    return {};
  return mount_at("overlay", root(), "overlay", 0, options.c_str());
}

Result<void> ContainerDirectory::copy_image(const std::string& image_root) {
  OB_CHECK(mirror_tree(image_root, root(), Mirror::kFiles, !foreign_));
  // A mount of its own, as the overlay would be: only such a root is written to.
  return mount_at(root().c_str(), root(), nullptr, MS_BIND, nullptr);
}

void ContainerDirectory::finish(bool keep) {
  ::umount2(root().c_str(), MNT_DETACH);
  if (in_memory_) ::umount2(path_.c_str(), MNT_DETACH);
  if (keep && !in_memory_) {
    remove_tree(join_path(path_, "work"));
    if (replace_file(join_path(path_, kKept), "")) return;
  }
  remove_tree(path_);
}

}  // namespace outboard::engine
