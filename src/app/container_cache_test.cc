// SPDX-License-Identifier: Apache-2.0
#include "app/container_cache.h"

#include <doctest/doctest.h>

#include "base/files.h"
#include "elf/ld_cache.h"
#include "test/scratch.h"

using namespace outboard;

static plan::Plan plan_with(const char* path) {
  plan::Plan plan;
  plan.cache = {{"libcuda.so.1", path, 64}};
  return plan;
}

static std::vector<std::string> paths(const std::string& cache) {
  auto parsed = elf::parse_ld_cache(cache);
  REQUIRE(parsed);
  std::vector<std::string> list;
  for (const auto& entry : parsed->entries) list.push_back(entry.path);
  return list;
}

TEST_CASE("ours is the only libcuda, and an earlier run's entries are gone") {
  std::string first = app::merged_cache("", plan_with("/usr/local/lib/libcuda.so.1"), {});
  std::string second = app::merged_cache(first, plan_with("/usr/lib64/libcuda.so.1"), {});
  CHECK(paths(second) == std::vector<std::string>{"/usr/lib64/libcuda.so.1"});
  CHECK(paths(app::merged_cache(second, plan::Plan{}, {"/usr/lib64/libcuda.so.1"})).empty());
  CHECK(app::merged_cache(second, plan_with("/usr/lib64/libcuda.so.1"),
                          {"/usr/lib64/libcuda.so.1"}) == second);
}

TEST_CASE("a plain directory is never written: the cache goes beside the specification") {
  test::Scratch scratch;
  const std::string& dir = scratch.path;
  REQUIRE(make_directories(dir + "/root/etc"));
  REQUIRE(make_directories(dir + "/bundle"));
  auto root = Root::open(dir + "/root", Root::Trust::kUntrusted);
  REQUIRE(root);
  CHECK_FALSE(app::is_own_mount(*root));
  auto placed = app::place_cache(*root, plan_with("/usr/lib64/libcuda.so.1"), {}, dir + "/bundle");
  REQUIRE(placed);
  CHECK(*placed == dir + "/bundle/outboard-ld.so.cache");
  CHECK(list_directory(dir + "/root/etc")->empty());
  CHECK(paths(*read_file(*placed)).size() == 1);
}
