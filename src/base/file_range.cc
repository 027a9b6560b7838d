// SPDX-License-Identifier: Apache-2.0
#include "base/file_range.h"

#include <unistd.h>

#include <cerrno>

#include "base/text.h"

namespace outboard {

Result<std::string> read_range(int fd, uint64_t offset, size_t size,
                               const std::string& name_for_errors) {
  if (offset > static_cast<uint64_t>(INT64_MAX) - size)
    return make_error(ErrorCode::kConflict, cat("read '", printable(name_for_errors),
                                                "': an offset lies outside the file"));
  std::string data(size, '\0');
  size_t used = 0;
  while (used < size) {
    ssize_t count = ::pread(fd, data.data() + used, size - used, static_cast<off_t>(offset + used));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return os_error(cat("read '", printable(name_for_errors), "'"));
    if (count == 0) break;
    used += static_cast<size_t>(count);
  }
  data.resize(used);
  return data;
}

}  // namespace outboard
