// SPDX-License-Identifier: Apache-2.0
#include "compat/error_texts.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace outboard::compat {

namespace {

constexpr ErrorText kErrors[] = {
#include "compat/error_rows.inc"
};

constexpr size_t kMaxFound = 200;  ///< of what is said to have matched by a code
// What a code weighs against patterns: less than a text that names the error in words.
constexpr size_t kCodeWeight = 12;

bool has_code(std::string_view row_codes, const std::vector<std::string>& codes) {
  auto wanted = split(row_codes, '|');
  return std::any_of(wanted.begin(), wanted.end(), [&](std::string_view code) {
    return std::find(codes.begin(), codes.end(), code) != codes.end();
  });
}

// Backslashes that stand in front of something escaped: how many characters of `text` from `at` on
// they and it take, and what it means ('\0': none of them is an escape's, and they alone count).
char escaped(std::string_view text, size_t at, size_t* length) {
  size_t next = at;
  while (next < text.size() && text[next] == '\\') next++;
  std::string_view rest = text.substr(next);
  *length = next - at;
  if (rest.empty()) return '\0';
  *length = next - at + 1;
  if (rest[0] == '"' || rest[0] == '\'' || rest[0] == '`') return rest[0];
  if (rest[0] == 'n' || rest[0] == 't' || rest[0] == 'r') return ' ';
  *length = next - at + 3;
  if (rest.starts_with("x0a") || rest.starts_with("x09") || rest.starts_with("x0d")) return ' ';
  *length = next - at + 5;
  if (rest.starts_with("u003e")) return '>';
  if (rest.starts_with("u003c")) return '<';
  if (rest.starts_with("u0026")) return '&';
  *length = next - at;
  return '\0';
}

// How long the terminal's command at `at` (an ESC) is.
size_t terminal_command(std::string_view text, size_t at) {
  size_t end = at + 1;
  if (end >= text.size() || text[end] != '[') return 1;
  for (end++; end < text.size(); end++) {
    if (text[end] >= '@' && text[end] <= '~') return end - at + 1;
  }
  return end - at;
}

}  // namespace

std::span<const ErrorText> written_error_texts() {
  return kErrors;
}

std::string plain_error_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  auto add = [&](char c) {
    bool blank = c == ' ' || static_cast<unsigned char>(c) < 0x20 || c == '\x7f';
    if (!blank) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  };
  for (size_t i = 0; i < text.size();) {
    std::string_view rest = text.substr(i);
    size_t length = 1;
    if (text[i] == '\x1b') {
      i += terminal_command(text, i);
    } else if (text[i] == '\\') {
      if (char c = escaped(text, i, &length)) {
        add(c);
      } else {
        out.append(length, '\\');
      }
      i += length;
    } else if (rest.starts_with("#012") || rest.starts_with("#011")) {
      add(' ');  // syslog's way to write the end of a line, and a tab
      i += 4;
    } else if (rest.starts_with("\xe2\x80\x9c") || rest.starts_with("\xe2\x80\x9d")) {
      add('"');
      i += 3;
    } else if (rest.starts_with("\xe2\x80\x98") || rest.starts_with("\xe2\x80\x99")) {
      add('\'');
      i += 3;
    } else if (rest.starts_with("\xc2\xa0")) {
      add(' ');
      i += 2;
    } else {
      add(text[i++]);
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

namespace {

std::vector<ErrorMatch> match_plain_text(const std::string& plain,
                                         std::span<const ErrorText> table) {
  std::vector<ErrorMatch> matches;
  const std::string lowered = lower(plain);
  const std::vector<std::string> codes = codes_in(plain);
  for (const ErrorText& error : table) {
    ErrorMatch best;
    for (std::string_view pattern : split(error.patterns, '|')) {
      PatternMatch match;
      if (!match_lowered(plain, lowered, pattern, &match) || match.weight <= best.weight) continue;
      best.error = &error;
      best.weight = match.weight;
      best.found = plain.substr(match.begin, match.end - match.begin);
      best.pieces = std::move(match.pieces);
    }
    if (best.error == nullptr && has_code(error.codes, codes)) {
      best.error = &error;
      best.weight = kCodeWeight;
      best.found = plain.substr(0, kMaxFound);
    }
    if (best.error != nullptr) matches.push_back(std::move(best));
  }
  std::stable_sort(matches.begin(), matches.end(), [](const ErrorMatch& a, const ErrorMatch& b) {
    if (a.error->wrapper != b.error->wrapper) return b.error->wrapper;
    return a.weight > b.weight;
  });
  return matches;
}

bool names_cause(const std::vector<ErrorMatch>& matches) {
  return !matches.empty() && !matches.front().error->wrapper;
}

}  // namespace

std::vector<ErrorMatch> match_error_text(std::string_view text) {
  return match_error_text(text, error_texts());
}

std::vector<ErrorMatch> match_error_text(std::string_view text, std::span<const ErrorText> table) {
  if (text.size() > kMaxErrorText) return {};
  std::vector<ErrorMatch> matches = match_plain_text(plain_error_text(text), table);
  if (names_cause(matches) || text.find('\n') == std::string_view::npos) return matches;
  // Copied from a terminal, whose lines end anywhere in a word.
  std::string joined;
  for (char c : text) {
    if (c != '\n' && c != '\r') joined += c;
  }
  std::vector<ErrorMatch> of_joined = match_plain_text(plain_error_text(joined), table);
  return names_cause(of_joined) ? of_joined : matches;
}

std::string cause_text(const ErrorMatch& match) {
  return fill_cause(match.error->cause, match.pieces);
}

}  // namespace outboard::compat
