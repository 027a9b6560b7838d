// SPDX-License-Identifier: Apache-2.0
// A JSON document that a program can edit without harming what it does not know: the order of
// members, duplicate members and the very text of numbers (18446744073709551615, 1e3, 0.10) survive
// reading and writing. RapidJSON does the parsing and the escaping, in json.cc alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace outboard::json {

class Value;
using Member = std::pair<std::string, Value>;

/// One JSON value. Numbers are kept as their text. Reading a missing member or the wrong type gives
/// null, empty or nothing, never a failure; the caller who needs more asks is_object() and its
/// like.
class Value {
 public:
  enum class Type { kNull, kBool, kNumber, kString, kArray, kObject };

  Value() = default;
  Value(bool value) : type_(Type::kBool), flag_(value) {}  // NOLINT: implicit by design
  Value(std::string text) : type_(Type::kString), text_(std::move(text)) {}  // NOLINT
  Value(std::string_view text) : type_(Type::kString), text_(text) {}        // NOLINT
  Value(const char* text) : type_(Type::kString), text_(text) {}             // NOLINT
  template <typename T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) Value(T number)
      : type_(Type::kNumber), text_(std::to_string(number)) {}  // NOLINT
  static Value array() { return Value(Type::kArray); }
  static Value array(const std::vector<std::string>& texts);
  static Value object() { return Value(Type::kObject); }
  /// `text` must be a JSON number.
  static Value number(std::string text) {
    Value value(Type::kNumber);
    value.text_ = std::move(text);
    return value;
  }
  /// null for nothing.
  template <typename T>
  static Value maybe(const std::optional<T>& value) {
    return value ? Value(*value) : Value();
  }

  Type type() const { return type_; }
  bool is_null() const { return type_ == Type::kNull; }
  bool is_string() const { return type_ == Type::kString; }
  bool is_array() const { return type_ == Type::kArray; }
  bool is_object() const { return type_ == Type::kObject; }

  std::optional<bool> as_bool() const;
  /// The string's text, empty for any other type.
  const std::string& text() const;
  std::optional<std::string> as_string() const;
  /// A number that is a whole one and fits.
  std::optional<int64_t> as_int() const;
  std::optional<uint64_t> as_uint() const;
  const std::string& number_text() const { return text_; }
  /// The strings of an array; other elements are left out.
  std::vector<std::string> as_strings() const;

  /// Array elements; empty for other types.
  const std::vector<Value>& items() const { return items_; }
  std::vector<Value>& items() { return items_; }
  /// Turns null into an array first.
  Value& push(Value value);

  const std::vector<Member>& members() const { return members_; }
  std::vector<Member>& members() { return members_; }
  /// The last member of that name (as most readers do), or null.
  const Value* find(std::string_view name) const;
  Value* find(std::string_view name);
  /// find(), with a null value where there is none: v["linux"]["devices"].items().
  const Value& operator[](std::string_view name) const;
  /// The member, made (null) if missing; turns null into an object first.
  Value& at(std::string_view name);
  Value& set(std::string_view name, Value value) { return at(name) = std::move(value); }
  void remove(std::string_view name);

  bool operator==(const Value& other) const = default;

 private:
  explicit Value(Type type) : type_(type) {}
  Type type_ = Type::kNull;
  bool flag_ = false;
  std::string text_;
  std::vector<Value> items_;
  std::vector<Member> members_;
};

/// Depth is limited to 200, the number of values to a million, and `what` names the document in
/// errors ("config.json: line 3: ...").
Result<Value> parse(std::string_view text, const std::string& what);
/// One line, no white space.
std::string write(const Value& value);
/// Two spaces of indentation and a final newline.
std::string write_pretty(const Value& value);

}  // namespace outboard::json
