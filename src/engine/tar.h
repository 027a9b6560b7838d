// SPDX-License-Identifier: Apache-2.0
// The little of tar (POSIX.1-1988 ustar, with GNU's and pax's extension headers passed over) that
// `docker cp` needs: the first entry of an archive, and an archive of a few files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outboard::engine {

struct TarEntry {
  char type = '0';           ///< '0' file, '2' symbolic link, '5' directory ...
  std::string_view content;  ///< of a file; as far as the archive was read
  std::string link;          ///< target of a symbolic link
};

/// Nothing if the text is no archive.
std::optional<TarEntry> first_tar_entry(std::string_view archive);

struct TarFile {
  std::string_view name;  ///< shorter than 100 bytes
  std::string_view content;
};

/// An archive with these regular files, owned by root, mode 0644, last changed at `mtime` (seconds
/// since 1970).
std::string tar_of_files(const std::vector<TarFile>& files, int64_t mtime = 0);
std::string tar_of_file(std::string_view name, std::string_view content, int64_t mtime = 0);

}  // namespace outboard::engine
