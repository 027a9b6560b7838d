// SPDX-License-Identifier: Apache-2.0
// Device nodes of the driver: everything below the dev root whose first name starts with "nvidia",
// GDRCopy's gdrdrv, and the DRM nodes of the GPUs (other cards' are nobody's business). Nodes are
// looked at, never opened: opening one can wake a GPU or load a module.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "base/files.h"
#include "base/text.h"
#include "host/read_parts.h"
#include "host/small_files.h"

namespace outboard::host {

namespace {

class NodeReader {
 public:
  NodeReader(int dev, Facts& facts) : dev_(dev), facts_(facts) {}

  void read() {
    for (const std::string& name : names_in(dev_, ".")) {
      if (name.rfind("nvidia", 0) == 0 || name == "gdrdrv") add(name, true);
    }
    for (const GpuFact& gpu : facts_.gpus) {
      for (const std::string& node : gpu.drm_nodes) add(node.substr(5), false);
    }
    std::sort(facts_.nodes.begin(), facts_.nodes.end(),
              [](const DeviceNode& a, const DeviceNode& b) { return a.path < b.path; });
    find_missing_links();
  }

 private:
  // `name` is relative to the dev root.
  void add(const std::string& name, bool enter_directory) {
    struct stat status;
    if (::fstatat(dev_, name.c_str(), &status, 0) != 0) return;
    if (S_ISDIR(status.st_mode)) {
      if (enter_directory) add_directory(name);
      return;
    }
    DeviceNode node;
    node.path = "/dev/" + name;
    node.host_path = join_path(facts_.roots.dev, name);
    node.type = S_ISCHR(status.st_mode) ? 'c' : 'f';
    if (S_ISCHR(status.st_mode)) {
      node.major = major(status.st_rdev);
      node.minor = minor(status.st_rdev);
    }
    node.mode = status.st_mode & 07777;
    node.uid = status.st_uid;
    node.gid = status.st_gid;
    facts_.nodes.push_back(std::move(node));
  }

  void add_directory(const std::string& name) {
    for (const std::string& inner : names_in(dev_, name)) add(cat(name, "/", inner), false);
  }

  // runc leaves a device rule without this link out of what it tells systemd.
  void find_missing_links() {
    auto directory = open_at(dev_, "char", O_RDONLY | O_DIRECTORY);
    for (const DeviceNode& node : facts_.nodes) {
      if (node.type != 'c') continue;
      std::string name = cat(node.major, ":", node.minor);
      struct stat status;
      if (directory && ::fstatat(directory->get(), name.c_str(), &status, 0) == 0) continue;
      auto& missing = facts_.missing_char_links;
      if (std::find(missing.begin(), missing.end(), name) == missing.end())
        missing.push_back(std::move(name));
    }
  }

  int dev_;
  Facts& facts_;
};

}  // namespace

void read_nodes(int dev, Facts& facts) {
  NodeReader(dev, facts).read();
}

}  // namespace outboard::host
