// SPDX-License-Identifier: Apache-2.0
#include "base/user_namespace.h"

#include <doctest/doctest.h>

#include "base/files.h"

using namespace outboard;

TEST_CASE("the kernel's table of ids") {
  auto ranges =
      parse_id_map("         0       1001          1\n         1     100000      65535\n");
  REQUIRE(ranges.size() == 2);
  CHECK(ranges[0] == IdRange{0, 1001, 1});
  CHECK(ranges[1] == IdRange{1, 100000, 65535});
  CHECK(is_mapped(ranges, 0));
  CHECK(is_mapped(ranges, 65535));
  CHECK(!is_mapped(ranges, 65536));
  CHECK(!is_mapped({{10, 0, 5}}, 9));
  CHECK(!is_mapped({}, 0));
}

TEST_CASE("what is no table of ids is none") {
  CHECK(parse_id_map("").empty());
  CHECK(parse_id_map("0 1\n0 1 2 3\n-1 0 1\n0 0 4294967296\nx y z\n").empty());
}

TEST_CASE("this process's own table can be read") {
  auto text = read_file("/proc/self/uid_map");
  REQUIRE(text);
  CHECK(!parse_id_map(*text).empty());
}
