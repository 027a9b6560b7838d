// SPDX-License-Identifier: Apache-2.0
// Files below a directory that is treated as the root of a file system: a driver root, or a
// container's root that may be hostile. Every look-up is one openat2(RESOLVE_IN_ROOT |
// RESOLVE_NO_MAGICLINKS) (Linux 5.6, openat2(2)), so that symbolic links and ".." can never lead
// outside. There is no hand-made resolver: where openat2 is missing, an untrusted root is an error
// (kUnsupported), and only a root that the host's administrator owns may be opened with
// `Root::Trust::kHost`, whose fallback is plain path concatenation.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace outboard {

class Root {
 public:
  enum class Trust {
    kHost,       ///< root-owned, for example a driver root; "/" opens without openat2
    kUntrusted,  ///< an image decides what lies in it
  };

  /// Opens the directory. `path` is also what errors call it. kUnsupported: no openat2 for an
  /// untrusted one, or no /proc.
  static Result<Root> open(const std::string& path, Trust trust);

  /// `path` may start with "/", which means the root. `flags` as for openat2; O_CLOEXEC, O_NOCTTY
  /// and O_NONBLOCK are added.
  Result<UniqueFd> open_file(std::string_view path, int flags) const;
  /// open_file() for a search in which most names are missing: an invalid descriptor with errno
  /// set, and no error text. FailureWatch sees what open_file() would have shown it.
  UniqueFd find_file(std::string_view path, int flags) const;
  /// A regular file, open for reading. In an untrusted root it is looked at before it is opened:
  /// opening a device or a FIFO that an image put there can have effects.
  Result<UniqueFd> open_regular(std::string_view path) const;
  /// A directory (O_PATH) to change something in: of the root's own mount, never of another one
  /// that is mounted somewhere below it. Fails where the kernel has no openat2.
  Result<UniqueFd> open_own_directory(std::string_view path) const;
  /// The regular file's content (see read_file for limits).
  Result<std::string> read(std::string_view path, size_t limit = 16U << 20) const;
  /// Status of what the path leads to, symbolic links followed inside the root.
  Result<struct stat> status(std::string_view path) const;
  /// status() for such a search.
  std::optional<struct stat> find_status(std::string_view path) const;
  bool is_directory(std::string_view path) const;
  bool is_file(std::string_view path) const;
  bool exists(std::string_view path) const;
  /// Text of the symbolic link at `path` (its directory resolved inside the root, the last part not
  /// followed).
  Result<std::string> read_link(std::string_view path) const;
  Result<std::vector<std::string>> list(std::string_view path) const;
  /// The path inside the root (starting with "/") that `path` really leads to, as the kernel names
  /// it.
  Result<std::string> real_path(std::string_view path) const;

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }
  /// `path` as the host sees it, for messages and mount sources of a trusted root.
  std::string host_path(std::string_view path) const;

 private:
  Root(UniqueFd fd, std::string path, Trust trust)
      : fd_(std::move(fd)), path_(std::move(path)), trust_(trust) {}
  UniqueFd open_raw(std::string_view path, int flags) const;
  bool is_host_root() const { return trust_ == Trust::kHost && path_ == "/"; }
  UniqueFd fd_;
  std::string path_;
  Trust trust_;
};

}  // namespace outboard
