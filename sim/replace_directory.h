// SPDX-License-Identifier: Apache-2.0
// A directory that is built under another name and then put into place in one step (renameat2(2)).
#pragma once

#include <string>

#include "base/result.h"

namespace outboard::sim {

/// Removes itself unless it was put into place.
class NewDirectory {
 public:
  /// An empty directory (0755) in the same parent directory as `target`.
  static Result<NewDirectory> beside(const std::string& target);

  NewDirectory(NewDirectory&& other) noexcept : path_(std::move(other.path_)) {
    other.path_.clear();
  }
  NewDirectory& operator=(NewDirectory&&) = delete;
  ~NewDirectory();

  const std::string& path() const { return path_; }

  /// Exchanges it with what is at `target`, and removes that. Nothing on another file system is
  /// removed: a mount below the old directory is an error, found before the exchange.
  Result<void> put_at(const std::string& target);

 private:
  explicit NewDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace outboard::sim
