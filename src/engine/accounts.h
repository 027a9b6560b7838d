// SPDX-License-Identifier: Apache-2.0
// User and group names of an image, by its own /etc/passwd and /etc/group (passwd(5), group(5)),
// with docker's rules for `--user`. The host's accounts play no part.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/root.h"

namespace outboard::engine {

struct Account {
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::vector<uint32_t> groups;  ///< supplementary groups
  std::string home = "/";

  bool operator==(const Account&) const = default;
};

/// `user`: "", "name", "uid", "name:group", "uid:gid" and mixtures; empty is root. A number needs
/// no entry. kNotFound for an unknown name, kUsage for a number that is none.
Result<Account> find_account(std::string_view user, std::string_view passwd,
                             std::string_view group);

/// The same with the files of a root (untrusted; missing ones are empty).
Result<Account> find_account_in(const Root& root, std::string_view user);

}  // namespace outboard::engine
