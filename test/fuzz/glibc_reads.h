// SPDX-License-Identifier: Apache-2.0
// What glibc's own programs make of an ld.so.cache: ldconfig -p prints it, and the loader (with
// LD_DEBUG=libs, ld.so(8)) says which file it takes for a name.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outboard::fuzz {

/// The lines of `ldconfig -p` after the first one; nothing if ldconfig does not accept the file.
std::optional<std::vector<std::string>> printed_by_ldconfig(std::string_view cache);

/// For each name the path that the loader takes from the cache, empty if none. The cache lies over
/// /etc/ld.so.cache in a mount namespace that only the loader's process sees. Nothing where such a
/// namespace cannot be made.
std::optional<std::vector<std::string>> found_by_loader(std::string_view cache,
                                                        const std::vector<std::string>& names);

}  // namespace outboard::fuzz
