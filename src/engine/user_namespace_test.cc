// SPDX-License-Identifier: Apache-2.0
#include "engine/user_namespace.h"

#include <doctest/doctest.h>

using namespace outboard;
using namespace outboard::engine;

TEST_CASE("the ids that subuid gives a user: his own, then his ranges") {
  const char* file =
      "root:1:2\nme:100000:65536\nother:200000:65536\n1000:300000:10\nme:x:1\nme:1\n";
  auto ranges = subordinate_ids(file, "me", 1000, 1000);
  REQUIRE(ranges.size() == 3);
  CHECK(ranges[0] == IdRange{0, 1000, 1});
  CHECK(ranges[1] == IdRange{1, 100000, 65536});
  CHECK(ranges[2] == IdRange{65537, 300000, 10});
  CHECK(subordinate_ids(file, "nobody", 7, 7).size() == 1);
}

TEST_CASE("a user without a name gets no line without a name, and no range overflows") {
  CHECK(subordinate_ids(":1:2\n", "", 5, 5).size() == 1);
  CHECK(subordinate_ids("me:4294967295:2\nme:1:0\nme:1:4294967295\n", "me", 5, 5).size() == 1);
  std::string many;
  for (int i = 0; i < 1000; i++) many += "me:1:1\n";
  CHECK(subordinate_ids(many, "me", 5, 5).size() == 300);
}

TEST_CASE("one id is not many") {
  CHECK(!UserIds{true, {{0, 1000, 1}}, {}}.many());
  CHECK(UserIds{true, {{0, 1000, 1}, {1, 100000, 1}}, {}}.many());
  CHECK(UserIds{false, {{0, 0, 4294967295}}, {}}.many());
}
