// SPDX-License-Identifier: Apache-2.0
// YAML documents as JSON values: what engines and NVIDIA's toolkit keep in YAML (CDI
// specifications) has JSON's types. libyaml does the parsing, in yaml.cc alone; it is what the
// engines' own Go library was made from (YAML 1.1).
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace outboard {

/// One document; an empty one is an empty object. Plain scalars: null, booleans (true and false
/// alone), whole numbers (decimal, 0x, octal as 0666 or 0o666; the value keeps decimal digits),
/// JSON's other numbers; the rest is text. Aliases are copies, merge keys are followed. kUsage,
/// with file and line: not YAML, several documents, a key that is no scalar or stands twice, tags
/// but !!str, more than 50 levels or a million values, aliases expanded. Pure.
Result<json::Value> parse_yaml(std::string_view text, const std::string& file);

}  // namespace outboard
