// SPDX-License-Identifier: Apache-2.0
// Reading and replacing whole files. Every descriptor is close-on-exec.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace outboard {

/// Opens relative to `dir` (AT_FDCWD for the working directory) with O_CLOEXEC added.
Result<UniqueFd> open_at(int dir, const std::string& path, int flags, mode_t mode = 0);
Result<UniqueFd> open_directory(const std::string& path);

/// The whole content. Files of /proc work (size 0 is not believed). More than `limit` bytes is an
/// error, so that a hostile or endless file cannot take the memory. A directory, FIFO, socket or
/// device is an error.
Result<std::string> read_file(const std::string& path, size_t limit = 16U << 20);
Result<std::string> read_file_at(int dir, const std::string& path, size_t limit = 16U << 20);
Result<std::string> read_fd(int fd, const std::string& name_for_errors, size_t limit);

Result<void> write_all(int fd, std::string_view data, const std::string& name_for_errors);

/// Who may do what with a file that is written.
struct FileAttributes {
  mode_t mode = 0644;
  bool set_owner = false;  ///< also chown to the next two
  uid_t uid = 0;
  gid_t gid = 0;
};

/// Replaces `name` in the directory `dir` (O_PATH will do) by a file with this content. A reader
/// sees the old content or the new one, never half; on an error the old one is as it was and
/// nothing is left beside it. Nothing is followed: a symbolic link at `name` is replaced, not
/// written through. The content gets a name only when it is complete (O_TMPFILE), so a kill leaves
/// at most a finished
/// ".NAME.outboard-new", which the next call takes away. Where the file system has no O_TMPFILE
/// (overlayfs before Linux 6.1, most FUSE file systems) it is written under a name with our process
/// id; those of processes that are gone are taken away as well.
Result<void> replace_file_at(int dir, const std::string& name, std::string_view data,
                             FileAttributes attributes = {});
/// Takes away what a replace_file_at of `name` that was killed left in `dir`.
void remove_leftovers(int dir, const std::string& name);
/// The same for a path; its directory is opened once.
Result<void> replace_file(const std::string& path, std::string_view data,
                          FileAttributes attributes = {});

/// mkdir -p; existing directories are fine.
Result<void> make_directories(const std::string& path, mode_t mode = 0755);

/// Names in a directory, without "." and "..", sorted.
Result<std::vector<std::string>> list_directory(const std::string& path);
Result<std::vector<std::string>> list_directory_fd(int dir, const std::string& name_for_errors);

bool path_exists(const std::string& path);

/// "a" and "/b" make "a/b"; an empty first part is left out.
std::string join_path(std::string_view first, std::string_view second);
/// The path with the working directory in front if it is relative; nothing is resolved.
std::string absolute_path(const std::string& path);
std::string directory_of(std::string_view path);
std::string file_name_of(std::string_view path);

}  // namespace outboard
