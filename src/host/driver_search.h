// SPDX-License-Identifier: Apache-2.0
// Directories of a driver root that the search for the driver's files opens, and what it looked at.
// Not for use outside this folder.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/root.h"
#include "host/facts.h"

namespace outboard::host {

struct SearchedDirectory {
  std::string asked;  ///< the path that was looked for
  std::string path;   ///< its real path inside the root; empty until it is needed
  UniqueFd fd;
  dev_t device;
  ino_t inode;
};

class DriverSearch {
 public:
  explicit DriverSearch(const Root& root) : root_(root) {}

  const Root& root() const { return root_; }
  /// Every path that was looked at, there or not: while none of them changes, the answer is the
  /// same.
  const std::vector<std::string>& seen() const { return seen_; }
  void add_seen(std::string path) { seen_.push_back(std::move(path)); }

  /// Opens the directory and appends it; its index, or nothing if it is missing or in the list
  /// already under this or another name.
  std::optional<size_t> open(std::vector<SearchedDirectory>& directories, const std::string& path);
  /// The directory's path inside the root, links resolved, as the kernel names what is open.
  const std::string& real_path(SearchedDirectory& directory);

 private:
  const Root& root_;
  std::vector<std::string> seen_;
  std::string base_;  ///< the root's own path, as the kernel names it
};

/// "libcuda.so" or "libnvidia-ml.so": their versions are the driver's.
bool names_driver_version(std::string_view base);

/// Appends the libraries of the one driver that counts to `facts`, with library_version and
/// driver_library_directories. Returns that driver's version; empty: there is none.
std::string read_driver_libraries(DriverSearch& search, Facts& facts);

}  // namespace outboard::host
