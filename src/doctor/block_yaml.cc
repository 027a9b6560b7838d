// SPDX-License-Identifier: Apache-2.0
#include "doctor/block_yaml.h"

#include <optional>
#include <vector>

#include "base/text.h"

namespace outboard::doctor {

namespace {

constexpr int kMaximumDepth = 50;

struct Line {
  size_t number;
  size_t indent;
  std::string_view text;  // without indentation
};

class Reader {
 public:
  Reader(std::string_view text, std::string file) : file_(std::move(file)) {
    size_t number = 0;
    for (std::string_view line : split(text, '\n')) {
      number++;
      size_t indent = line.find_first_not_of(' ');
      if (indent == std::string_view::npos) continue;
      std::string_view rest = line.substr(indent);
      while (!rest.empty() && (rest.back() == '\r' || rest.back() == ' ')) rest.remove_suffix(1);
      if (rest.empty() || rest[0] == '#' || (lines_.empty() && rest == "---")) continue;
      lines_.push_back({number, indent, rest});
    }
  }

  Result<json::Value> read() {
    if (lines_.empty()) return json::Value::object();
    OB_TRY(json::Value value, block(lines_[0].indent, 0));
    if (at_ < lines_.size()) return wrong("indentation that fits nothing above");
    return value;
  }

 private:
  static bool is_entry(std::string_view text) { return text == "-" || text.rfind("- ", 0) == 0; }

  Error wrong(const std::string& what) const {
    size_t number = at_ < lines_.size() ? lines_[at_].number : lines_.back().number;
    return make_error(ErrorCode::kUsage, cat(file_, ": line ", number, ": ", what));
  }

  Result<json::Value> block(size_t indent, int depth) {
    if (depth > kMaximumDepth) return wrong("nested too deep");
    return is_entry(lines_[at_].text) ? sequence(indent, depth) : mapping(indent, depth);
  }

  Result<json::Value> sequence(size_t indent, int depth) {
    json::Value list = json::Value::array();
    while (at_ < lines_.size() && lines_[at_].indent == indent && is_entry(lines_[at_].text)) {
      Line& line = lines_[at_];
      std::string_view rest = line.text.substr(1);
      size_t blanks = rest.find_first_not_of(' ');
      if (blanks == std::string_view::npos) {
        at_++;
        if (at_ >= lines_.size() || lines_[at_].indent <= indent) {
          list.push(json::Value());
          continue;
        }
        OB_TRY(json::Value item, block(lines_[at_].indent, depth + 1));
        list.push(std::move(item));
        continue;
      }
      rest = rest.substr(blanks);
      if (is_entry(rest) || key_end(rest)) {
        // What follows the dash is the first line of a block of its own.
        line.indent += 1 + blanks;
        line.text = rest;
        OB_TRY(json::Value item, block(line.indent, depth + 1));
        list.push(std::move(item));
      } else {
        OB_TRY(json::Value item, scalar(rest));
        at_++;
        list.push(std::move(item));
      }
    }
    return list;
  }

  Result<json::Value> mapping(size_t indent, int depth) {
    json::Value map = json::Value::object();
    while (at_ < lines_.size() && lines_[at_].indent == indent && !is_entry(lines_[at_].text)) {
      std::string_view text = lines_[at_].text;
      auto end = key_end(text);
      if (!end) return wrong("neither 'key: value' nor '- value'");
      OB_TRY(json::Value key, scalar(text.substr(0, *end), true));
      std::string_view rest = trim(text.substr(*end + 1));
      if (map.find(key.text())) return wrong(cat("'", printable(key.text()), "' stands twice"));
      if (!rest.empty() && rest[0] != '#') {
        OB_TRY(json::Value value, scalar(rest));
        at_++;
        map.set(key.text(), std::move(value));
        continue;
      }
      at_++;
      bool deeper =
          at_ < lines_.size() && (lines_[at_].indent > indent ||
                                  // a sequence may stand under its key's first letter
                                  (lines_[at_].indent == indent && is_entry(lines_[at_].text)));
      if (!deeper) {
        map.set(key.text(), json::Value());
        continue;
      }
      OB_TRY(json::Value value, block(lines_[at_].indent, depth + 1));
      map.set(key.text(), std::move(value));
    }
    return map;
  }

  // Where the colon stands that ends a key.
  static std::optional<size_t> key_end(std::string_view text) {
    size_t from = 0;
    if (!text.empty() && (text[0] == '"' || text[0] == '\'')) {
      from = text.find(text[0], 1);
      if (from == std::string_view::npos) return std::nullopt;
      from++;
      if (from >= text.size() || text[from] != ':') return std::nullopt;
    }
    for (size_t i = from; i < text.size(); i++) {
      if (text[i] == ':' && (i + 1 == text.size() || text[i + 1] == ' ')) return i;
    }
    return std::nullopt;
  }

  Result<json::Value> scalar(std::string_view text, bool is_key = false) const {
    if (text.empty()) return wrong("a key without a name");
    if (text[0] == '"') return double_quoted(text);
    if (text[0] == '\'') return single_quoted(text);
    if (text == "[]") return json::Value::array();
    if (text == "{}") return json::Value::object();
    constexpr std::string_view kOther = "[]{}&*!|>%@`,?";
    if (kOther.find(text[0]) != std::string_view::npos)
      return wrong("YAML of a kind that this program does not read");
    if (size_t comment = text.find(" #"); comment != std::string_view::npos)
      text = trim(text.substr(0, comment));
    if (is_key) return json::Value(text);
    if (text == "true" || text == "false") return json::Value(text == "true");
    if (text == "null" || text == "~") return json::Value();
    if (text.size() > 1 && text[0] == '0') {
      if (auto octal = parse_number<int64_t>(text.substr(text[1] == 'o' ? 2 : 1), 8))
        return json::Value(*octal);
    }
    if (auto whole = parse_number<int64_t>(text)) return json::Value(*whole);
    return json::Value(text);
  }

  // The escapes of JSON, which are among those of YAML.
  Result<json::Value> double_quoted(std::string_view text) const {
    auto value = json::parse(text, file_);
    if (!value || !value->is_string()) return wrong("a quoted text that does not end as it should");
    return value;
  }

  Result<json::Value> single_quoted(std::string_view text) const {
    std::string out;
    for (size_t i = 1; i < text.size(); i++) {
      if (text[i] != '\'') {
        out += text[i];
      } else if (i + 1 < text.size() && text[i + 1] == '\'') {
        out += text[i++];
      } else if (i + 1 == text.size()) {
        return json::Value(std::move(out));
      } else {
        break;
      }
    }
    return wrong("a quoted text that does not end as it should");
  }

  std::string file_;
  std::vector<Line> lines_;
  size_t at_ = 0;
};

}  // namespace

Result<json::Value> parse_block_yaml(std::string_view text, const std::string& file) {
  return Reader(text, file).read();
}

}  // namespace outboard::doctor
