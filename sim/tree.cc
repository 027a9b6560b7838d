// SPDX-License-Identifier: Apache-2.0
// The writer of trees.
#include "sim/tree.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/files.h"
#include "base/text.h"

namespace outboard::sim {

std::string Tree::absolute(const std::string& path) const {
  return join_path(directory_, path);
}

void Tree::fail(Error error) {
  if (result_) result_ = std::move(error);
}

bool Tree::prepare(const std::string& path) {
  if (!result_) return false;
  auto made = make_directories(directory_of(absolute(path)));
  if (!made) fail(std::move(made).error());
  return good();
}

void Tree::directory(const std::string& path) {
  if (!result_) return;
  auto made = make_directories(absolute(path));
  if (!made) fail(std::move(made).error());
}

void Tree::file(const std::string& path, std::string_view content, mode_t mode) {
  if (!prepare(path)) return;
  auto written = replace_file(absolute(path), content, {.mode = mode});
  if (!written) fail(std::move(written).error());
}

void Tree::link(const std::string& path, const std::string& target) {
  if (!prepare(path)) return;
  if (::symlink(target.c_str(), absolute(path).c_str()) != 0) {
    fail(os_error(cat("link '", absolute(path), "'")));
  }
}

void Tree::socket(const std::string& path) {
  if (!prepare(path)) return;
  if (::mknod(absolute(path).c_str(), S_IFSOCK | 0666, 0) != 0) {
    fail(os_error(cat("make socket '", absolute(path), "'")));
  }
}

void Tree::node(const std::string& path, unsigned major, unsigned minor, mode_t mode, gid_t gid) {
  if (!prepare(path)) return;
  const std::string name = absolute(path);
  // The mode again by chmod, because mknod's is cut by the umask.
  if (::mknod(name.c_str(), S_IFCHR | mode, makedev(major, minor)) != 0) {
    fail(os_error(cat("make device node '", name, "'"))
             .with_hint("run it as root, on a machine or in a container that has CAP_MKNOD"));
  } else if (::chmod(name.c_str(), mode) != 0 || (gid != 0 && ::chown(name.c_str(), 0, gid) != 0)) {
    fail(os_error(cat("set mode and group of '", name, "'")));
  }
}

}  // namespace outboard::sim
