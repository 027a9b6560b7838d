// SPDX-License-Identifier: Apache-2.0
// YAML of an administrator or a tool: an error that names file and line, or a value that JSON can
// hold; written as JSON, which is YAML, it is read as the same.
#include <algorithm>

#include "base/yaml.h"
#include "require.h"

using namespace outboard;
using namespace outboard::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto value = parse_yaml(text_of(data, size), "f.yaml");
  if (!value) {
    FUZZ_REQUIRE(value.error().code == ErrorCode::kUsage);
    require_readable(value.error());
    FUZZ_REQUIRE(value.error().text.rfind("f.yaml: line ", 0) == 0, value.error().text);
    return 0;
  }
  std::string written = json::write(*value);
  // YAML has no keys of more than 1024 characters, and not every character that JSON has.
  bool plain = std::all_of(written.begin(), written.end(),
                           [](char letter) { return letter >= ' ' && letter <= '~'; });
  if (!plain || written.size() > 1000) return 0;
  auto again = parse_yaml(written, "f.json");
  FUZZ_REQUIRE(again, written);
  FUZZ_REQUIRE(*again == *value, written);
  return 0;
}
