// SPDX-License-Identifier: Apache-2.0
// Files of the driver become part of every container, and some are run or loaded as root on the
// host. So it matters who could have changed them: root alone, or somebody else too.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <vector>

#include "base/root.h"
#include "host/facts.h"

namespace outboard::host {

/// Why somebody who is not root could change a file ("owned by user 1000"), or nothing. A group is
/// tolerated if it is root's.
std::optional<std::string> distrust_of_file(const struct stat& status);
/// The same for a directory, where a name could be replaced. A sticky bit helps, and so does group
/// "staff" (50), to which Debian gives /usr/local (Debian policy 9.1.2).
std::optional<std::string> distrust_of_directory(const struct stat& status);

/// Fills `distrust` of every file but sockets: its own owner and mode, and those of the directories
/// above it up to the host's root.
void find_distrusted(const Root& root, std::vector<DriverFile>& files);

}  // namespace outboard::host
