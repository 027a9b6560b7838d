// SPDX-License-Identifier: Apache-2.0
#include "oci_schema.h"

#include <regex.h>

#include <cstdlib>
#include <map>

#include "base/files.h"
#include "base/text.h"
#include "require.h"

namespace outboard::fuzz {

namespace {

using json::Value;
using Problem = std::optional<std::string>;

constexpr const char* kPackaged =
    "/usr/share/gocode/src/github.com/opencontainers/runtime-spec/schema";

const Value& document(const std::string& name) {
  static std::map<std::string, Value> documents;
  auto found = documents.find(name);
  if (found != documents.end()) return found->second;
  const char* directory = std::getenv("OUTBOARD_OCI_SCHEMA");
  auto text = read_file(join_path(directory ? directory : kPackaged, name));
  FUZZ_REQUIRE(text, name, "a file of the package golang-github-opencontainers-specs-dev");
  auto parsed = json::parse(*text, name);
  FUZZ_REQUIRE(parsed, name);
  return documents[name] = std::move(*parsed);
}

bool is_whole(const Value& value) {
  return value.type() == Value::Type::kNumber &&
         value.number_text().find_first_of(".eE") == std::string::npos;
}

bool has_type(const Value& value, const std::string& type) {
  switch (value.type()) {
    case Value::Type::kNull:
      return type == "null";
    case Value::Type::kBool:
      return type == "boolean";
    case Value::Type::kNumber:
      return type == "number" || (type == "integer" && is_whole(value));
    case Value::Type::kString:
      return type == "string";
    case Value::Type::kArray:
      return type == "array";
    case Value::Type::kObject:
      return type == "object";
  }
  return false;
}

// A POSIX extended expression: std::regex is slow, and recursive in the length of the text.
class Expression {
 public:
  explicit Expression(const std::string& pattern) {
    FUZZ_REQUIRE(::regcomp(&compiled_, pattern.c_str(), REG_EXTENDED | REG_NOSUB) == 0, pattern);
  }
  Expression(const Expression&) = delete;
  Expression& operator=(const Expression&) = delete;
  ~Expression() { ::regfree(&compiled_); }
  bool fits(const std::string& text) const {
    return ::regexec(&compiled_, text.c_str(), 0, nullptr, 0) == 0;
  }

 private:
  regex_t compiled_;
};

bool fits(const std::string& text, const std::string& pattern) {
  static std::map<std::string, Expression> known;
  return known.try_emplace(pattern, pattern).first->second.fits(text);
}

class Checker {
 public:
  // `file` is the document that a reference without a file name means.
  Problem check(const Value& value, const Value& schema, const std::string& file,
                const std::string& path) {
    if (const Value* reference = schema.find("$ref"))
      return check_reference(value, reference->text(), file, path);
    if (auto problem = check_scalar(value, schema, path)) return problem;
    for (const Value& part : schema["allOf"].items()) {
      if (auto problem = check(value, part, file, path)) return problem;
    }
    if (const Value* any = schema.find("anyOf")) {
      Problem problem = path + ": fits no alternative";
      for (const Value& part : any->items()) {
        if (!check(value, part, file, path)) problem.reset();
      }
      if (problem) return problem;
    }
    for (size_t i = 0; i < value.items().size(); i++) {
      if (auto problem = check(value.items()[i], schema["items"], file, cat(path, "[", i, "]")))
        return problem;
    }
    return check_members(value, schema, file, path);
  }

 private:
  Problem check_reference(const Value& value, std::string_view reference, const std::string& file,
                          const std::string& path) {
    std::string name(take_until(reference, "#"));
    if (name.empty()) name = file;
    const Value* target = &document(name);
    for (std::string_view part : split(reference, '/')) {
      if (part.empty()) continue;
      target = target->find(part);
      FUZZ_REQUIRE(target, name, part);
    }
    return check(value, *target, name, path);
  }

  static Problem check_scalar(const Value& value, const Value& schema, const std::string& path) {
    const Value& type = schema["type"];
    if (type.is_string() && !has_type(value, type.text())) return cat(path, ": no ", type.text());
    if (value.type() == Value::Type::kNumber) {
      double number = std::strtod(value.number_text().c_str(), nullptr);
      const Value *low = schema.find("minimum"), *high = schema.find("maximum");
      if (low && number < std::strtod(low->number_text().c_str(), nullptr))
        return path + ": too small";
      if (high && number > std::strtod(high->number_text().c_str(), nullptr))
        return path + ": too large";
    }
    if (const Value* one_of = schema.find("enum")) {
      bool found = false;
      for (const Value& known : one_of->items()) found = found || known == value;
      if (!found) return path + ": not among the known values";
    }
    if (value.is_string() && schema["pattern"].is_string() &&
        !fits(value.text(), schema["pattern"].text())) {
      return path + ": does not fit the pattern";
    }
    if (auto least = schema["minItems"].as_uint();
        least && value.is_array() && value.items().size() < *least) {
      return path + ": too few items";
    }
    return {};
  }

  Problem check_members(const Value& value, const Value& schema, const std::string& file,
                        const std::string& path) {
    if (!value.is_object()) return {};
    for (const std::string& name : schema["required"].as_strings()) {
      if (!value.find(name)) return cat(path, ": '", name, "' is missing");
    }
    for (const auto& [name, member] : value.members()) {
      std::string inner = path.empty() ? name : cat(path, ".", name);
      const Value* known = schema["properties"].find(name);
      if (!known) known = schema.find("additionalProperties");
      // The one pattern of the schema, for annotations, fits every name that is not empty.
      for (const auto& [pattern, part] : schema["patternProperties"].members()) {
        FUZZ_REQUIRE(pattern == ".{1,}", pattern);
        if (!name.empty()) known = &part;
      }
      if (!known) continue;
      if (auto problem = check(member, *known, file, inner)) return problem;
    }
    return {};
  }
};

}  // namespace

std::optional<std::string> schema_problem(const json::Value& spec) {
  const std::string top = "config-schema.json";
  return Checker().check(spec, document(top), top, "");
}

}  // namespace outboard::fuzz
