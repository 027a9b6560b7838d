// SPDX-License-Identifier: Apache-2.0
// The root is untrusted: /etc is opened once, inside the root, and everything below happens by that
// descriptor.
#include "app/container_cache.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/files.h"
#include "base/privilege.h"
#include "base/text.h"
#include "elf/ld_cache.h"

namespace outboard::app {

constexpr size_t kLargestCache = 16U << 20;
constexpr size_t kMostEmptyLibraries = 256;
constexpr const char* kFallbackName = "outboard-ld.so.cache";

static int32_t abi_flags(int elf_class) {
#if defined(__aarch64__)
  return elf_class == 64 ? elf::kLdFlagsAarch64 : elf::kLdFlagsArmHardFloat;
#else
  return elf_class == 64 ? elf::kLdFlagsX86_64 : elf::kLdFlagsI386;
#endif
}

std::string merged_cache(std::string_view image_cache, const plan::Plan& plan,
                         const std::vector<std::string>& earlier) {
  elf::LdCache image;
  if (auto parsed = elf::parse_ld_cache(image_cache); parsed) image = std::move(*parsed);
  std::vector<elf::LdCacheAddition> ours;
  for (const plan::PlannedCacheEntry& entry : plan.cache)
    ours.push_back({entry.soname, entry.path, abi_flags(entry.elf_class)});
  return elf::serialise_ld_cache(elf::merge_ld_cache(std::move(image), ours, earlier));
}

bool is_own_mount(const Root& root) {
  struct statx status {};
  // The host's own root is a mount, too; a specification may name it (toolbox-like containers).
  struct stat host {
  }, here{};
  if (::stat("/", &host) != 0 || ::fstat(root.fd(), &here) != 0 ||
      (host.st_dev == here.st_dev && host.st_ino == here.st_ino))
    return false;
  // STATX_ATTR_MOUNT_ROOT: Linux 5.8. Without it nothing is assumed and the bind mount is used.
  if (::statx(root.fd(), "", AT_EMPTY_PATH, STATX_BASIC_STATS, &status) != 0) return false;
  return (status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0 &&
         (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

bool is_read_only(const Root& root) {
  struct statvfs status {};
  return ::fstatvfs(root.fd(), &status) == 0 && (status.f_flag & ST_RDONLY) != 0;
}

// Entries that lead to empty files: mount targets of an earlier start under another driver, whose
// record is lost because the host was restarted. The files go, too.
static std::vector<std::string> remove_empty_libraries(const Root& root, std::string_view cache,
                                                       const plan::Plan& plan) {
  std::vector<std::string> found;
  auto visit = [&](const elf::LdCacheEntryView& entry) {
    std::string_view file = entry.path.substr(entry.path.rfind('/') + 1);
    bool driver = file.find("nvidia") != std::string_view::npos || file.rfind("libcuda", 0) == 0 ||
                  file.rfind("libnv", 0) == 0;
    if (!driver || found.size() >= kMostEmptyLibraries) return true;
    for (const plan::PlannedCacheEntry& ours : plan.cache) {
      if (ours.path == entry.path) return true;
    }
    std::string path(entry.path), name(file);
    auto directory = root.open_own_directory(directory_of(path));
    struct stat status {};
    if (directory && ::fstatat(directory->get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(status.st_mode) && status.st_size == 0 &&
        ::unlinkat(directory->get(), name.c_str(), 0) == 0)
      found.push_back(std::move(path));
    return true;
  };
  [[maybe_unused]] auto scanned = elf::scan_ld_cache(cache, visit);
  return found;
}

static bool is_empty_cache(const std::string& content) {
  auto cache = elf::parse_ld_cache(content);
  return cache && cache->entries.empty();
}

// Mode and owner of the image's own cache are kept; a new one has the owner of /etc (who is not
// root for a daemon that maps users elsewhere) and is readable by all. In a user namespace it is
// ours: an owner that does not exist there cannot be given.
static Result<void> replace_cache(int etc, const std::string& content, const std::string& before) {
  if (content == before) return {};
  struct stat status {};
  if (::fstat(etc, &status) != 0) return os_error("stat '/etc' of the container");
  FileAttributes attributes{
      .mode = 0644, .set_owner = is_real_root(), .uid = status.st_uid, .gid = status.st_gid};
  if (::fstatat(etc, "ld.so.cache", &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode)) {
    attributes.mode = status.st_mode & 0777;
    attributes.uid = status.st_uid;
    attributes.gid = status.st_gid;
  }
  return replace_file_at(etc, "ld.so.cache", content, attributes);
}

Result<std::string> place_cache(const Root& root, const plan::Plan& plan,
                                const std::vector<std::string>& earlier,
                                const std::string& fallback_directory) {
  if (plan.cache.empty() && earlier.empty()) return std::string();
  FailureWatch watch;
  auto before = root.read("/etc/ld.so.cache", kLargestCache);
  // A cache that is there and could not be read now must not be replaced by one of ours alone.
  if (auto failure = watch.failure()) return std::move(*failure);
  bool writable = is_own_mount(root) && !is_read_only(root);
  std::vector<std::string> stale = earlier;
  if (before && writable) {
    for (std::string& path : remove_empty_libraries(root, *before, plan))
      stale.push_back(std::move(path));
  }
  std::string content = merged_cache(before ? *before : std::string(), plan, stale);
  auto etc = root.open_own_directory("/etc");
  if (etc && writable) {
    if (plan.cache.empty() && is_empty_cache(content)) {
      // Nothing but ours was in it: the image has none.
      ::unlinkat(etc->get(), "ld.so.cache", 0);
      return std::string();
    }
    OB_CHECK(replace_cache(etc->get(), content, before ? *before : std::string()));
    return std::string();
  }
  if (plan.cache.empty()) return std::string();
  OB_CHECK(replace_file(join_path(fallback_directory, kFallbackName), content));
  return join_path(fallback_directory, kFallbackName);
}

void remove_cache_leftovers(const Root& root) {
  if (auto etc = root.open_own_directory("/etc")) remove_leftovers(etc->get(), "ld.so.cache");
}

Result<std::vector<std::string>> place_files(const plan::Plan& plan, const std::string& directory) {
  std::vector<std::string> sources;
  for (const plan::PlannedFile& file : plan.files) {
    std::string path = join_path(directory, cat("outboard-", file_name_of(file.target)));
    OB_CHECK(replace_file(path, file.content));
    sources.push_back(std::move(path));
  }
  return sources;
}

}  // namespace outboard::app
