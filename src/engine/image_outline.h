// SPDX-License-Identifier: Apache-2.0
// A part of an image's file system as far as it must be known to judge the driver libraries in it:
// names, links, and the ELF class of files. For engines that show no root (docker): it can be kept
// as JSON and be laid out in a directory, and then what looks at an image's root looks at that. The
// image is hostile: names, number and depth are bounded.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/root.h"

namespace outboard::engine {

class ImageOutline {
 public:
  enum class Kind { kDirectory = 0, kLink = 1, kFile = 2 };
  struct Entry {
    Kind kind = Kind::kDirectory;
    std::string target;  ///< of a link
    int elf_class = 0;   ///< of a file: 32, 64; 0: no ELF file
    bool empty = false;  ///< of a file

    bool operator==(const Entry&) const = default;
  };

  /// `path`: absolute. Missing directories above it are added. False (and nothing is added): the
  /// path is none that an image needs, something else than a directory is in its way, or there are
  /// too many already. What is there under this path stays, unless both are files.
  bool add(std::string_view path, const Entry& entry);
  const Entry* find(std::string_view path) const;
  const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }

  json::Value to_json() const;
  static Result<ImageOutline> from_json(const json::Value& document);

  bool operator==(const ImageOutline&) const = default;

 private:
  std::map<std::string, Entry, std::less<>> entries_;
};

/// The first bytes of a file's content, as an entry.
ImageOutline::Entry outline_of_file(std::string_view head);

/// The directory in which an outline is laid out, as long as this lives. It belongs to nobody but
/// this user.
class OutlineRoot {
 public:
  static Result<OutlineRoot> make(const ImageOutline& outline);
  OutlineRoot(OutlineRoot&& other) noexcept;
  OutlineRoot& operator=(OutlineRoot&& other) noexcept;
  OutlineRoot(const OutlineRoot&) = delete;
  OutlineRoot& operator=(const OutlineRoot&) = delete;
  ~OutlineRoot();

  const Root& root() const { return *root_; }

 private:
  explicit OutlineRoot(std::string directory) : directory_(std::move(directory)) {}
  std::string directory_;
  std::optional<Root> root_;
};

}  // namespace outboard::engine
