// SPDX-License-Identifier: Apache-2.0
// The built-in engine without root: a user namespace in which this process is root, with the ids
// that /etc/subuid and /etc/subgid give the user (newuidmap(1), newgidmap(1)), or, where these or
// the programs are missing, with the user's own ids alone.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/user_namespace.h"
#include "engine/console.h"

namespace outboard::engine {

/// The ids that this process can use.
struct UserIds {
  bool rootless = false;  ///< in a user namespace: no device rules, no groups of the host
  std::vector<IdRange> users;
  std::vector<IdRange> groups;

  /// More than one user: files and programs of an image can have their own owners.
  bool many() const;
};

/// What subuid(5) or subgid(5), whose text is `file`, gives a user: his own id as 0, then his
/// ranges from 1 on.
std::vector<IdRange> subordinate_ids(std::string_view file, std::string_view name, uint32_t user,
                                     uint32_t own_id);

/// The ids as they are now.
UserIds current_ids();

/// Unless this process is root of some user namespace already, makes one and becomes root in it.
/// Nothing is undone on failure: the process is of no further use then. kUnsupported, kDenied: this
/// host gives ordinary users no user namespace.
Result<UserIds> enter_user_namespace(const Console& console);

}  // namespace outboard::engine
