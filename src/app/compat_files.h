// SPDX-License-Identifier: Apache-2.0
// The compatibility tables that are compiled in, with the rows of an administrator's
// /etc/outboard/compat.d/TABLE.csv (or TABLE.ANYTHING.csv), and for the command line those of the
// user's own directory. A newer toolkit or driver needs no new program that way.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compat/tables.h"

namespace outboard::app {

constexpr const char* kCompatDirectory = "/etc/outboard/compat.d";

class CompatTables {
 public:
  /// `built_in`: what files extend.
  explicit CompatTables(const compat::Tables& built_in = compat::built_in_tables())
      : built_in_(&built_in) {}

  const compat::Tables& tables() const { return extended_ ? *extended_ : *built_in_; }
  /// What was skipped and why: "FILE:LINE: ...". Never an error: old knowledge is better than none.
  const std::vector<std::string>& warnings() const { return warnings_; }

  /// Adds the rows of the directory's *.csv, in the order of their names. A directory that does not
  /// exist costs one system call. Root reads no directory or file that somebody else could have
  /// written. At most 64 files of 256 KiB.
  void add_directory(const std::string& directory);

 private:
  void add_file(int directory, const std::string& name, const std::string& path);
  void warn(std::string text);

  const compat::Tables* built_in_;
  std::unique_ptr<compat::Tables> extended_;
  std::vector<std::string> warnings_;
};

/// compat::core_tables() and the rows of kCompatDirectory: for the runtime, which has no user.
CompatTables read_host_tables();

/// All built-in rows, those of kCompatDirectory and those of `$XDG_CONFIG_HOME/outboard/compat.d`
/// (default ~/.config), which count more: for the command line.
CompatTables read_user_tables();

/// The user's directory by the environment; empty if there is none (no HOME, relative paths).
std::string user_compat_directory();

}  // namespace outboard::app
