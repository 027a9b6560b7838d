// SPDX-License-Identifier: Apache-2.0
#include "engine/mirror_tree.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/text.h"
#include "engine/directories.h"
#include "test/scratch.h"

using namespace outboard;
using namespace outboard::engine;

namespace {

struct Trees : test::Scratch {
  Trees() {
    REQUIRE(make_directories(from()));
    REQUIRE(make_directories(to()));
  }
  std::string from(const std::string& name = {}) const { return join_path(path + "/from", name); }
  std::string to(const std::string& name = {}) const { return join_path(path + "/to", name); }
};

mode_t mode_of(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? status.st_mode : 0;
}

}  // namespace

TEST_CASE("a copy has files, links and modes; no FIFO, and no link is followed") {
  Trees trees;
  REQUIRE(make_directories(trees.from("a/b")));
  REQUIRE(::chmod(trees.from("a").c_str(), 01755) == 0);
  std::string content(3U << 20, 'x');
  REQUIRE(replace_file(trees.from("a/b/file"), content, {.mode = 04711}));
  REQUIRE(::symlink("/etc", trees.from("a/link").c_str()) == 0);
  REQUIRE(::mkfifo(trees.from("a/fifo").c_str(), 0600) == 0);
  REQUIRE(mirror_tree(trees.from(), trees.to(), Mirror::kFiles, true));
  CHECK(*read_file(trees.to("a/b/file")) == content);
  CHECK((mode_of(trees.to("a/b/file")) & 07777) == 04711);
  CHECK((mode_of(trees.to("a")) & 07777) == 01755);
  CHECK(S_ISLNK(mode_of(trees.to("a/link"))));
  CHECK(mode_of(trees.to("a/fifo")) == 0);
}

TEST_CASE("directories alone") {
  Trees trees;
  REQUIRE(make_directories(trees.from("a/b"), 0751));
  REQUIRE(replace_file(trees.from("a/file"), "x"));
  REQUIRE(mirror_tree(trees.from(), trees.to(), Mirror::kDirectories, false));
  CHECK((mode_of(trees.to("a/b")) & 07777) == 0751);
  CHECK(mode_of(trees.to("a/file")) == 0);
}

TEST_CASE("directories without end are refused") {
  Trees trees;
  std::string path;
  for (int i = 0; i < 300; i++) path += "d/";
  REQUIRE(make_directories(trees.from(path)));
  auto mirrored = mirror_tree(trees.from(), trees.to(), Mirror::kDirectories, false);
  REQUIRE(!mirrored);
  CHECK(mirrored.error().code == ErrorCode::kUnsupported);
  CHECK(mirrored.error().text.find("nested too deeply") != std::string::npos);
}

TEST_CASE("what is not there cannot be mirrored") {
  Trees trees;
  CHECK(!mirror_tree(trees.from("none"), trees.to(), Mirror::kFiles, true));
  CHECK(!mirror_tree(trees.from(), trees.to("none"), Mirror::kFiles, true));
}

TEST_CASE("a tree is removed with what its owner may not read, and not what a link leads to") {
  Trees trees;
  REQUIRE(make_directories(trees.from("a/closed/deep")));
  REQUIRE(replace_file(trees.from("a/closed/deep/file"), "x"));
  REQUIRE(replace_file(trees.to("kept"), "x"));
  REQUIRE(::symlink(trees.to().c_str(), trees.from("a/link").c_str()) == 0);
  REQUIRE(::mkfifo(trees.from("a/fifo").c_str(), 0600) == 0);
  REQUIRE(::chmod(trees.from("a/closed").c_str(), 0) == 0);
  remove_tree(trees.from("a"));
  CHECK(mode_of(trees.from("a")) == 0);
  CHECK(path_exists(trees.to("kept")));
  remove_tree(trees.from("not-there"));
}
