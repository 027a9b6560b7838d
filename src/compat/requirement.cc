// SPDX-License-Identifier: Apache-2.0
#include "compat/requirement.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"
#include "compat/csv.h"

namespace outboard::compat {

namespace {

constexpr size_t kLongestText = 64U << 10;
constexpr size_t kMostClauses = 4096;  ///< of an image's requirements together
constexpr size_t kMostVariables = 64;

struct PropertyName {
  std::string_view name;
  Property property;
};
constexpr PropertyName kProperties[] = {{"cuda", Property::kCuda},
                                        {"driver", Property::kDriver},
                                        {"arch", Property::kArch},
                                        {"brand", Property::kBrand}};

struct OperatorName {
  std::string_view text;
  Operator op;
};
// Longer ones first.
constexpr OperatorName kOperators[] = {
    {">=", Operator::kGreaterOrEqual}, {"<=", Operator::kLessOrEqual}, {"!=", Operator::kNotEqual},
    {"=", Operator::kEqual},           {"<", Operator::kLess},         {">", Operator::kGreater}};

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_operator(char c) {
  return c == '=' || c == '!' || c == '<' || c == '>';
}

// The text around the place, which a caret marks; one line, so that it survives any log.
std::string marked(std::string_view text, size_t place) {
  constexpr size_t kAround = 60;
  size_t begin = place > kAround ? place - kAround : 0;
  std::string before(text.substr(begin, place - begin));
  std::string after(text.substr(place, kAround));
  return cat("'", begin > 0 ? "..." : "", printable(before), "^", printable(after),
             place + kAround < text.size() ? "..." : "", "'");
}

class Parser {
 public:
  Parser(const std::string& origin, std::string_view text) : origin_(origin), text_(text) {}

  Result<Requirement> parse() {
    Requirement requirement{origin_, std::string(text_), {}};
    if (text_.size() > kLongestText) {
      return make_error(
          ErrorCode::kUsage,
          cat(origin_, ": an expression of ", text_.size(), " bytes is longer than any real one"),
          override_hint());
    }
    size_t clauses = 0;
    while (skip_space(), place_ < text_.size()) {
      std::vector<Clause> alternative;
      do {
        while (at(',')) place_++;  // as NVIDIA's tools, empty clauses are nothing
        if (place_ >= text_.size() || is_space(text_[place_])) break;
        OB_TRY(Clause clause, parse_clause());
        if (++clauses > kMostClauses) return wrong("more clauses than any real expression has");
        alternative.push_back(std::move(clause));
      } while (at(','));
      if (!alternative.empty()) requirement.alternatives.push_back(std::move(alternative));
    }
    return requirement;
  }

 private:
  bool at(char c) const { return place_ < text_.size() && text_[place_] == c; }
  void skip_space() {
    while (place_ < text_.size() && is_space(text_[place_])) place_++;
  }
  bool in_word() const {
    return place_ < text_.size() && !is_space(text_[place_]) && text_[place_] != ',' &&
           !is_operator(text_[place_]);
  }

  static std::string override_hint() {
    return "mend the variable; -e NVIDIA_DISABLE_REQUIRE=true starts the container without any of "
           "these checks";
  }
  Error wrong(std::string_view why) const { return wrong(why, place_); }
  Error wrong(std::string_view why, size_t place) const {
    return make_error(ErrorCode::kUsage,
                      cat(origin_, " is no requirement: ", why, " at ", marked(text_, place)),
                      override_hint());
  }

  Result<Clause> parse_clause() {
    Clause clause;
    size_t start = place_;
    while (in_word()) place_++;
    std::string_view name = text_.substr(start, place_ - start);
    const auto* property =
        std::find_if(std::begin(kProperties), std::end(kProperties),
                     [&](const PropertyName& row) { return row.name == lower(name); });
    if (property == std::end(kProperties)) {
      return wrong(name.empty()
                       ? std::string("a property (cuda, driver, arch, brand) is missing")
                       : cat("'", printable(name, 40), "' is none of cuda, driver, arch, brand"),
                   start);
    }
    clause.property = property->property;
    const auto* op = std::find_if(
        std::begin(kOperators), std::end(kOperators),
        [&](const OperatorName& row) { return text_.substr(place_, row.text.size()) == row.text; });
    if (op == std::end(kOperators))
      return wrong(cat("none of = != < <= > >= follows '", name, "'"));
    size_t op_place = place_;
    place_ += op->text.size();
    clause.op = op->op;
    start = place_;
    if (place_ < text_.size() && is_operator(text_[place_]))
      return wrong(cat("no such operator after '", name, "'"), op_place);
    while (in_word()) place_++;
    clause.value = text_.substr(start, place_ - start);
    if (place_ < text_.size() && is_operator(text_[place_])) return wrong("a second operator");
    if (clause.value.empty()) return wrong("a value is missing", start);
    if (clause.property == Property::kBrand) {
      if (clause.op != Operator::kEqual && clause.op != Operator::kNotEqual)
        return wrong("brand can only be = or !=", op_place);
    } else if (!is_version(clause.value)) {
      return wrong(cat("'", printable(clause.value, 40), "' is no version"), start);
    }
    return clause;
  }

  const std::string& origin_;
  std::string_view text_;
  size_t place_ = 0;
};

Truth truth(bool value) {
  return value ? Truth::kYes : Truth::kNo;
}

bool compares(Operator op, int order) {
  switch (op) {
    case Operator::kEqual:
      return order == 0;
    case Operator::kNotEqual:
      return order != 0;
    case Operator::kLess:
      return order < 0;
    case Operator::kLessOrEqual:
      return order <= 0;
    case Operator::kGreater:
      return order > 0;
    case Operator::kGreaterOrEqual:
      return order >= 0;
  }
  return false;
}

Truth compare(Operator op, const KnownVersion& have, const std::string& value) {
  if (!is_version(have.text)) return Truth::kUnknown;
  int order = compare_padded(have.text, value);
  if (!have.at_least) return truth(compares(op, order));
  // The real one is `have` or newer: sure is only what does not change on the way up.
  bool now = compares(op, order), far_above = compares(op, 1);
  if (order > 0) return truth(now);
  if (order == 0 && now == far_above) return truth(now);
  return Truth::kUnknown;
}

// "GeForce RTX" and "geforcertx" are one brand.
std::string plain_brand(std::string_view text) {
  std::string out;
  for (char c : lower(text)) {
    if (c != ' ' && c != '_' && c != '-') out += c;
  }
  // NVML's "NVIDIA vPC" is "vpc" in requirements.
  for (std::string_view product : {"vapps", "vpc", "vcs", "vws", "cloudgaming"}) {
    if (out == cat("nvidia", product)) return std::string(product);
  }
  return out;
}

Truth weakest(Truth a, Truth b) {
  return std::min(a, b);
}
Truth strongest(Truth a, Truth b) {
  return std::max(a, b);
}

bool parse_bool(std::string_view text, bool& value) {
  std::string word = lower(text);
  if (word == "1" || word == "t" || word == "true") return value = true, true;
  if (word == "0" || word == "f" || word == "false") return value = false, true;
  return false;
}

struct Variable {
  std::string_view name, value;
};

// The last entry of every name, in the order of the names' first appearance. Images choose the
// names, and how many there are.
std::vector<Variable> last_of_each(const std::vector<std::string>& environment) {
  std::vector<Variable> out;
  std::map<std::string_view, size_t> places;
  for (std::string_view entry : environment) {
    size_t equal = entry.find('=');
    if (equal == std::string_view::npos) continue;
    Variable variable{entry.substr(0, equal), entry.substr(equal + 1)};
    bool wanted = variable.name.substr(0, 15) == "NVIDIA_REQUIRE_" ||
                  variable.name == "NVIDIA_DISABLE_REQUIRE" || variable.name == "CUDA_VERSION";
    if (!wanted) continue;
    auto [there, is_new] = places.emplace(variable.name, out.size());
    if (is_new) {
      out.push_back(variable);
    } else {
      out[there->second].value = variable.value;
    }
  }
  return out;
}

}  // namespace

std::string Clause::text() const {
  std::string_view name, symbol;
  for (const PropertyName& row : kProperties) {
    if (row.property == property) name = row.name;
  }
  for (const OperatorName& row : kOperators) {
    if (row.op == op) symbol = row.text;
  }
  return cat(name, symbol, value);
}

std::string cuda_release(std::string_view version) {
  if (!is_version(version)) return "";
  auto parts = split(version, '.');
  return cat(parts[0], ".", parts.size() < 2 ? std::string_view("0") : parts[1]);
}

int compare_padded(std::string_view a, std::string_view b) {
  auto next_number = [](std::string_view& text) {
    size_t end = text.find('.');
    auto number = parse_number<uint64_t>(text.substr(0, end)).value_or(0);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return number;
  };
  while (!a.empty() || !b.empty()) {
    uint64_t x = next_number(a), y = next_number(b);
    if (x != y) return x < y ? -1 : 1;
  }
  return 0;
}

Result<Requirement> parse_requirement(const std::string& origin, std::string_view text) {
  return Parser(origin, text).parse();
}

Result<Requirements> requirements_of_environment(const std::vector<std::string>& environment) {
  Requirements out;
  std::vector<Variable> variables = last_of_each(environment);
  bool has_cuda = false;
  for (const Variable& variable : variables) {
    if (variable.name == "NVIDIA_REQUIRE_CUDA" && !trim(variable.value).empty()) has_cuda = true;
    if (variable.name != "NVIDIA_DISABLE_REQUIRE" || variable.value.empty()) continue;
    bool off = false;
    if (!parse_bool(variable.value, off)) {
      out.notes.push_back(cat("NVIDIA_DISABLE_REQUIRE='", printable(variable.value, 40),
                              "' is neither true nor false, so the image's requirements count"));
    } else if (off) {
      out.disabled = true;
      return out;
    }
  }
  auto too_many = [](size_t count, std::string_view of_what) {
    return make_error(
        ErrorCode::kUsage,
        cat("the image has ", count, " ", of_what, ", which is more than any real one has"),
        "-e NVIDIA_DISABLE_REQUIRE=true starts the container without any of these checks");
  };
  if (variables.size() > kMostVariables)
    return too_many(variables.size(), "variables NVIDIA_REQUIRE_*");
  size_t clauses = 0;
  for (const Variable& variable : variables) {
    if (variable.name == "CUDA_VERSION" && !has_cuda) {
      if (variable.value.empty()) continue;
      std::string release = cuda_release(variable.value);
      if (release.empty()) {
        out.notes.push_back(cat("CUDA_VERSION='", printable(variable.value, 40),
                                "' is no version and demands nothing"));
        continue;
      }
      OB_TRY(Requirement implied, parse_requirement("CUDA_VERSION", cat("cuda>=", release)));
      out.all.push_back(std::move(implied));
    }
    if (variable.name.substr(0, 15) != "NVIDIA_REQUIRE_" ||
        variable.name.substr(0, 22) == "NVIDIA_REQUIRE_JETPACK")
      continue;
    OB_TRY(Requirement parsed, parse_requirement(printable(variable.name, 80), variable.value));
    for (const std::vector<Clause>& alternative : parsed.alternatives)
      clauses += alternative.size();
    if (clauses > kMostClauses) return too_many(clauses, "clauses in NVIDIA_REQUIRE_*");
    if (!parsed.alternatives.empty()) out.all.push_back(std::move(parsed));
  }
  return out;
}

Truth holds(const Clause& clause, const Offer& offer) {
  switch (clause.property) {
    case Property::kCuda:
      return offer.cuda ? compare(clause.op, *offer.cuda, clause.value) : Truth::kUnknown;
    case Property::kDriver:
      return offer.driver ? compare(clause.op, {*offer.driver, false}, clause.value)
                          : Truth::kUnknown;
    case Property::kArch:
      if (!offer.has_gpu) return Truth::kNo;
      return offer.arch ? compare(clause.op, {*offer.arch, false}, clause.value) : Truth::kUnknown;
    case Property::kBrand: {
      if (!offer.has_gpu) return Truth::kNo;
      if (!offer.brand) return Truth::kUnknown;
      bool same = plain_brand(*offer.brand) == plain_brand(clause.value);
      return truth(same == (clause.op == Operator::kEqual));
    }
  }
  return Truth::kUnknown;
}

Truth holds(const Requirement& requirement, const Offer& offer) {
  if (requirement.alternatives.empty()) return Truth::kYes;
  Truth any = Truth::kNo;
  for (const std::vector<Clause>& alternative : requirement.alternatives) {
    Truth all = Truth::kYes;
    for (const Clause& clause : alternative) all = weakest(all, holds(clause, offer));
    any = strongest(any, all);
  }
  return any;
}

bool depends_on_brand(const Requirement& requirement, const Offer& offer) {
  if (offer.brand || holds(requirement, offer) != Truth::kUnknown) return false;
  for (const std::vector<Clause>& alternative : requirement.alternatives) {
    bool has_brand = false, lost = false;
    for (const Clause& clause : alternative) {
      if (clause.property == Property::kBrand) has_brand = true;
      if (holds(clause, offer) == Truth::kNo) lost = true;
    }
    if (has_brand && !lost) return true;
  }
  return false;
}

std::optional<std::string> lowest_cuda(const Requirement& requirement) {
  std::optional<std::string> lowest;
  for (const std::vector<Clause>& alternative : requirement.alternatives) {
    for (const Clause& clause : alternative) {
      bool floor = clause.property == Property::kCuda &&
                   (clause.op == Operator::kGreaterOrEqual || clause.op == Operator::kEqual ||
                    clause.op == Operator::kGreater);
      if (floor && (!lowest || compare_padded(clause.value, *lowest) < 0)) lowest = clause.value;
    }
  }
  return lowest;
}

}  // namespace outboard::compat
