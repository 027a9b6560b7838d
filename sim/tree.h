// SPDX-License-Identifier: Apache-2.0
// Writes a tree of files below one directory. The first failure is kept and everything after it is
// left out, so a description of a tree reads as a list and is checked once.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace outboard::sim {

class Tree {
 public:
  explicit Tree(std::string directory) : directory_(std::move(directory)) {}

  /// Paths are relative to the directory; the directories above them are made (0755).
  void directory(const std::string& path);
  void file(const std::string& path, std::string_view content, mode_t mode = 0644);
  void link(const std::string& path, const std::string& target);
  void socket(const std::string& path);
  /// A character device; needs CAP_MKNOD.
  void node(const std::string& path, unsigned major, unsigned minor, mode_t mode, gid_t gid = 0);

  /// Takes over a failure found elsewhere.
  void fail(Error error);
  bool good() const { return static_cast<bool>(result_); }
  const Result<void>& result() const { return result_; }

 private:
  bool prepare(const std::string& path);
  std::string absolute(const std::string& path) const;

  std::string directory_;
  Result<void> result_;
};

}  // namespace outboard::sim
