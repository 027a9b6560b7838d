// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/files.h"
#include "test/scratch.h"

using namespace outboard;

namespace {
using test::Scratch;
}  // namespace

TEST_CASE("a replaced file has the new content and mode, and nothing is left beside it") {
  Scratch scratch;
  REQUIRE(replace_file(scratch / "f", "one"));
  REQUIRE(replace_file(scratch / "f", "two", {.mode = 0600}));
  CHECK(*read_file(scratch / "f") == "two");
  struct stat status;
  REQUIRE(::stat((scratch / "f").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  CHECK(list_directory(scratch.path)->size() == 1);
}

TEST_CASE("a symbolic link is replaced, not written through") {
  Scratch scratch;
  REQUIRE(replace_file(scratch / "target", "old"));
  REQUIRE(::symlink((scratch / "target").c_str(), (scratch / "f").c_str()) == 0);
  REQUIRE(replace_file(scratch / "f", "new"));
  CHECK(*read_file(scratch / "target") == "old");
  CHECK(*read_file(scratch / "f") == "new");
}

TEST_CASE("what a killed call left is taken away by the next, whatever it is") {
  Scratch scratch;
  REQUIRE(replace_file(scratch / "f", "one"));
  REQUIRE(replace_file(scratch / ".f.outboard-new", "of a killed call"));
  REQUIRE(replace_file(scratch / "f", "two"));
  CHECK(*read_file(scratch / "f") == "two");
  CHECK(list_directory(scratch.path)->size() == 1);
  REQUIRE(::symlink("/nonexistent", (scratch / ".f.outboard-new").c_str()) == 0);
  REQUIRE(replace_file(scratch / "f", "three"));
  CHECK(list_directory(scratch.path)->size() == 1);
}

TEST_CASE("a directory in the place of the temporary file is passed by") {
  Scratch scratch;
  REQUIRE(replace_file(scratch / "f", "one"));
  REQUIRE(make_directories(scratch / ".f.outboard-new"));
  REQUIRE(replace_file(scratch / "f", "two"));
  CHECK(*read_file(scratch / "f") == "two");
  CHECK(list_directory(scratch.path)->size() == 2);
}

TEST_CASE("leftovers: those of processes that are gone, and of this name") {
  Scratch scratch;
  int child = ::fork();
  if (child == 0) ::_exit(0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  std::string gone = ".f.outboard-" + std::to_string(child) + "-1-1";
  std::string alive = ".f.outboard-" + std::to_string(::getpid()) + "-1-1";
  for (const std::string& name : {gone, alive, std::string(".f.outboard-new"),
                                  std::string(".f.outboard-else"), std::string(".g.outboard-new")})
    REQUIRE(replace_file(scratch / name, ""));
  UniqueFd directory(::open(scratch.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  remove_leftovers(directory.get(), "f");
  auto left = *list_directory(scratch.path);
  CHECK(left == std::vector<std::string>{alive, ".f.outboard-else", ".g.outboard-new"});
}

TEST_CASE("many at once: every one succeeds, the content is one of theirs") {
  Scratch scratch;
  constexpr int kProcesses = 8;
  std::vector<pid_t> processes;
  for (int i = 0; i < kProcesses; i++) {
    processes.push_back(::fork());
    if (processes.back() != 0) continue;
    bool good = true;
    for (int round = 0; round < 100 && good; round++)
      good =
          replace_file(scratch / "f", std::string(20000, static_cast<char>('a' + i))).has_value();
    ::_exit(good ? 0 : 1);
  }
  for (pid_t process : processes) {
    int status = 1;
    REQUIRE(::waitpid(process, &status, 0) == process);
    CHECK(status == 0);
  }
  auto text = *read_file(scratch / "f");
  CHECK(text == std::string(20000, text[0]));
  CHECK(list_directory(scratch.path)->size() == 1);
}
