// SPDX-License-Identifier: Apache-2.0
#include "base/yaml.h"

#include <yaml.h>

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/text.h"

namespace outboard {

namespace {

constexpr int kMaximumDepth = 50;
constexpr size_t kMaximumValues = 1'000'000;
constexpr std::string_view kStringTag = "tag:yaml.org,2002:str";

// A number as YAML 1.1 writes whole ones, in decimal digits.
std::optional<std::string> whole_number(std::string_view text) {
  bool negative = !text.empty() && text.front() == '-';
  if (negative || (!text.empty() && text.front() == '+')) text.remove_prefix(1);
  int base = 10;
  if (text.rfind("0x", 0) == 0 || text.rfind("0o", 0) == 0) {
    base = text[1] == 'x' ? 16 : 8;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text.front() == '0') {
    base = 8;
    text.remove_prefix(1);
  }
  auto number = parse_number<uint64_t>(text, base);
  if (!number) return std::nullopt;
  return cat(negative && *number != 0 ? "-" : "", *number);
}

json::Value plain(std::string_view text) {
  for (std::string_view null : {"", "~", "null", "Null", "NULL"}) {
    if (text == null) return {};
  }
  for (std::string_view yes : {"true", "True", "TRUE"}) {
    if (text == yes) return true;
  }
  for (std::string_view no : {"false", "False", "FALSE"}) {
    if (text == no) return false;
  }
  if (auto number = whole_number(text)) return json::Value::number(std::move(*number));
  bool may_be_number = text[0] == '-' || (text[0] >= '0' && text[0] <= '9');
  if (may_be_number && text.find_first_not_of("0123456789+-.eE") == std::string_view::npos) {
    if (auto number = json::parse(text, "number")) return std::move(*number);
  }
  return text;
}

size_t count_values(const json::Value& value) {
  size_t count = 1;
  for (const json::Value& item : value.items()) count += count_values(item);
  for (const json::Member& member : value.members()) count += count_values(member.second);
  return count;
}

std::string_view text_of(const yaml_char_t* text) {
  return text ? reinterpret_cast<const char*>(text) : "";
}

class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(&raw); }
  yaml_event_t raw = {};
};

class Reader {
 public:
  Reader(std::string_view text, const std::string& file) : file_(file) {
    ready_ = yaml_parser_initialize(&parser_) == 1;
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { yaml_parser_delete(&parser_); }

  Result<json::Value> read() {
    json::Value value = json::Value::object();
    bool any = false;
    for (;;) {
      Event event;
      OB_CHECK(next(event));
      switch (event.raw.type) {
        case YAML_STREAM_END_EVENT:
          return value;
        case YAML_DOCUMENT_START_EVENT:
          if (any) return wrong("a second document");
          any = true;
          break;
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT:
          break;
        default:
          OB_TRY(value, node(event.raw, 0));
      }
    }
  }

 private:
  Error wrong_at(const yaml_mark_t& mark, std::string_view what) const {
    return make_error(ErrorCode::kUsage, cat(file_, ": line ", mark.line + 1, ": ", what));
  }
  Error wrong(std::string_view what) const { return wrong_at(at_, what); }

  Result<void> next(Event& event) {
    if (!ready_ || yaml_parser_parse(&parser_, &event.raw) == 0) {
      return wrong_at(parser_.problem_mark,
                      cat("not valid YAML: ", parser_.problem ? parser_.problem : "no memory"));
    }
    at_ = event.raw.start_mark;
    return {};
  }

  Result<json::Value> node(const yaml_event_t& event, int depth) {
    if (depth > kMaximumDepth) return wrong("nested too deep");
    OB_CHECK(add_values(1));
    switch (event.type) {
      case YAML_ALIAS_EVENT:
        return copy_of(text_of(event.data.alias.anchor));
      case YAML_SCALAR_EVENT:
        return scalar(event);
      case YAML_SEQUENCE_START_EVENT: {
        OB_CHECK(without_tag(event.data.sequence_start.tag));
        std::string anchor(text_of(event.data.sequence_start.anchor));
        OB_TRY(json::Value list, sequence(depth));
        return anchored(anchor, std::move(list));
      }
      case YAML_MAPPING_START_EVENT: {
        OB_CHECK(without_tag(event.data.mapping_start.tag));
        std::string anchor(text_of(event.data.mapping_start.anchor));
        OB_TRY(json::Value object, mapping(depth));
        return anchored(anchor, std::move(object));
      }
      default:
        return wrong("not valid YAML");
    }
  }

  Result<json::Value> scalar(const yaml_event_t& event) {
    const auto& data = event.data.scalar;
    std::string_view text(reinterpret_cast<const char*>(data.value), data.length);
    if (text.find('\0') != std::string_view::npos) return wrong("a zero byte in a text");
    bool quoted = data.style != YAML_PLAIN_SCALAR_STYLE;
    if (data.tag) {
      if (text_of(data.tag) != kStringTag && text_of(data.tag) != "!")
        return wrong("a tag, which is not read");
      quoted = true;
    }
    return anchored(text_of(data.anchor), quoted ? json::Value(text) : plain(text));
  }

  Result<json::Value> sequence(int depth) {
    json::Value list = json::Value::array();
    for (;;) {
      Event event;
      OB_CHECK(next(event));
      if (event.raw.type == YAML_SEQUENCE_END_EVENT) return list;
      OB_TRY(json::Value item, node(event.raw, depth + 1));
      list.push(std::move(item));
    }
  }

  Result<json::Value> mapping(int depth) {
    json::Value object = json::Value::object();
    std::set<std::string> names;
    std::vector<json::Value> merged;
    for (;;) {
      Event key;
      OB_CHECK(next(key));
      if (key.raw.type == YAML_MAPPING_END_EVENT) {
        add_merged(merged, names, object);
        return object;
      }
      if (key.raw.type != YAML_SCALAR_EVENT) return wrong("a key that is no plain text");
      std::string name(reinterpret_cast<const char*>(key.raw.data.scalar.value),
                       key.raw.data.scalar.length);
      bool merges = name == "<<" && key.raw.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
      if (!names.insert(name).second)
        return wrong(cat("'", printable(name, 60), "' stands there twice"));
      Event event;
      OB_CHECK(next(event));
      OB_TRY(json::Value value, node(event.raw, depth + 1));
      if (merges) {
        OB_TRY(merged, mappings_in(std::move(value)));
        continue;
      }
      object.members().emplace_back(std::move(name), std::move(value));
    }
  }

  // The value of a merge key (https://yaml.org/type/merge.html): a mapping, or a list of them.
  Result<std::vector<json::Value>> mappings_in(json::Value value) const {
    std::vector<json::Value> list;
    if (value.is_array()) {
      list = std::move(value.items());
    } else {
      list.push_back(std::move(value));
    }
    for (const json::Value& item : list) {
      if (!item.is_object()) return wrong("'<<' with something that is no mapping");
    }
    return list;
  }

  // A member of its own counts, then the first mapping that has it.
  static void add_merged(std::vector<json::Value>& merged, std::set<std::string>& names,
                         json::Value& object) {
    for (json::Value& mapping : merged) {
      for (auto& [name, value] : mapping.members()) {
        if (names.insert(name).second) object.members().emplace_back(name, std::move(value));
      }
    }
  }

  Result<void> without_tag(const yaml_char_t* tag) const {
    if (tag) return wrong("a tag, which is not read");
    return {};
  }

  // The copies that anchors keep are counted, too: each level can have one.
  Result<json::Value> anchored(std::string_view anchor, json::Value value) {
    if (anchor.empty()) return value;
    OB_CHECK(add_values(count_values(value)));
    anchors_[std::string(anchor)] = value;
    return value;
  }

  Result<void> add_values(size_t count) {
    values_ += count;
    if (values_ > kMaximumValues) return wrong("too many values");
    return {};
  }

  Result<json::Value> copy_of(std::string_view anchor) {
    auto known = anchors_.find(std::string(anchor));
    if (known == anchors_.end())
      return wrong(cat("'*", printable(anchor, 60), "' has no anchor above it"));
    OB_CHECK(add_values(count_values(known->second)));
    return known->second;
  }

  const std::string& file_;
  yaml_parser_t parser_ = {};
  bool ready_ = false;
  yaml_mark_t at_ = {};
  size_t values_ = 0;
  std::map<std::string, json::Value> anchors_;
};

}  // namespace

Result<json::Value> parse_yaml(std::string_view text, const std::string& file) {
  return Reader(text, file).read();
}

}  // namespace outboard
