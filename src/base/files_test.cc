// SPDX-License-Identifier: Apache-2.0
#include "base/files.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "test/scratch.h"

using namespace outboard;

namespace {
using test::Scratch;
}  // namespace

TEST_CASE("reading is limited and takes regular files only") {
  Scratch scratch;
  REQUIRE(replace_file(scratch.path + "/f", std::string(5000, 'x')));
  CHECK(read_file(scratch.path + "/f", 5000)->size() == 5000);
  auto big = read_file(scratch.path + "/f", 4999);
  REQUIRE_FALSE(big);
  CHECK(big.error().code == ErrorCode::kUnsupported);
  CHECK_FALSE(read_file(scratch.path));
  REQUIRE(::mkfifo((scratch.path + "/fifo").c_str(), 0600) == 0);
  CHECK_FALSE(read_file(scratch.path + "/fifo"));
}

TEST_CASE("paths") {
  CHECK(join_path("/a/", "/b") == "/a/b");
  CHECK(join_path("", "b") == "b");
  CHECK(directory_of("/a") == "/");
  CHECK(directory_of("a") == ".");
  CHECK(file_name_of("/a/b") == "b");
}

TEST_CASE("a watch sees what says nothing about the file, and not that a file is missing") {
  outboard::FailureWatch watch;
  CHECK_FALSE(outboard::read_file("/nonexistent/file"));
  CHECK_FALSE(watch.failure().has_value());
  outboard::os_error("open 'x'", EMFILE);
  REQUIRE(watch.failure().has_value());
  CHECK(watch.failure()->text == "open 'x': Too many open files");
  CHECK_FALSE(outboard::FailureWatch().failure().has_value());
}
