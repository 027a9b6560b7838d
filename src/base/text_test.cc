// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <doctest/doctest.h>

using namespace outboard;

TEST_CASE("versions order by number") {
  CHECK(compare_versions("535.9", "535.104.05") < 0);
  CHECK(compare_versions("580.159.04", "580.159.04") == 0);
  CHECK(compare_versions("610", "580.1") > 0);
}

TEST_CASE("nearest names") {
  CHECK(nearest_names("--gpu", {"--gpus", "--engine"}) == std::vector<std::string>{"--gpus"});
  CHECK(nearest_names("zzz", {"--gpus", "--engine"}).empty());
}

TEST_CASE("printable text has no control characters") {
  CHECK(printable("a\x1b[31m\n\xff é") == "a\\x1b[31m\\x0a\\xff é");
  CHECK(printable(std::string(500, 'x')).size() == 203);
  CHECK(printable("\xc2\x9b") == "\\xc2\\x9b");
}

TEST_CASE("split keeps empty pieces, words does not") {
  CHECK(split("a,,b", ',').size() == 3);
  CHECK(split("", ',').empty());
  CHECK(words("  a \t b\n").size() == 2);
}

TEST_CASE("numbers are the whole text") {
  CHECK(parse_number<int>("12") == 12);
  CHECK_FALSE(parse_number<int>("12x"));
  CHECK_FALSE(parse_number<int>(""));
  CHECK_FALSE(parse_number<uint8_t>("300"));
  CHECK_FALSE(parse_number<unsigned>("-1"));
}
