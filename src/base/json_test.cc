// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <doctest/doctest.h>

using namespace outboard;

TEST_CASE("what is not touched comes back as it was") {
  const char* text =
      R"({"b":18446744073709551615,"a":1e3,"x":0.10,"n":[null,true,"\u0001\"é"],"b":-0})";
  auto value = json::parse(text, "t");
  REQUIRE(value);
  CHECK(json::write(*value) ==
        "{\"b\":18446744073709551615,\"a\":1e3,\"x\":0.10,\"n\":[null,true,\"\\u0001\\\"é\"],\"b\":"
        "-0}");
  CHECK(value->find("b")->number_text() == "-0");
}

TEST_CASE("what must be escaped is, and nothing else") {
  CHECK(json::write("\"\\\b\f\n\r\t\x1f\x7f/\xff") ==
        "\"\\\"\\\\\\b\\f\\n\\r\\t\\u001F\x7f/\xff\"");
}

TEST_CASE("reading what is not there is empty, not a failure") {
  json::Value value;
  CHECK(value["a"]["b"].items().empty());
  CHECK(value["a"].text().empty());
  value.at("a").at("b").push(1);
  CHECK(json::write(value) == R"({"a":{"b":[1]}})");
}

TEST_CASE("broken documents say the line") {
  auto value = json::parse("{\n\"a\": }", "config.json");
  REQUIRE_FALSE(value);
  CHECK(value.error().text == "config.json: line 2, byte 7: not valid JSON: invalid value");
  CHECK_FALSE(json::parse("", "x"));
  CHECK_FALSE(json::parse("{} {}", "x"));
  CHECK_FALSE(json::parse("{\"a\":01}", "x"));
}

TEST_CASE("depth is limited") {
  auto value = json::parse(std::string(100000, '['), "deep");
  REQUIRE_FALSE(value);
  CHECK(value.error().text.find("nested deeper than 200") != std::string::npos);
}

TEST_CASE("a document of very many values is refused before it fills the memory") {
  std::string text = "[0";
  for (int i = 0; i < 1'100'000; i++) text += ",0";
  auto parsed = json::parse(text + "]", "many");
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().text.find("more than 1000000 values") != std::string::npos);
}
