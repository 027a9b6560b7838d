// SPDX-License-Identifier: Apache-2.0
#include "host/state_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "test/scratch.h"

using namespace outboard;

namespace {

struct Scratch : test::Scratch {
  std::string state = path + "/state";
};

}  // namespace

TEST_CASE("what was written is read again") {
  Scratch scratch;
  REQUIRE(host::write_state(scratch.state, "x.json", "content"));
  CHECK(host::read_state(scratch.state, "x.json", 100) == "content");
  CHECK_FALSE(host::read_state(scratch.state, "x.json", 3));
  CHECK_FALSE(host::read_state(scratch.state, "y.json", 100));
}

TEST_CASE("what others may write is neither believed nor written") {
  Scratch scratch;
  REQUIRE(host::write_state(scratch.state, "x.json", "content"));
  std::string file = scratch.state + "/x.json";
  for (mode_t mode : {0666, 0664, 0646}) {
    REQUIRE(::chmod(file.c_str(), mode) == 0);
    CHECK_FALSE(host::read_state(scratch.state, "x.json", 100));
  }
  REQUIRE(::chmod(file.c_str(), 0644) == 0);
  for (mode_t mode : {0777, 01777, 0775}) {
    REQUIRE(::chmod(scratch.state.c_str(), mode) == 0);
    CHECK_FALSE(host::read_state(scratch.state, "x.json", 100));
    CHECK_FALSE(host::write_state(scratch.state, "z.json", ""));
  }
  REQUIRE(::chmod(scratch.state.c_str(), 0755) == 0);
  CHECK(host::read_state(scratch.state, "x.json", 100));
  if (::geteuid() != 0) return;
  REQUIRE(::chown(file.c_str(), 12345, 0) == 0);
  CHECK_FALSE(host::read_state(scratch.state, "x.json", 100));
  REQUIRE(::chown(file.c_str(), 0, 0) == 0);
  REQUIRE(::chown(scratch.state.c_str(), 12345, 0) == 0);
  CHECK_FALSE(host::read_state(scratch.state, "x.json", 100));
  CHECK_FALSE(host::write_state(scratch.state, "z.json", ""));
}

TEST_CASE("links, FIFOs and directories in the place of a state file are nothing") {
  Scratch scratch;
  REQUIRE(host::write_state(scratch.state, "x.json", "content"));
  REQUIRE(::symlink("x.json", (scratch.state + "/link.json").c_str()) == 0);
  REQUIRE(::mkfifo((scratch.state + "/fifo.json").c_str(), 0600) == 0);
  REQUIRE(::mkdir((scratch.state + "/directory.json").c_str(), 0700) == 0);
  for (const char* name : {"link.json", "fifo.json", "directory.json"})
    CHECK_FALSE(host::read_state(scratch.state, name, 100));

  std::string link = scratch.path + "/link";
  REQUIRE(::symlink(scratch.state.c_str(), link.c_str()) == 0);
  CHECK_FALSE(host::read_state(link, "x.json", 100));
  CHECK_FALSE(host::write_state(link, "z.json", ""));
  REQUIRE(make_directories(scratch.state + "/inner"));
  CHECK_FALSE(host::write_state(link + "/inner", "z.json", ""));
  CHECK_FALSE(path_exists(scratch.state + "/inner/z.json"));
}

TEST_CASE("a file with a second name elsewhere is replaced, not written through") {
  Scratch scratch;
  REQUIRE(host::write_state(scratch.state, "x.json", "old"));
  std::string second = scratch.path + "/second";
  REQUIRE(::link((scratch.state + "/x.json").c_str(), second.c_str()) == 0);
  REQUIRE(host::write_state(scratch.state, "x.json", "new"));
  CHECK(*read_file(second) == "old");
  CHECK(host::read_state(scratch.state, "x.json", 100) == "new");
}
