// SPDX-License-Identifier: Apache-2.0
// JSON: what is read and written again is the same document, in both ways of writing, and the
// second writing gives the same bytes as the first.
#include <algorithm>

#include "base/json.h"
#include "require.h"

using namespace outboard;
using namespace outboard::fuzz;

static void look_at(const json::Value& value, size_t depth) {
  FUZZ_REQUIRE(depth <= 200);
  if (auto number = value.as_int(); number && *number >= 0 && value.number_text() != "-0")
    FUZZ_REQUIRE(value.as_uint() == static_cast<uint64_t>(*number));
  if (value.type() == json::Value::Type::kNumber) {
    // A number keeps its text, and only a whole one is an integer.
    if (auto number = value.as_int(); number && value.number_text() != "-0")
      FUZZ_REQUIRE(std::to_string(*number) == value.number_text(), value.number_text());
  }
  for (const json::Value& item : value.items()) look_at(item, depth + 1);
  for (const auto& [name, member] : value.members()) {
    FUZZ_REQUIRE(value.find(name) != nullptr, name);
    look_at(member, depth + 1);
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = text_of(data, size);
  auto value = json::parse(text, "the document");
  if (!value) {
    FUZZ_REQUIRE(value.error().code == ErrorCode::kUsage);
    require_readable(value.error());
    return 0;
  }
  look_at(*value, 0);
  std::string line = json::write(*value);
  FUZZ_REQUIRE(line.find('\n') == std::string::npos, line);
  auto again = json::parse(line, "line");
  FUZZ_REQUIRE(again && *again == *value, line, text);
  FUZZ_REQUIRE(json::write(*again) == line);
  auto pretty = json::parse(json::write_pretty(*value), "pretty");
  FUZZ_REQUIRE(pretty && *pretty == *value, json::write_pretty(*value), text);
  // Adding a member and taking it away leaves the rest alone.
  if (value->is_object() && !value->find("outboard")) {
    value->set("outboard", 1);
    value->remove("outboard");
    FUZZ_REQUIRE(json::write(*value) == line, json::write(*value), line);
  }
  return 0;
}
