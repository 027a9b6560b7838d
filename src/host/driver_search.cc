// SPDX-License-Identifier: Apache-2.0
#include "host/driver_search.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

namespace outboard::host {

static std::string name_of(int fd) {
  char text[4096];
  ssize_t length = ::readlink(cat("/proc/self/fd/", fd).c_str(), text, sizeof text);
  if (length < 0) {
    os_error("read link of an open directory");
    return {};
  }
  return std::string(text, static_cast<size_t>(length));
}

std::optional<size_t> DriverSearch::open(std::vector<SearchedDirectory>& directories,
                                         const std::string& path) {
  seen_.push_back(path);
  UniqueFd fd = root_.find_file(path, O_RDONLY | O_DIRECTORY);
  if (!fd.valid()) return std::nullopt;
  struct stat status;
  if (::fstat(fd.get(), &status) != 0) {
    os_error(cat("stat '", path, "'"));
    return std::nullopt;
  }
  for (const SearchedDirectory& known : directories) {
    if (known.device == status.st_dev && known.inode == status.st_ino) return std::nullopt;
  }
  directories.push_back({path, "", std::move(fd), status.st_dev, status.st_ino});
  return directories.size() - 1;
}

const std::string& DriverSearch::real_path(SearchedDirectory& directory) {
  if (!directory.path.empty()) return directory.path;
  if (base_.empty()) base_ = name_of(root_.fd());
  directory.path = name_of(directory.fd.get());
  if (base_ != "/") {
    if (directory.path.compare(0, base_.size() + 1, base_ + "/") != 0)
      return directory.path = directory.asked;
    directory.path.erase(0, base_.size());
  }
  return directory.path;
}

}  // namespace outboard::host
