// SPDX-License-Identifier: Apache-2.0
// The files of a tar archive by name, without unpacking it: for archives that hold an image
// (`docker save`, an OCI layout in one file), whose items are few and whose documents are small.
// The archive is somebody else's: number and sizes are bounded, and no link is followed but those
// of old `docker save` archives, inside the archive.
#pragma once

#include <map>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "engine/image_archive.h"
#include "engine/tar_index.h"

namespace outboard::engine {

class TarFiles {
 public:
  /// kUsage: no regular file; kUnsupported: it is compressed, or holds more files than an image in
  /// an archive has; kConflict: no tar archive, or one that is cut off.
  static Result<TarFiles> open(const std::string& file);

  bool has(const std::string& name) const { return items_.count(name) > 0; }
  /// A document of at most 8 MiB. `writer`: what writes such archives ("docker save"), for the hint
  /// of the error that the archive has no such file (kConflict).
  Result<std::string> text(const std::string& name, const char* writer) const;
  /// Where a regular file lies; nothing for one that is not there.
  std::optional<LayerPlace> place(const std::string& name) const;
  const std::string& path() const { return file_; }

 private:
  TarFiles(UniqueFd fd, std::string file) : fd_(std::move(fd)), file_(std::move(file)) {}

  UniqueFd fd_;
  std::string file_;
  std::map<std::string, TarItem> items_;  ///< by name, without "./" in front
};

}  // namespace outboard::engine
