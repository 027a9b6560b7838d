// SPDX-License-Identifier: Apache-2.0
#include "engine/accounts.h"

#include <optional>

#include "base/text.h"

namespace outboard::engine {

namespace {

constexpr size_t kLargestFile = 4U << 20;

/// Calls `visit` with the fields of every line that has at least `count` of them, until it returns
/// true.
template <typename Visit>
void for_lines(std::string_view text, size_t count, Visit visit) {
  for (std::string_view line : split(text, '\n')) {
    auto fields = split(trim(line), ':');
    if (fields.size() >= count && visit(fields)) return;
  }
}

struct PasswdLine {
  std::string_view name;
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::string_view home;
};

/// The first line whose name is `user`, or whose uid it is.
std::optional<PasswdLine> find_user(std::string_view passwd, std::string_view user) {
  std::optional<PasswdLine> by_name;
  std::optional<PasswdLine> by_number;
  auto number = parse_number<uint32_t>(user);
  for_lines(passwd, 6, [&](const std::vector<std::string_view>& fields) {
    auto uid = parse_number<uint32_t>(fields[2]);
    auto gid = parse_number<uint32_t>(fields[3]);
    if (!uid || !gid) return false;
    PasswdLine line{fields[0], *uid, *gid, fields[5]};
    if (fields[0] == user) by_name = line;
    if (number == *uid && !by_number) by_number = line;
    return by_name.has_value();
  });
  return by_name ? by_name : by_number;
}

Result<uint32_t> find_group(std::string_view group_file, std::string_view group) {
  std::optional<uint32_t> found;
  for_lines(group_file, 3, [&](const std::vector<std::string_view>& fields) {
    if (fields[0] == group) found = parse_number<uint32_t>(fields[2]);
    return found.has_value();
  });
  if (!found) found = parse_number<uint32_t>(group);
  if (found) return *found;
  return make_error(ErrorCode::kNotFound,
                    cat("group '", printable(group), "' is not in the image's /etc/group"),
                    "use a number, which needs no entry");
}

std::vector<uint32_t> groups_of(std::string_view group_file, std::string_view name) {
  std::vector<uint32_t> groups;
  for_lines(group_file, 4, [&](const std::vector<std::string_view>& fields) {
    auto gid = parse_number<uint32_t>(fields[2]);
    for (std::string_view member : split(fields[3], ',')) {
      if (gid && member == name) groups.push_back(*gid);
    }
    return false;
  });
  return groups;
}

std::string read_or_empty(const Root& root, const char* path) {
  // Looked at before it is opened: opening a device that an image put there can have effects.
  if (!root.is_file(path)) return {};
  auto text = root.read(path, kLargestFile);
  return text ? std::move(*text) : std::string();
}

}  // namespace

Result<Account> find_account(std::string_view user, std::string_view passwd,
                             std::string_view group) {
  size_t colon = user.find(':');
  std::string_view name = user.substr(0, colon);
  std::string_view group_name =
      colon == std::string_view::npos ? std::string_view() : user.substr(colon + 1);
  if (name.empty()) name = "0";

  Account account;
  if (auto line = find_user(passwd, name)) {
    account.uid = line->uid;
    account.gid = line->gid;
    if (!line->home.empty()) account.home = line->home;
    if (group_name.empty()) account.groups = groups_of(group, line->name);
  } else if (auto uid = parse_number<uint32_t>(name)) {
    account.uid = *uid;
    if (*uid == 0) account.home = "/root";
  } else {
    return make_error(ErrorCode::kNotFound,
                      cat("user '", printable(name), "' is not in the image's /etc/passwd"),
                      "use a number, which needs no entry");
  }
  if (!group_name.empty()) {
    OB_TRY(account.gid, find_group(group, group_name));
  }
  return account;
}

Result<Account> find_account_in(const Root& root, std::string_view user) {
  return find_account(user, read_or_empty(root, "/etc/passwd"), read_or_empty(root, "/etc/group"));
}

}  // namespace outboard::engine
