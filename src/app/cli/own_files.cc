// SPDX-License-Identifier: Apache-2.0
#include "app/cli/own_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <tuple>

#include "app/compat_files.h"
#include "base/files.h"
#include "base/privilege.h"
#include "base/process.h"
#include "base/text.h"
#include "host/file_trust.h"

namespace outboard::cli {

namespace {

using doctor::OwnFault;

// In a user namespace without a mapping root's files look like this user's.
constexpr uid_t kNobody = 65534;

// Root reads no file that somebody else could have written, and says so itself. Others can read it
// all the same, and shall learn that the runtime does not.
std::optional<std::string> refused_by_root(const std::string& path) {
  struct stat status;
  if (is_real_root() || ::stat(path.c_str(), &status) != 0 || status.st_uid == kNobody)
    return std::nullopt;
  auto why = S_ISDIR(status.st_mode) ? host::distrust_of_directory(status)
                                     : host::distrust_of_file(status);
  if (!why) return std::nullopt;
  return cat("'", printable(path), "' is ", *why, ", so nothing that root runs reads it");
}

std::string give_to_root(const std::string& path) {
  return cat("look at what is in it, then: sudo chown root:root ", printable(path),
             " && sudo chmod go-w ", printable(path));
}

void add_missing(const app::Policy& policy, const std::string& file,
                 std::vector<OwnFault>& faults) {
  const app::Policy usual;
  const std::tuple<const char*, const std::string*, const std::string*> kPaths[] = {
      {"driver.root", &policy.roots.driver, &usual.roots.driver},
      {"driver.dev-root", &policy.roots.dev, &usual.roots.dev},
      {"driver.proc-root", &policy.roots.proc, &usual.roots.proc},
      {"driver.sys-root", &policy.roots.sys, &usual.roots.sys},
  };
  for (const auto& [key, path, other] : kPaths) {
    if (*path == *other || path_exists(*path)) continue;
    faults.push_back({cat("'", key, "' in '", printable(file), "' names '", printable(*path),
                          "', which does not exist"),
                      "correct the path, or take the key out", true});
  }
  if (!policy.nvml_helper.empty() && ::access(policy.nvml_helper.c_str(), X_OK) != 0) {
    faults.push_back({cat("'nvml.helper' in '", printable(file), "' names '",
                          printable(policy.nvml_helper), "', which cannot be run"),
                      "correct the path, or take the key out", false});
  }
  bool found = policy.low_level_runtimes == usual.low_level_runtimes;
  for (const std::string& name : policy.low_level_runtimes)
    found = found || find_program(name, &system_program_directories());
  if (!found) {
    faults.push_back({cat("'runtime.low-level' in '", printable(file),
                          "' names no program that "
                          "exists: ",
                          printable(join(policy.low_level_runtimes, ", "), 200)),
                      "install one of them, or correct the names", true});
  }
}

void read_policy_file(const std::string& path, doctor::OwnFacts& own) {
  own.policy_file = path;
  own.policy_exists = path_exists(path);
  if (auto why = refused_by_root(path)) own.policy.push_back({*why, give_to_root(path), true});
  auto policy = app::read_policy(path);
  if (!policy) {
    std::string mend = policy.error().hint;
    if (policy.error().code == ErrorCode::kDenied) mend = give_to_root(path);
    if (policy.error().os_errno == EACCES) mend = cat("sudo chmod 0644 ", printable(path));
    own.policy.push_back({policy.error().text, std::move(mend), true});
    return;
  }
  own.any_owner = policy->any_owner;
  if (own.policy_exists) add_missing(*policy, path, own.policy);
}

// Of the system's directory; the user's own is the user's.
void add_refused_rows(const std::string& directory, std::vector<OwnFault>& faults) {
  if (auto why = refused_by_root(directory)) {
    faults.push_back({*why, give_to_root(directory), true});
    return;
  }
  auto names = list_directory(directory);
  if (!names) return;
  for (const std::string& name : *names) {
    std::string path = join_path(directory, name);
    if (auto why = refused_by_root(path)) faults.push_back({*why, give_to_root(path), true});
  }
}

}  // namespace

void read_own_files(const std::string& system, doctor::OwnFacts& own) {
  read_policy_file(join_path(system, app::kPolicyPath), own);
  auto tables = std::make_shared<app::CompatTables>();
  std::string rows = join_path(system, app::kCompatDirectory);
  add_refused_rows(rows, own.rows);
  std::vector<std::string> directories = {rows};
  if (std::string user = system == "/" ? app::user_compat_directory() : ""; !user.empty())
    directories.push_back(std::move(user));
  for (std::string& directory : directories) {
    if (!path_exists(directory)) continue;
    tables->add_directory(directory);
    own.directories.push_back(std::move(directory));
  }
  for (const std::string& warning : tables->warnings()) own.rows.push_back({warning, "", false});
  own.tables = {tables, &tables->tables()};
}

app::Policy existing_roots(app::Policy policy) {
  const host::Roots usual;
  const std::pair<std::string*, const std::string*> kRoots[] = {
      {&policy.roots.driver, &usual.driver},
      {&policy.roots.dev, &usual.dev},
      {&policy.roots.proc, &usual.proc},
      {&policy.roots.sys, &usual.sys},
  };
  for (const auto& [path, other] : kRoots) {
    if (!path_exists(*path)) *path = *other;
  }
  return policy;
}

}  // namespace outboard::cli
