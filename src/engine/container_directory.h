// SPDX-License-Identifier: Apache-2.0
// A container of the built-in engine on disk: its directory, its lock, and its root file system, an
// overlay over an image that is never written. The overlay is mounted in a mount namespace of this
// process's own, so it is gone with the last process of the container, however that ends.
#pragma once

#include <string>
#include <vector>

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
                                           const std::vector<std::string>& low_level);

  /// Mounts the overlay. After this the process has a mount namespace of its own. `keep`: what is
  /// written must outlast the container, and so is worth writing to the disk. `rootless`: in a user
  /// namespace an image that belongs to somebody else gets directories of ours, and where the
  /// kernel refuses the overlay the image is copied.
  Result<void> mount_root(const std::string& image_root, bool keep, bool rootless);

  const std::string& id() const { return id_; }
  const std::string& path() const { return path_; }  ///< also the bundle
  std::string root() const { return path_ + "/rootfs"; }
  /// The container's files were in memory, as the directory could not serve as an upper layer.
  bool in_memory() const { return in_memory_; }
  /// Why the root is a copy of the image and no overlay; empty: it is none.
  const std::string& copied() const { return copied_; }
  /// Where what the container wrote stays: with a copy, beside what the image has.
  std::string written() const { return path_ + (copied_.empty() ? "/upper" : "/rootfs"); }

  /// The container ended: removes it, or (`keep`) leaves what it wrote, in written().
  void finish(bool keep);

 private:
  ContainerDirectory(std::string id, std::string path, UniqueFd lock)
      : id_(std::move(id)), path_(std::move(path)), lock_(std::move(lock)) {}

  Result<void> prepare_upper(const std::string& image_root, bool rootless);
  Result<void> mount_overlay(const std::string& image_root, bool keep, bool rootless);
  Result<void> copy_image(const std::string& image_root);

  std::string id_;
  std::string path_;
  UniqueFd lock_;
  bool in_memory_ = false;
  bool foreign_ = false;  ///< the image belongs to somebody who does not exist in our namespace
  std::string copied_;
};

/// Mount data of an overlay: the characters that mean something there are escaped.
std::string overlay_options(const std::string& lower, const std::string& upper,
                            const std::string& work);

}  // namespace outboard::engine
