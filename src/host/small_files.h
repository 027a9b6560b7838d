// SPDX-License-Identifier: Apache-2.0
// Attribute files and directories of /proc and /sys in as few system calls as possible: dozens of
// them are read at every start of a container.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace outboard::host {

/// The content of a small file up to a NUL byte, or nothing. A read that returns less than the
/// buffer holds is the last one, which is true of regular files and of what the kernel prints.
std::optional<std::string> read_small(int dir, const std::string& path);

/// Calls `visit` with every name in the directory that `fd` is opened on, in the directory's order.
void for_each_name(UniqueFd fd, const std::function<void(std::string_view)>& visit);

/// Sorted names in a directory; none where it cannot be read.
std::vector<std::string> names_in(int dir, const std::string& path);

}  // namespace outboard::host
