// SPDX-License-Identifier: Apache-2.0
#include "doctor/toml_document.h"

#include "base/text.h"
#include "base/toml_library.h"

namespace outboard::doctor {

namespace {

constexpr int kMaximumDepth = 50;

json::Value value_of(const toml::node& node, int depth) {
  if (depth > kMaximumDepth) return {};
  if (const toml::table* table = node.as_table()) {
    json::Value object = json::Value::object();
    for (const auto& [key, child] : *table)
      object.members().emplace_back(std::string(key.str()), value_of(child, depth + 1));
    return object;
  }
  if (const toml::array* array = node.as_array()) {
    json::Value list = json::Value::array();
    for (const toml::node& child : *array) list.push(value_of(child, depth + 1));
    return list;
  }
  if (auto text = node.value_exact<std::string>()) return {std::move(*text)};
  if (auto flag = node.value_exact<bool>()) return {*flag};
  if (auto number = node.value_exact<int64_t>()) return {*number};
  return {};
}

}  // namespace

Result<json::Value> parse_toml(std::string_view text, const std::string& file) {
  toml::parse_result result = toml::parse(text, file);
  if (!result) {
    return make_error(ErrorCode::kUsage, cat(file, ": line ", result.error().source().begin.line,
                                             ": ", printable(result.error().description(), 200)));
  }
  return value_of(result.table(), 0);
}

}  // namespace outboard::doctor
