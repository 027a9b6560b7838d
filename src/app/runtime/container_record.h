// SPDX-License-Identifier: Apache-2.0
// What a create left in a container's root, kept until its delete: one small file a container in
// the state directory
// (/run/outboard/containers, root's own). Only containers with a GPU have one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/mount_targets.h"
#include "base/result.h"

namespace outboard::runtime {

struct ContainerRecord {
  std::string root;                      ///< absolute path of the root file system on the host
  app::MissingTargets made;              ///< mount targets that did not exist before
  std::vector<std::string> cache_paths;  ///< what was put into its ld.so.cache
  /// The root's directory itself: another one that lies at the same path later is not cleaned.
  uint64_t device = 0;
  uint64_t inode = 0;

  bool operator==(const ContainerRecord& other) const;
};

/// Identifies a container: engines run by different users or with different --root may use the same
/// id.
struct ContainerKey {
  std::string runtime_root;  ///< the low-level runtime's --root, may be empty
  std::string id;
};

/// Replaces the record; what an earlier one for the same root says was made stays in it. An id that
/// is no plain file name is kUsage.
Result<void> save_record(const std::string& state_directory, const ContainerKey& key,
                         ContainerRecord record);
/// Nothing if there is none, or if the file or its directory could have been written by another
/// user.
std::optional<ContainerRecord> load_record(const std::string& state_directory,
                                           const ContainerKey& key);
void remove_record(const std::string& state_directory, const ContainerKey& key);

}  // namespace outboard::runtime
