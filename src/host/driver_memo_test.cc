// SPDX-License-Identifier: Apache-2.0
#include "host/driver_memo.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "base/files.h"
#include "test/scratch.h"

using namespace outboard;

namespace {

struct Scratch : test::Scratch {
  Scratch() {
    REQUIRE(make_directories(root_path + "/usr/lib64"));
    age();
  }
  // A memo is not made of what has just changed: change times cannot be set, so the tests wait a
  // second for them.
  void age() const { ::usleep(1'050'000); }
  Root root() const { return *Root::open(root_path, Root::Trust::kHost); }

  std::string root_path = path + "/root";
  std::string state = path + "/state";
};

host::Facts found() {
  host::Facts facts;
  facts.module_version = "580.1";
  facts.library_version = "580.1";
  facts.driver_library_directories = {"/usr/lib64"};
  facts.files = {{host::FileKind::kLibrary, "/usr/lib64/libcuda.so.580.1", "libcuda.so",
                  "libcuda.so.1", 64, "580.1"}};
  return facts;
}

}  // namespace

TEST_CASE("what was found is recalled until something that was looked at changes") {
  Scratch scratch;
  Root root = scratch.root();
  host::remember_driver_files(scratch.state, root, {"/usr/lib64", "/opt"}, found());
  host::Facts facts;
  facts.module_version = "580.1";
  REQUIRE(host::recall_driver_files(scratch.state, root, facts));
  CHECK(facts == found());

  host::Facts other;
  other.module_version = "590.1";
  CHECK_FALSE(host::recall_driver_files(scratch.state, root, other));

  REQUIRE(make_directories(scratch.root_path + "/opt"));
  CHECK_FALSE(host::recall_driver_files(scratch.state, root, facts));
  REQUIRE(::rmdir((scratch.root_path + "/opt").c_str()) == 0);
  CHECK(host::recall_driver_files(scratch.state, root, facts));

  REQUIRE(replace_file(scratch.root_path + "/usr/lib64/libcuda.so.590.1", ""));
  CHECK_FALSE(host::recall_driver_files(scratch.state, root, facts));
}

TEST_CASE(
    "what has just changed is not remembered, and a memo that others may write is not believed") {
  Scratch scratch;
  Root root = scratch.root();
  REQUIRE(replace_file(scratch.root_path + "/usr/lib64/new", ""));
  host::remember_driver_files(scratch.state, root, {"/usr/lib64"}, found());
  CHECK_FALSE(path_exists(scratch.state + "/driver-files"));

  scratch.age();
  host::remember_driver_files(scratch.state, root, {"/usr/lib64"}, found());
  host::Facts facts;
  facts.module_version = "580.1";
  REQUIRE(host::recall_driver_files(scratch.state, root, facts));
  REQUIRE(::chmod((scratch.state + "/driver-files").c_str(), 0666) == 0);
  CHECK_FALSE(host::recall_driver_files(scratch.state, root, facts));
  REQUIRE(replace_file(scratch.state + "/driver-files", "outboard driver files 1\nkey"));
  CHECK_FALSE(host::recall_driver_files(scratch.state, root, facts));
}
