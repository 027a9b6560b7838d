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

#include "base/files.h"
#include "base/process.h"
#include "base/text.h"

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
void sweep(const Directories& places, const std::string& low_level) {
  auto names = list_directory(places.containers);
  if (!names) return;
  for (const std::string& name : *names) {
    std::string path = join_path(places.containers, name);
    if (name[0] == '.' || path_exists(join_path(path, kKept))) continue;
    auto lock = lock_file(join_path(path, kLock), Waiting::kFailIfHeld);
    if (!lock && lock.error().code == ErrorCode::kBusy) continue;
    if (path_exists(join_path(places.runtime, name))) {
      [[maybe_unused]] auto ignored =
          run_captured({{low_level, "--root", places.runtime, "delete", "--force", name}});
    }
    remove_tree(path);
  }
}

Error name_taken(const std::string& name, const std::string& path) {
  if (path_exists(join_path(path, kKept))) {
    return make_error(ErrorCode::kConflict,
                      cat("container '", name, "' ended, and its files are still there"),
                      cat("remove them with 'rm -r ", path, "', or use --rm, which does"));
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

}  // namespace

std::string overlay_options(const std::string& lower, const std::string& upper,
                            const std::string& work) {
  return cat("lowerdir=", escaped(lower), ",upperdir=", escaped(upper), ",workdir=", escaped(work));
}

Result<ContainerDirectory> ContainerDirectory::create(const Directories& places,
                                                      const std::string& name,
                                                      const std::string& low_level) {
  OB_CHECK(make_directories(directory_of(places.containers)));
  OB_CHECK(make_directories(places.containers, 0700));
  OB_CHECK(make_directories(places.runtime, 0700));
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

Result<void> ContainerDirectory::mount_root(const std::string& image_root, bool keep) {
  if (::unshare(CLONE_NEWNS) != 0) {
    return os_error("make a mount namespace").with_hint("run as root with CAP_SYS_ADMIN");
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
  // The root directory's mode and owner come from the upper layer.
  struct stat root_status;
  std::string upper = join_path(path_, "upper");
  if (::stat(image_root.c_str(), &root_status) != 0)
    return os_error(cat("stat '", printable(image_root), "'"));
  if (::chmod(upper.c_str(), root_status.st_mode & 07777) != 0 ||
      ::chown(upper.c_str(), root_status.st_uid, root_status.st_gid) != 0)
    return os_error(cat("change mode and owner of '", printable(upper), "'"));
  std::string options = overlay_options(image_root, upper, join_path(path_, "work"));
  // volatile (Linux 5.10): no waiting for the disk at the end, for files that are removed then.
  if (!keep && mount_at("overlay", root(), "overlay", 0, (options + ",volatile").c_str()))
    return {};
  return mount_at("overlay", root(), "overlay", 0, options.c_str());
}

void ContainerDirectory::finish(bool keep) {
  ::umount2(root().c_str(), MNT_DETACH);
  if (in_memory_) ::umount2(path_.c_str(), MNT_DETACH);
  if (keep && !in_memory_) {
    if (replace_file(join_path(path_, kKept), "")) return;
  }
  remove_tree(path_);
}

}  // namespace outboard::engine
