// SPDX-License-Identifier: Apache-2.0
#include "scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/fd.h"
#include "base/text.h"
#include "require.h"

namespace outboard::fuzz {

namespace {

void empty(int parent, const char* name) {
  UniqueFd fd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd.get() < 0) return;
  UniqueFd copy(::dup(fd.get()));
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(copy.get()), ::closedir);
  FUZZ_REQUIRE(stream);
  copy.release();
  while (dirent* entry = ::readdir(stream.get())) {
    std::string_view inner = entry->d_name;
    if (inner == "." || inner == "..") continue;
    if (::unlinkat(fd.get(), entry->d_name, 0) == 0) continue;
    empty(fd.get(), entry->d_name);
    FUZZ_REQUIRE(::unlinkat(fd.get(), entry->d_name, AT_REMOVEDIR) == 0, inner);
  }
}

struct Directory {
  Directory() {
    const char* base = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    path = cat(base, "/outboard-fuzz-", ::getpid());
    // Nobody else may have put something there.
    FUZZ_REQUIRE(::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST, path);
    struct stat status;
    FUZZ_REQUIRE(::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
                     status.st_uid == ::geteuid(),
                 path);
    empty_directory(path);
  }
  ~Directory() {
    empty_directory(path);
    ::rmdir(path.c_str());
  }
  std::string path;
};

}  // namespace

const std::string& scratch_directory() {
  static const Directory directory;
  return directory.path;
}

void empty_directory(const std::string& path) {
  empty(AT_FDCWD, path.c_str());
}

}  // namespace outboard::fuzz
