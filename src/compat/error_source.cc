// SPDX-License-Identifier: Apache-2.0
#include "compat/error_source.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "compat/table_source.h"

namespace outboard::compat {

namespace {

// A shorter message of ours means nothing without our name in front of it.
constexpr size_t kTellingLength = 24;
// A shorter piece of a pattern would be found in any text.
constexpr size_t kShortestPattern = 4;

// Cells of ErrorText's members, in their order.
struct Row {
  std::string id, printer;
  bool wrapper = false;
  std::string patterns, codes, cause, check, mend, confidence, source, example;
};

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

// Braces of a pattern: none in another, each with its end.
bool paired_braces(std::string_view pattern) {
  bool open = false;
  for (char c : pattern) {
    if (c != '{' && c != '}') continue;
    if (open == (c == '{')) return false;
    open = !open;
  }
  return !open;
}

size_t braces_in(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return c == '{' || c == '}'; }));
}

// What is wrong with a pattern, or "".
std::string_view pattern_problem(std::string_view pattern) {
  if (trim(pattern) != pattern) return "a pattern with blanks around it";
  if (pattern.find("  ") != std::string_view::npos) return "a pattern with two blanks";
  if (pattern.find("**") != std::string_view::npos) return "a pattern with two stars together";
  if (!paired_braces(pattern)) return "a pattern with braces that are not in pairs";
  size_t longest = 0;
  for (std::string_view piece : split(pattern, '*'))
    longest = std::max(longest, piece.size() - braces_in(piece));
  return longest < kShortestPattern ? "a pattern with too little text" : "";
}

std::string_view codes_problem(std::string_view codes) {
  for (std::string_view code : split(codes, '|')) {
    auto parts = split(code, ' ');
    if (parts.size() != 2 || !parse_number<unsigned>(parts[1])) return "a code is 'FAMILY NUMBER'";
    if (parts[0] != "cuda" && parts[0] != "nvml" && parts[0] != "xid")
      return "the families of codes are cuda, nvml and xid";
  }
  return "";
}

// The largest N of "$N" and "$cudaN".
size_t largest_value(std::string_view cause) {
  size_t largest = 0;
  for (size_t at = cause.find('$'); at != std::string_view::npos; at = cause.find('$', at + 1)) {
    std::string_view rest = cause.substr(at + 1);
    if (rest.starts_with("cuda")) rest.remove_prefix(4);
    if (!rest.empty() && rest[0] >= '1' && rest[0] <= '9')
      largest = std::max(largest, static_cast<size_t>(rest[0] - '0'));
  }
  return largest;
}

// "[version $1|a version]" says something without a value, too; whether a '$' stands elsewhere.
bool names_value_outside_brackets(std::string_view cause) {
  std::string outside;
  for (size_t open; (open = cause.find('[')) != std::string_view::npos;) {
    size_t close = cause.find(']', open);
    if (close == std::string_view::npos) break;
    outside += cause.substr(0, open);
    std::string_view inside = cause.substr(open + 1, close - open - 1);
    size_t bar = inside.find('|');
    outside += bar == std::string_view::npos ? inside : inside.substr(bar + 1);
    cause.remove_prefix(close + 1);
  }
  return largest_value(outside + std::string(cause)) > 0;
}

std::string_view cause_problem(const Row& row) {
  size_t values = 0;
  for (std::string_view pattern : split(row.patterns, '|'))
    values = std::max(values, static_cast<size_t>(std::count(pattern.begin(), pattern.end(), '{')));
  if (largest_value(row.cause) > values) return "the cause names braces that no pattern has";
  if (names_value_outside_brackets(row.cause))
    return "the cause names a value outside of '[... $1|...]'";
  return "";
}

std::string row_problem(const Row& row) {
  if (!is_name(row.id)) return cat("'", row.id, "' is no id");
  if (!is_name(row.printer)) return "no printer";
  if (row.patterns.empty() && row.codes.empty()) return "neither a pattern nor a code";
  for (std::string_view pattern : split(row.patterns, '|')) {
    if (auto problem = pattern_problem(pattern); !problem.empty())
      return cat(problem, ": '", pattern, "'");
  }
  if (auto problem = codes_problem(row.codes); !problem.empty()) return std::string(problem);
  if (row.cause.empty() || row.mend.empty()) return "no cause or no mend";
  if (auto problem = cause_problem(row); !problem.empty()) return std::string(problem);
  if (!is_confidence(row.confidence) || row.source.empty()) return "no confidence or no source";
  if (row.example.empty()) return "no example";
  return "";
}

Result<std::string> initialiser(const Row& row, const std::string& name, size_t line) {
  if (auto problem = row_problem(row); !problem.empty()) return table_error(name, line, problem);
  std::string out = "{";
  auto add = [&](std::string_view text) {
    auto literal = cpp_literal(text);
    if (!literal) return false;
    out += *literal + ", ";
    return true;
  };
  bool ascii = add(row.id) && add(row.printer);
  out += row.wrapper ? "true, " : "false, ";
  ascii = ascii && add(lower(row.patterns)) && add(row.codes) && add(row.cause) && add(row.check) &&
          add(row.mend) && add(row.confidence) && add(row.source) && add(row.example);
  if (!ascii) return table_error(name, line, "text that is not ASCII");
  return out + "},\n";
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  for (size_t at; (at = text.find(from)) != std::string_view::npos;) {
    out += cat(text.substr(0, at), to);
    text.remove_prefix(at + from.size());
  }
  return out += text;
}

// "outboard-the-nvidia-kernel-module-is": of the message's first words.
std::string own_id(std::string_view message) {
  std::string id = "outboard";
  size_t taken = 0;
  std::string words_only = lower(message);
  for (char& c : words_only) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) c = ' ';
  }
  for (std::string_view word : words(words_only)) {
    if (++taken > 7) break;
    id += cat("-", word);
  }
  return id;
}

// A row of a table in doc/errors.md; nothing for any other line.
std::optional<Row> own_row(std::string_view line) {
  if (line.substr(0, 3) != "| `") return std::nullopt;
  size_t end = line.find("` |", 3);
  if (end == std::string_view::npos) return std::nullopt;
  auto cells = split(line.substr(end + 3), '|');
  if (cells.size() != 3) return std::nullopt;
  std::string_view message = line.substr(3, end - 3);
  auto plain = [](std::string_view cell) {
    return replaced(replaced(trim(cell), "`", "'"), "…", "...");
  };
  Row row;
  row.id = own_id(replaced(message, "…", " "));
  row.printer = "outboard";
  std::string pattern = replaced(message, "…", "*");
  row.patterns = cat("outboard*", pattern);
  size_t stars = static_cast<size_t>(std::count(pattern.begin(), pattern.end(), '*'));
  if (pattern.size() - stars >= kTellingLength) row.patterns += cat("|", pattern);
  row.cause = plain(cells[0]);
  row.mend = plain(cells[1]);
  row.confidence = "high";
  row.source = "doc/errors.md";
  row.example = cat("outboard: ", replaced(message, "…", "17"));
  return row;
}

}  // namespace

Result<std::string> make_error_rows(
    const std::vector<std::pair<std::string, std::string>>& csv_files, std::string_view errors_md) {
  std::string out;
  std::set<std::string> ids;
  auto add = [&](const Row& row, const std::string& name, size_t line) -> Result<void> {
    OB_TRY(std::string text, initialiser(row, name, line));
    if (!ids.insert(row.id).second)
      return table_error(name, line, cat("id '", row.id, "' stands there twice"));
    out += text;
    return {};
  };
  for (const auto& [name, content] : csv_files) {
    OB_TRY(auto rows, parse_csv(content, kErrorHeader, name));
    for (const CsvRow& csv : rows) {
      const auto& c = csv.cells;
      if (c[2] != "cause" && c[2] != "wrapper")
        return table_error(name, csv.line, "the kind is 'cause' or 'wrapper'");
      OB_CHECK(add({c[0], c[1], c[2] == "wrapper", c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10]},
                   name, csv.line));
    }
  }
  size_t number = 0;
  for (std::string_view line : split(errors_md, '\n')) {
    number++;
    auto row = own_row(line);
    if (!row) continue;
    const std::string id = row->id;
    for (int next = 2; ids.count(row->id) > 0; next++) row->id = cat(id, "-", next);
    OB_CHECK(add(*row, "errors.md", number));
  }
  return out;
}

}  // namespace outboard::compat
