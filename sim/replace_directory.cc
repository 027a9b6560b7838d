// SPDX-License-Identifier: Apache-2.0
// Building beside and exchanging. Removal walks by file descriptors and never leaves the file
// system it began on.
#include "sim/replace_directory.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/files.h"
#include "base/text.h"

namespace outboard::sim {

namespace {

/// Mount points at or below `path` in this mount namespace. Those of containers are their own and
/// keep the old files.
Result<std::vector<std::string>> mounts_below(const std::string& path) {
  OB_TRY(const std::string text, read_file("/proc/self/mountinfo"));
  std::vector<std::string> found;
  for (std::string_view line : split(text, '\n')) {
    // Fields: mount id, parent id, major:minor, root, mount point (proc(5)).
    auto fields = words(line);
    if (fields.size() > 4 && (fields[4] == path || fields[4].starts_with(path + "/"))) {
      found.emplace_back(fields[4]);
    }
  }
  return found;
}

}  // namespace

Result<NewDirectory> NewDirectory::beside(const std::string& target) {
  std::string name = cat(target, ".new-XXXXXX");
  if (::mkdtemp(name.data()) == nullptr) return os_error(cat("make directory '", name, "'"));
  NewDirectory made(name);
  if (::chmod(name.c_str(), 0755) != 0) return os_error(cat("set mode of '", name, "'"));
  return made;
}

NewDirectory::~NewDirectory() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

Result<void> NewDirectory::put_at(const std::string& target) {
  const bool exists = path_exists(target);
  if (exists) {
    OB_TRY(const std::vector<std::string> mounts, mounts_below(target));
    if (!mounts.empty()) {
      return make_error(ErrorCode::kBusy, cat("something is mounted at '", mounts.front(), "'"),
                        "unmount it first");
    }
  }
  const unsigned how = exists ? RENAME_EXCHANGE : RENAME_NOREPLACE;
  if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target.c_str(), how) != 0) {
    return os_error(cat("put '", path_, "' at '", target, "'"));
  }
  if (!exists) path_.clear();
  // Else the destructor removes the old one, which now has the temporary name.
  return {};
}

}  // namespace outboard::sim
