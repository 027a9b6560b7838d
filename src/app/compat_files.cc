// SPDX-License-Identifier: Apache-2.0
#include "app/compat_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

#include "app/prepare_host.h"
#include "base/files.h"
#include "base/text.h"
#include "host/file_trust.h"

namespace outboard::app {

namespace {

constexpr size_t kMostFiles = 64;
constexpr size_t kLargestFile = 256U << 10;
constexpr size_t kMostWarnings = 20;

bool is_table_name(const std::string& name) {
  constexpr std::string_view kEnd = ".csv";
  return name.size() > kEnd.size() && name.front() != '.' &&
         name.compare(name.size() - kEnd.size(), kEnd.size(), kEnd) == 0;
}

}  // namespace

void CompatTables::warn(std::string text) {
  if (warnings_.size() == kMostWarnings) {
    warnings_.emplace_back("more rows of compatibility tables were skipped");
  } else if (warnings_.size() < kMostWarnings) {
    warnings_.push_back(std::move(text));
  }
}

void CompatTables::add_directory(const std::string& directory) {
  auto fd = open_at(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
  if (!fd) {
    if (fd.error().os_errno != ENOENT)
      warn(cat("compatibility tables are not read: ", fd.error().text));
    return;
  }
  struct stat status;
  if (::fstat(fd->get(), &status) != 0) return;
  auto distrust = host::distrust_of_directory(status);
  if (distrust && is_real_root()) {
    warn(cat("'", printable(directory), "' is ", *distrust,
             ", so the compatibility tables in it are not read"));
    return;
  }
  auto names = list_directory_fd(fd->get(), directory);
  if (!names) return warn(std::move(names.error().text));
  names->erase(std::remove_if(names->begin(), names->end(),
                              [](const std::string& name) { return !is_table_name(name); }),
               names->end());
  if (names->size() > kMostFiles) {
    warn(cat("'", printable(directory), "' has ", names->size(), " compatibility tables; those ",
             "after the first ", kMostFiles, " are not read"));
    names->resize(kMostFiles);
  }
  for (const std::string& name : *names) add_file(fd->get(), name, join_path(directory, name));
}

void CompatTables::add_file(int directory, const std::string& name, const std::string& path) {
  // O_NONBLOCK: a FIFO must not wait for a writer.
  auto fd = open_at(directory, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!fd) return warn(cat("'", printable(path), "' is not read: ", fd.error().text));
  struct stat status;
  if (::fstat(fd->get(), &status) != 0) return;
  auto distrust = host::distrust_of_file(status);
  if (distrust && is_real_root())
    return warn(cat("'", printable(path), "' is ", *distrust, ", so it is not read"));
  auto text = read_fd(fd->get(), path, kLargestFile);
  if (!text) return warn(std::move(text.error().text));
  if (!extended_) extended_ = std::make_unique<compat::Tables>(*built_in_);
  for (std::string& warning : compat::add_rows(*extended_, path, *text)) warn(std::move(warning));
}

std::string user_compat_directory() {
  const char* configuration = ::secure_getenv("XDG_CONFIG_HOME");
  if (configuration && configuration[0] == '/')
    return join_path(configuration, "outboard/compat.d");
  const char* home = ::secure_getenv("HOME");
  if (home && home[0] == '/') return join_path(home, ".config/outboard/compat.d");
  return "";
}

CompatTables read_host_tables() {
  CompatTables tables(compat::core_tables());
  tables.add_directory(kCompatDirectory);
  return tables;
}

CompatTables read_user_tables() {
  CompatTables tables;
  tables.add_directory(kCompatDirectory);
  std::string own = user_compat_directory();
  if (!own.empty()) tables.add_directory(own);
  return tables;
}

}  // namespace outboard::app
