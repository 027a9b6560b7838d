// SPDX-License-Identifier: Apache-2.0
// Reading parts of a file whose size nobody trusts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace outboard {

/// Up to `size` bytes of the regular file `fd` from `offset` on; fewer where the file ends, none
/// behind its end. The position of `fd` is neither used nor moved. Error: the kernel's, and
/// kConflict for an offset that no file can have. The caller bounds `size`: memory for all of it is
/// taken.
Result<std::string> read_range(int fd, uint64_t offset, size_t size,
                               const std::string& name_for_errors);

}  // namespace outboard
