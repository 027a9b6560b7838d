// SPDX-License-Identifier: Apache-2.0
// What lies where in a tar archive that is a file of ours: its headers are read one by one,
// contents are skipped. Format: POSIX.1-2001 pax and ustar, with GNU's long names. The archive is
// somebody else's: sizes and offsets are checked against the file's, names are bounded.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace outboard::engine {

struct TarItem {
  char type = '0';      ///< '0' file, '1' hard link, '2' symbolic link, '5' directory ...
  std::string name;     ///< as written ("./usr/lib/libc.so.6")
  std::string link;     ///< target of a link
  uint64_t offset = 0;  ///< of the content, in the file
  uint64_t size = 0;
};

/// Hands out every item of the archive that fills the bytes from `begin` to `end` of the file
/// behind `fd` (its position is neither used nor changed), until `visit` returns false. kConflict:
/// no archive, or one that is cut off; `name` is what errors call it.
Result<void> scan_tar(int fd, uint64_t begin, uint64_t end, const std::string& name,
                      const std::function<bool(const TarItem&)>& visit);

}  // namespace outboard::engine
