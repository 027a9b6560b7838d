// SPDX-License-Identifier: Apache-2.0
// The only file that includes RapidJSON (1.1.0). Its own document class turns numbers into doubles
// or into strings, so only its event reader (with numbers as text) and its writer are used.
#include "base/json.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/text.h"

#define RAPIDJSON_NO_SIZETYPEDEFINE
#include <cstddef>
namespace rapidjson {
using SizeType = std::size_t;
}
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace outboard::json {

static const std::string kEmptyText;
static const Value kNull;
constexpr size_t kMaxDepth = 200;
// A value takes some hundred bytes, of which "0," in a hostile document takes two.
constexpr size_t kMaxValues = 1'000'000;

Value Value::array(const std::vector<std::string>& texts) {
  Value list = array();
  list.items_.reserve(texts.size());
  for (const std::string& text : texts) list.push(text);
  return list;
}

std::optional<bool> Value::as_bool() const {
  if (type_ != Type::kBool) return std::nullopt;
  return flag_;
}

const std::string& Value::text() const {
  return type_ == Type::kString ? text_ : kEmptyText;
}

std::optional<std::string> Value::as_string() const {
  if (type_ != Type::kString) return std::nullopt;
  return text_;
}

std::optional<int64_t> Value::as_int() const {
  if (type_ != Type::kNumber) return std::nullopt;
  return parse_number<int64_t>(text_);
}

std::optional<uint64_t> Value::as_uint() const {
  if (type_ != Type::kNumber) return std::nullopt;
  return parse_number<uint64_t>(text_);
}

std::vector<std::string> Value::as_strings() const {
  std::vector<std::string> texts;
  for (const Value& item : items_) {
    if (item.is_string()) texts.push_back(item.text_);
  }
  return texts;
}

Value& Value::push(Value value) {
  if (is_null()) type_ = Type::kArray;
  items_.push_back(std::move(value));
  return items_.back();
}

const Value* Value::find(std::string_view name) const {
  auto found = std::find_if(members_.rbegin(), members_.rend(),
                            [&](const Member& m) { return m.first == name; });
  return found == members_.rend() ? nullptr : &found->second;
}

Value* Value::find(std::string_view name) {
  return const_cast<Value*>(
      static_cast<const Value*>(this)->find(name));  // NOLINT: the object is not const
}

const Value& Value::operator[](std::string_view name) const {
  const Value* found = find(name);
  return found ? *found : kNull;
}

Value& Value::at(std::string_view name) {
  if (Value* found = find(name)) return *found;
  if (is_null()) type_ = Type::kObject;
  members_.emplace_back(std::string(name), Value());
  return members_.back().second;
}

void Value::remove(std::string_view name) {
  std::erase_if(members_, [&](const Member& m) { return m.first == name; });
}

namespace {

// RapidJSON 1.1.0 uses what malloc gives without looking. Operator new either succeeds or ends in
// the program's new handler.
class NewAllocator {
 public:
  [[maybe_unused]] static const bool kNeedFree = true;
  void* Malloc(size_t size) { return size == 0 ? nullptr : ::operator new(size); }
  void* Realloc(void* old, size_t old_size, size_t size) {
    if (size == 0) {
      Free(old);
      return nullptr;
    }
    void* memory = ::operator new(size);
    if (old) std::memcpy(memory, old, std::min(old_size, size));
    Free(old);
    return memory;
  }
  static void Free(void* memory) { ::operator delete(memory); }
};

using Reader = rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, NewAllocator>;
using Buffer = rapidjson::GenericStringBuffer<rapidjson::UTF8<>, NewAllocator>;

// Builds a Value from RapidJSON's events. `open_` holds the containers that are not finished yet;
// it stays valid because a container gets no further elements while one of its own is open.
class Builder {
 public:
  bool Null() { return add(Value()); }
  bool Bool(bool value) { return add(Value(value)); }
  bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
    return add(Value::number(std::string(text, length)));
  }
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(int64_t) { return false; }
  bool Uint64(uint64_t) { return false; }
  bool Double(double) { return false; }
  bool String(const char* text, rapidjson::SizeType length, bool) {
    return add(Value(std::string(text, length)));
  }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    key_.assign(text, length);
    return true;
  }
  bool StartObject() { return open(Value::object()); }
  bool StartArray() { return open(Value::array()); }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool EndArray(rapidjson::SizeType) { return close(); }

  Value root;
  bool has_too_many() const { return count_ > kMaxValues; }

 private:
  Value* place(Value value) {
    count_++;
    if (open_.empty()) {
      root = std::move(value);
      return &root;
    }
    Value* parent = open_.back();
    if (parent->is_array()) return &parent->push(std::move(value));
    parent->members().emplace_back(std::move(key_), std::move(value));
    return &parent->members().back().second;
  }
  bool add(Value value) {
    place(std::move(value));
    return !has_too_many();
  }
  bool open(Value value) {
    if (open_.size() >= kMaxDepth || has_too_many()) return false;
    open_.push_back(place(std::move(value)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  std::vector<Value*> open_;
  std::string key_;
  size_t count_ = 0;
};

template <typename Writer>
void write_value(Writer& writer, const Value& value) {
  switch (value.type()) {
    case Value::Type::kNull:
      writer.Null();
      return;
    case Value::Type::kBool:
      writer.Bool(*value.as_bool());
      return;
    case Value::Type::kNumber:
      writer.RawValue(value.number_text().data(), value.number_text().size(),
                      rapidjson::kNumberType);
      return;
    case Value::Type::kString:
      writer.String(value.text().data(), value.text().size());
      return;
    case Value::Type::kArray:
      writer.StartArray();
      for (const Value& item : value.items()) write_value(writer, item);
      writer.EndArray();
      return;
    case Value::Type::kObject:
      writer.StartObject();
      for (const auto& [name, member] : value.members()) {
        writer.Key(name.data(), name.size());
        write_value(writer, member);
      }
      writer.EndObject();
      return;
  }
}

}  // namespace

Result<Value> parse(std::string_view text, const std::string& what) {
  rapidjson::MemoryStream stream(text.data(), text.size());
  Reader reader;
  Builder builder;
  // Iterative: the depth of a hostile document must not become the depth of our stack before the
  // builder can refuse it.
  constexpr unsigned kFlags =
      rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseIterativeFlag;
  rapidjson::ParseResult parsed = reader.Parse<kFlags>(stream, builder);
  if (parsed.IsError()) {
    size_t offset = std::min(parsed.Offset(), text.size());
    auto line =
        1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), '\n');
    std::string why = builder.has_too_many() ? cat("more than ", kMaxValues, " values")
                      : parsed.Code() == rapidjson::kParseErrorTermination
                          ? cat("nested deeper than ", kMaxDepth)
                          : lower(rapidjson::GetParseError_En(parsed.Code()));
    if (!why.empty() && why.back() == '.') why.pop_back();
    return make_error(ErrorCode::kUsage, cat(printable(what), ": line ", line, ", byte ", offset,
                                             ": not valid JSON: ", why));
  }
  return std::move(builder.root);
}

std::string write(const Value& value) {
  Buffer buffer;
  rapidjson::Writer<Buffer, rapidjson::UTF8<>, rapidjson::UTF8<>, NewAllocator> writer(buffer);
  write_value(writer, value);
  return std::string(buffer.GetString(), buffer.GetSize());
}

std::string write_pretty(const Value& value) {
  Buffer buffer;
  rapidjson::PrettyWriter<Buffer, rapidjson::UTF8<>, rapidjson::UTF8<>, NewAllocator> writer(
      buffer);
  writer.SetIndent(' ', 2);
  write_value(writer, value);
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

}  // namespace outboard::json
