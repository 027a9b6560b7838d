// SPDX-License-Identifier: Apache-2.0
// An image's /etc/passwd and /etc/group. The input is the value of --user, the one file and the
// other, with a line "---" between them.
#include <algorithm>

#include "base/text.h"
#include "engine/accounts.h"
#include "require.h"

using namespace outboard;
using namespace outboard::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = text_of(data, size);
  std::string_view user = take_until(text, "\n---\n");
  std::string_view passwd = take_until(text, "\n---\n");
  std::string_view group = text;
  auto account = engine::find_account(user, passwd, group);
  if (!account) {
    FUZZ_REQUIRE(account.error().code == ErrorCode::kNotFound ||
                 account.error().code == ErrorCode::kUsage);
    require_readable(account.error());
  } else {
    FUZZ_REQUIRE(!account->home.empty());
  }
  // Numbers need no entry.
  auto numbers = engine::find_account("4242424242:4242424243", passwd, group);
  FUZZ_REQUIRE(numbers);
  // A user has no more groups than the file has lines, and a name's account is the one of its
  // number when no other line has that number.
  auto lines = static_cast<size_t>(std::count(group.begin(), group.end(), ','));
  lines += split(group, '\n').size();
  if (account) FUZZ_REQUIRE(account->groups.size() <= lines);
  // Groups come from the image's own files alone: without these a user has none.
  auto bare = engine::find_account("0", "", "");
  FUZZ_REQUIRE(bare && bare->uid == 0 && bare->gid == 0 && bare->groups.empty());
  return 0;
}
