// SPDX-License-Identifier: Apache-2.0
#include "app/runtime/container_record.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "test/scratch.h"

using namespace outboard;
using runtime::ContainerRecord;

TEST_CASE("a record comes back, for its own --root only, until it is removed") {
  test::Scratch scratch;
  const std::string& state = scratch.path;
  ContainerRecord record{"/overlay/merged",
                         {{"/usr/lib64/libcuda.so.1"}, {"/lib/firmware"}},
                         {"/usr/lib64/libcuda.so.1"},
                         18446744073709551615U,
                         7};
  REQUIRE(runtime::save_record(state, {"/run/runc", "id"}, record));
  CHECK(runtime::load_record(state, {"/run/runc", "id"}) == record);
  CHECK_FALSE(runtime::load_record(state, {"/run/other", "id"}));

  // A second create of it finds there what the first one made, and makes something more.
  ContainerRecord second = record;
  second.made = {{"/usr/lib64/libnvidia-ml.so.1", "/usr/lib64/libcuda.so.1"}, {}};
  REQUIRE(runtime::save_record(state, {"/run/runc", "id"}, second));
  record.made.files.emplace_back("/usr/lib64/libnvidia-ml.so.1");
  CHECK(runtime::load_record(state, {"/run/runc", "id"}) == record);
  ContainerRecord elsewhere = record;
  elsewhere.root = "/overlay/other";
  elsewhere.made = {};
  REQUIRE(runtime::save_record(state, {"/run/runc", "id"}, elsewhere));
  CHECK(runtime::load_record(state, {"/run/runc", "id"}) == elsewhere);
  REQUIRE(runtime::save_record(state, {"/run/runc", "id"}, record));
  CHECK_FALSE(runtime::load_record(state, {"/run/runc", "../id"}));
  CHECK_FALSE(runtime::save_record(state, {"", "a/b"}, record));
  CHECK_FALSE(runtime::save_record(state, {"", "a\nb"}, record));

  std::string link = state + "-link";
  REQUIRE(::symlink(state.c_str(), link.c_str()) == 0);
  CHECK_FALSE(runtime::load_record(link, {"/run/runc", "id"}));
  CHECK_FALSE(runtime::save_record(link, {"/run/runc", "id"}, record));
  REQUIRE(::unlink(link.c_str()) == 0);

  REQUIRE(::chmod((state + "/containers").c_str(), 0777) == 0);
  CHECK_FALSE(runtime::load_record(state, {"/run/runc", "id"}));
  auto refused = runtime::save_record(state, {"/run/runc", "id"}, record);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text.find("can be written by other users") != std::string::npos);
  REQUIRE(::chmod((state + "/containers").c_str(), 0700) == 0);

  runtime::remove_record(state, {"/run/runc", "id"});
  CHECK_FALSE(runtime::load_record(state, {"/run/runc", "id"}));
}
