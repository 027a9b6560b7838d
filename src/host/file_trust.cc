// SPDX-License-Identifier: Apache-2.0
#include "host/file_trust.h"

#include <cstdlib>
#include <map>
#include <memory>

#include "base/files.h"
#include "base/text.h"

namespace outboard::host {

namespace {

constexpr gid_t kStaff = 50;

// Asked once for each directory; the nearest cause counts.
class Directories {
 public:
  const std::optional<std::string>& distrust(const std::string& path) {
    auto known = known_.find(path);
    if (known != known_.end()) return known->second;
    std::optional<std::string> why;
    struct stat status;
    if (::lstat(path.c_str(), &status) == 0) why = distrust_of_directory(status);
    if (why) {
      why = cat("in directory '", printable(path), "', which is ", *why);
    } else if (path.size() > 1) {
      why = distrust(directory_of(path));
    }
    return known_.emplace(path, std::move(why)).first->second;
  }

 private:
  std::map<std::string, std::optional<std::string>> known_;
};

}  // namespace

std::optional<std::string> distrust_of_file(const struct stat& status) {
  if (status.st_uid != 0) return cat("owned by user ", status.st_uid);
  if ((status.st_mode & S_IWOTH) != 0) return "writable by everybody";
  if ((status.st_mode & S_IWGRP) != 0 && status.st_gid != 0)
    return cat("writable by group ", status.st_gid);
  return std::nullopt;
}

std::optional<std::string> distrust_of_directory(const struct stat& status) {
  if (status.st_uid != 0) return cat("owned by user ", status.st_uid);
  if ((status.st_mode & S_ISVTX) != 0) return std::nullopt;
  if ((status.st_mode & S_IWOTH) != 0) return "writable by everybody";
  if ((status.st_mode & S_IWGRP) != 0 && status.st_gid != 0 && status.st_gid != kStaff)
    return cat("writable by group ", status.st_gid);
  return std::nullopt;
}

void find_distrusted(const Root& root, std::vector<DriverFile>& files) {
  std::unique_ptr<char, void (*)(void*)> base(::realpath(root.path().c_str(), nullptr), ::free);
  if (!base) return;
  Directories directories;
  for (DriverFile& file : files) {
    if (file.kind == FileKind::kSocket) continue;  // a daemon's own
    std::string path = join_path(base.get(), file.path);
    struct stat status;
    if (::lstat(path.c_str(), &status) != 0) continue;
    file.distrust = distrust_of_file(status);
    if (!file.distrust) file.distrust = directories.distrust(directory_of(path));
  }
}

}  // namespace outboard::host
