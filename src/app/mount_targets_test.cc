// SPDX-License-Identifier: Apache-2.0
#include "app/mount_targets.h"

#include <doctest/doctest.h>

#include "base/files.h"
#include "test/scratch.h"

using namespace outboard;

TEST_CASE("what is missing is written down, and only what is still empty goes again") {
  test::Scratch scratch;
  const std::string& dir = scratch.path;
  REQUIRE(make_directories(dir + "/usr/lib64"));
  REQUIRE(replace_file(dir + "/usr/lib64/there", "x"));
  auto root = Root::open(dir, Root::Trust::kUntrusted);
  REQUIRE(root);
  plan::Plan plan;
  for (const char* target : {"/usr/lib64/there", "/usr/lib64/libcuda.so.1",
                             "/lib/firmware/nvidia/1/gsp.bin", "/lib/firmware/nvidia/1/gsp2.bin"}) {
    plan.mounts.push_back({"/source", target, false, {}});
  }
  auto missing = app::prepare_targets(*root, plan);
  REQUIRE(missing);
  CHECK(missing->files == std::vector<std::string>{"/usr/lib64/libcuda.so.1",
                                                   "/lib/firmware/nvidia/1/gsp.bin",
                                                   "/lib/firmware/nvidia/1/gsp2.bin"});
  CHECK(missing->directories == std::vector<std::string>{"/lib", "/lib/firmware",
                                                         "/lib/firmware/nvidia",
                                                         "/lib/firmware/nvidia/1"});

  REQUIRE(make_directories(dir + "/lib/firmware/nvidia/1"));
  REQUIRE(replace_file(dir + "/usr/lib64/libcuda.so.1", ""));
  REQUIRE(replace_file(dir + "/lib/firmware/nvidia/1/gsp.bin", ""));
  REQUIRE(replace_file(dir + "/lib/firmware/nvidia/1/gsp2.bin", "used since"));
  app::remove_targets(*root, *missing);
  CHECK(path_exists(dir + "/usr/lib64/there"));
  CHECK_FALSE(path_exists(dir + "/usr/lib64/libcuda.so.1"));
  CHECK_FALSE(path_exists(dir + "/lib/firmware/nvidia/1/gsp.bin"));
  CHECK(path_exists(dir + "/lib/firmware/nvidia/1/gsp2.bin"));
}
