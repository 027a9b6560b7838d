// SPDX-License-Identifier: Apache-2.0
// A container of the built-in engine on disk: its directory, its lock, and its root file system, an
// overlay over an image that is never written. The overlay is mounted in a mount namespace of this
// process's own, so it is gone with the last process of the container, however that ends.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "engine/directories.h"

namespace outboard::engine {

class ContainerDirectory {
 public:
  /// Makes the directory of a container; `name` empty: a random one. Containers whose supervisor
  /// was killed are removed first. kConflict: the name is taken, by a running container or by the
  /// files of an ended one.
  static Result<ContainerDirectory> create(const Directories& places, const std::string& name,
                                           const std::string& low_level);

  /// Mounts the overlay. After this the process has a mount namespace of its own. `keep`: what is
  /// written must outlast the container, and so is worth writing to the disk.
  Result<void> mount_root(const std::string& image_root, bool keep);

  const std::string& id() const { return id_; }
  const std::string& path() const { return path_; }  ///< also the bundle
  std::string root() const { return path_ + "/rootfs"; }
  /// The container's files were in memory, as the directory could not serve as an upper layer.
  bool in_memory() const { return in_memory_; }

  /// The container ended: removes it, or (`keep`) leaves what it wrote, in path()/upper.
  void finish(bool keep);

 private:
  ContainerDirectory(std::string id, std::string path, UniqueFd lock)
      : id_(std::move(id)), path_(std::move(path)), lock_(std::move(lock)) {}

  std::string id_;
  std::string path_;
  UniqueFd lock_;
  bool in_memory_ = false;
};

/// Mount data of an overlay: the characters that mean something there are escaped.
std::string overlay_options(const std::string& lower, const std::string& upper,
                            const std::string& work);

}  // namespace outboard::engine
