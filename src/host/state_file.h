// SPDX-License-Identifier: Apache-2.0
// Small files that are kept between starts in a state directory (/run/outboard): what was learned
// is believed again only if nobody else can have written it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"

namespace outboard::host {

/// True if the open file or directory belongs to root or to this process's user and nobody else may
/// write it.
bool is_only_ours(int fd);

/// The directory, opened, if it is only ours and no part of its path is a symbolic link.
std::optional<UniqueFd> open_state_directory(const std::string& path);

/// The content of a file in it, or nothing: missing, not only ours, no regular file, too large.
std::optional<std::string> read_state(const std::string& directory, const std::string& name,
                                      size_t limit);

/// The same in a directory that open_state_directory() has opened.
std::optional<std::string> read_state_at(int directory, const std::string& name, size_t limit);

/// Replaces the file, making the directory if need be. False where that is not possible, which is
/// never an error of the caller's.
bool write_state(const std::string& directory, const std::string& name, std::string_view content);

}  // namespace outboard::host
