// SPDX-License-Identifier: Apache-2.0
#include "base/yaml.h"

#include <doctest/doctest.h>

#include "base/text.h"

using namespace outboard;

namespace {

std::string as_json(std::string_view text) {
  auto read = parse_yaml(text, "f");
  return read ? json::write(*read) : cat("error: ", read.error().text);
}

}  // namespace

TEST_CASE("mappings, sequences and scalars in every style") {
  CHECK(as_json("") == "{}");
  CHECK(as_json("---\n# nothing\n") == "null");
  CHECK(as_json("a: 1\nb:\n- x\n- 'it''s'\nc:\n  d: \"q: \\u0041\"\n  e: []\nf: # none\n") ==
        R"({"a":1,"b":["x","it's"],"c":{"d":"q: A","e":[]},"f":null})");
  CHECK(as_json("- - 1\n  - 2\n- {k: v, l: [true, False, ~]}\n") ==
        R"([[1,2],{"k":"v","l":[true,false,null]}])");
  CHECK(as_json("a: |\n  one\n  two\nb: >-\n  one\n  two\n") ==
        R"({"a":"one\ntwo\n","b":"one two"})");
  CHECK(as_json("{\"a\": [1, \"x\"]}") == R"({"a":[1,"x"]})");
  CHECK(as_json("%YAML 1.1\n---\na: 1\n...\n") == R"({"a":1})");
}

TEST_CASE("plain scalars have JSON's types, quoted ones are text") {
  CHECK(as_json("[0666, 0o666, 0x1B6, 438, -0, -7, +3, 18446744073709551615]") ==
        "[438,438,438,438,0,-7,3,18446744073709551615]");
  CHECK(as_json("[1.50, 1e3, .5, 1_000, 1.2.3, 0899, 195:0, -, yes, 'null', \"1\", !!str 1]") ==
        R"([1.50,1e3,".5","1_000","1.2.3","0899","195:0","-","yes","null","1","1"])");
}

TEST_CASE("an alias is a copy") {
  CHECK(as_json("a: &x [1, {b: 2}]\nc: *x\nd: &x 3\ne: *x\n") ==
        R"({"a":[1,{"b":2}],"c":[1,{"b":2}],"d":3,"e":3})");
}

TEST_CASE("a merge key adds what the mapping does not say itself") {
  CHECK(as_json("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n") ==
        R"({"a":{"b":1,"c":2},"d":{"c":3,"b":1}})");
  CHECK(as_json("{<<: [{a: 1}, {a: 2, b: 2}], c: 3}") == R"({"c":3,"a":1,"b":2})");
  CHECK(as_json("{'<<': 1}") == R"({"<<":1})");
}

TEST_CASE("what cannot be read is an error with its line") {
  for (const char* bad : {"a: 1\n   b: 2\n", "a: 1\na: 2\n", "a: 'x\n", "a: \"x\n", "a: *b\n",
                          "- a\nb: 1\n", "a: [1\n", "? [1]\n: 2\n", "a: !!int 1\n", "a: !own {}\n",
                          "a: 1\n---\nb: 2\n", "a: {<<: 1}\n", "a: {<<: [{b: 1}, 2]}\n",
                          "a: {<<: {}, <<: {}}\n", "a: \"\\0\"\n", "a: \xff\n", "\ta: 1\n", "@a"}) {
    INFO(bad);
    CHECK(as_json(bad).rfind("error: f: line ", 0) == 0);
  }
  CHECK(as_json("a: 1\nb: 2\na: 3\n") == "error: f: line 3: 'a' stands there twice");
}

TEST_CASE("depth and the number of values are bounded, also by aliases") {
  std::string deep;
  for (int i = 0; i < 5000; i++) deep += "- ";
  CHECK(as_json(deep + "x").rfind("error: f: line ", 0) == 0);
  CHECK(as_json(std::string(60, '[') + std::string(60, ']')) ==
        "error: f: line 1: nested too deep");
  std::string laughs = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
  for (int i = 1; i < 12; i++) {
    std::string before = cat("*a", i - 1);
    laughs += cat("a", i, ": &a", i, " [", join(std::vector<std::string>(9, before), ", "), "]\n");
  }
  CHECK(as_json(laughs).find("too many values") != std::string::npos);
}
