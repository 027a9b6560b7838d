// SPDX-License-Identifier: Apache-2.0
#include "compat/error_pattern.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace outboard::compat {

namespace {

constexpr size_t kMaxGap = 200;
constexpr size_t kMaxValue = 120;  ///< of a value in a cause

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool edge_before(std::string_view text, size_t at) {
  return at == 0 || !is_word(text[at]) || !is_word(text[at - 1]);
}

bool edge_after(std::string_view text, size_t end) {
  return end == text.size() || !is_word(text[end - 1]) || !is_word(text[end]);
}

// What was found, without the punctuation around a name in a sentence.
std::string_view without_punctuation(std::string_view piece) {
  constexpr std::string_view kAround = " ,.;:\"'`)]}>([{<";
  size_t begin = piece.find_first_not_of(kAround);
  if (begin == std::string_view::npos) return {};
  return piece.substr(begin, piece.find_last_not_of(kAround) - begin + 1);
}

// Without what stands behind its closing quote, too: gpu=all of 'gpu=all","level":"error"'.
std::string_view one_value(std::string_view piece) {
  piece = without_punctuation(piece);
  return without_punctuation(piece.substr(0, piece.find_first_of("\"`")));
}

// A place in a pattern: so far into one of the texts between the stars.
struct Place {
  size_t part = 0, offset = 0;
};

struct Value {
  Place begin, end;
};

// A pattern without its braces. `parts` has at least one text; it is empty at an open end.
struct Pattern {
  std::vector<std::string> parts = {""};
  std::vector<Value> values;
};

Pattern parse(std::string_view text) {
  Pattern pattern;
  std::optional<Place> open;
  for (char c : text) {
    const Place here{pattern.parts.size() - 1, pattern.parts.back().size()};
    if (c == '*') {
      pattern.parts.emplace_back();
    } else if (c == '{') {
      open = here;
    } else if (c == '}') {
      if (open) pattern.values.push_back({*open, here});
      open.reset();
    } else {
      pattern.parts.back() += c;
    }
  }
  return pattern;
}

// Where each part of a pattern stands in the text.
using Begins = std::vector<size_t>;

// The parts from `first` to `last`, the first of them at `at`; each '*' is as short as it can be.
bool find_parts(std::string_view lowered, const std::vector<std::string>& parts, size_t first,
                size_t last, bool open_end, Begins& begins) {
  size_t end = begins[first] + parts[first].size();
  for (size_t i = first + 1; i <= last; i++) {
    std::string_view window = lowered.substr(end, kMaxGap + parts[i].size());
    size_t found = window.find(parts[i]);
    while (i == last && !open_end && found != std::string_view::npos &&
           !edge_after(lowered, end + found + parts[i].size()))
      found = window.find(parts[i], found + 1);
    if (found == std::string_view::npos) return false;
    begins[i] = end + found;
    end = begins[i] + parts[i].size();
  }
  return open_end || edge_after(lowered, end);
}

// What the braces stand for; false where a star in them would have a blank in it.
bool take_pieces(std::string_view text, const Pattern& pattern, const Begins& begins,
                 std::vector<std::string>& pieces) {
  pieces.clear();
  for (const Value& value : pattern.values) {
    for (size_t i = value.begin.part; i < value.end.part; i++) {
      size_t gap = begins[i] + pattern.parts[i].size();
      if (text.substr(gap, begins[i + 1] - gap).find(' ') != std::string_view::npos) return false;
    }
    size_t from = begins[value.begin.part] + value.begin.offset;
    size_t to = begins[value.end.part] + value.end.offset;
    pieces.emplace_back(one_value(text.substr(from, to - from)));
  }
  return true;
}

// "12040" is "12.4"; nothing for what is no such number.
std::string cuda_version(std::string_view number) {
  auto value = parse_number<unsigned>(number);
  if (!value || *value < 1000) return {};
  return cat(*value / 1000, ".", *value % 1000 / 10);
}

// `text` with what "$1" and "$cuda1" stand for; nothing when one of them was not found.
std::optional<std::string> filled(std::string_view text, const std::vector<std::string>& pieces) {
  constexpr std::string_view kCuda = "cuda";
  std::string out;
  for (size_t i = 0; i < text.size(); i++) {
    std::string_view rest = text.substr(i + 1);
    bool cuda = rest.substr(0, kCuda.size()) == kCuda;
    if (cuda) rest.remove_prefix(kCuda.size());
    if (text[i] != '$' || rest.empty() || rest[0] < '1' || rest[0] > '9') {
      out += text[i];
      continue;
    }
    size_t number = static_cast<size_t>(rest[0] - '1');
    std::string piece = number < pieces.size() ? pieces[number] : "";
    if (cuda) piece = cuda_version(piece);
    if (piece.empty()) return std::nullopt;
    out += cuda ? piece : cat("'", printable(piece, kMaxValue), "'");
    i += cuda ? kCuda.size() + 1 : 1;
  }
  return out;
}

}  // namespace

bool match_lowered(std::string_view text, std::string_view lowered, std::string_view pattern_text,
                   PatternMatch* match) {
  const Pattern pattern = parse(pattern_text);
  const std::vector<std::string>& parts = pattern.parts;
  bool open_begin = parts.size() > 1 && parts.front().empty();
  bool open_end = parts.size() > 1 && parts.back().empty();
  size_t first = open_begin ? 1 : 0;
  size_t last = parts.size() - (open_end ? 2 : 1);
  if (last >= parts.size() || first > last || parts[first].empty()) return false;
  Begins begins(parts.size());
  for (size_t at = lowered.find(parts[first]); at != std::string_view::npos;
       at = lowered.find(parts[first], at + 1)) {
    if (!open_begin && !edge_before(lowered, at)) continue;
    begins[first] = at;
    if (!find_parts(lowered, parts, first, last, open_end, begins)) continue;
    match->begin = at;
    match->end = begins[last] + parts[last].size();
    if (open_begin) {
      size_t blank = at == 0 ? std::string_view::npos : text.rfind(' ', at - 1);
      match->begin = begins.front() = blank == std::string_view::npos ? 0 : blank + 1;
    }
    if (open_end) match->end = begins.back() = std::min(text.find(' ', match->end), text.size());
    if (!take_pieces(text, pattern, begins, match->pieces)) continue;
    match->weight = 0;
    for (const std::string& part : parts) match->weight += part.size();
    return true;
  }
  return false;
}

bool match_pattern(std::string_view plain_text, std::string_view pattern, PatternMatch* match) {
  return match_lowered(plain_text, lower(plain_text), lower(pattern), match);
}

std::string fill_cause(std::string_view cause, const std::vector<std::string>& pieces) {
  std::string out;
  while (!cause.empty()) {
    size_t open = cause.find('[');
    size_t close = cause.find(']', std::min(open, cause.size()));
    if (close == std::string_view::npos) break;
    std::string_view inside = cause.substr(open + 1, close - open - 1);
    size_t bar = inside.find('|');
    // Brackets may stand in a cause for themselves.
    if (bar == std::string_view::npos || inside.find('$') >= bar) {
      out += cause.substr(0, open + 1);
      cause.remove_prefix(open + 1);
      continue;
    }
    auto with = filled(inside.substr(0, bar), pieces);
    out += cat(cause.substr(0, open), with ? *with : std::string(inside.substr(bar + 1)));
    cause.remove_prefix(close + 1);
  }
  return out += cause;
}

}  // namespace outboard::compat
