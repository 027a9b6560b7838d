// SPDX-License-Identifier: Apache-2.0
// What the search for the driver's files found last time. Listing library directories with
// thousands of names and opening every library costs a millisecond or two at each start of a
// container; looking whether any directory has changed costs a twentieth of that.
#pragma once

#include <string>
#include <vector>

#include "base/root.h"
#include "host/facts.h"

namespace outboard::host {

/// Fills the members that read_driver_files fills, sockets apart, if a memo in `directory` was made
/// for the same root, kernel module and boot, and nothing that the search looked at has changed
/// since: each directory and file has the same device, inode, modification and change time, and
/// what was missing is missing.
bool recall_driver_files(const std::string& directory, const Root& root, Facts& facts);

/// Keeps what was found. `seen`: every path in the root that the search looked at, whether it was
/// there or not. Nothing is kept if one of them has changed within the last second, when a further
/// change would not show in its times.
void remember_driver_files(const std::string& directory, const Root& root,
                           const std::vector<std::string>& seen, const Facts& facts);

}  // namespace outboard::host
