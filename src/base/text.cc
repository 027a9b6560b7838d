// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <algorithm>
#include <cctype>

namespace outboard {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  if (text.empty()) return pieces;
  pieces.reserve(8);
  while (true) {
    size_t at = text.find(separator);
    pieces.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return pieces;
    text.remove_prefix(at + 1);
  }
}

static bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> pieces;
  size_t i = 0;
  while (i < text.size()) {
    while (i < text.size() && is_space(text[i])) i++;
    size_t start = i;
    while (i < text.size() && !is_space(text[i])) i++;
    if (i > start) pieces.push_back(text.substr(start, i - start));
  }
  return pieces;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string join(const std::vector<std::string>& pieces, std::string_view separator) {
  std::string out;
  for (size_t i = 0; i < pieces.size(); i++) {
    if (i > 0) out += separator;
    out += pieces[i];
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int compare_versions(std::string_view a, std::string_view b) {
  auto left = split(a, '.'), right = split(b, '.');
  for (size_t i = 0; i < std::max(left.size(), right.size()); i++) {
    if (i >= left.size()) return -1;
    if (i >= right.size()) return 1;
    auto x = parse_number<uint64_t>(left[i]), y = parse_number<uint64_t>(right[i]);
    if (x && y) {
      if (*x != *y) return *x < *y ? -1 : 1;
    } else if (int order = left[i].compare(right[i]); order != 0) {
      return order;
    }
  }
  return 0;
}

static size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); j++) row[j] = j;
  for (size_t i = 1; i <= a.size(); i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); j++) {
      size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::vector<std::string> nearest_names(std::string_view wrong,
                                       const std::vector<std::string>& names) {
  // The distance is quadratic, and `wrong` can come from a hostile image: nothing is near to a very
  // long name.
  if (wrong.size() > 100) return {};
  std::string needle = lower(wrong);
  size_t limit = std::max<size_t>(1, needle.size() / 3);
  std::vector<std::pair<size_t, std::string>> near;
  for (const std::string& name : names) {
    if (name.size() > 100) continue;
    std::string candidate = lower(name);
    size_t distance = edit_distance(needle, candidate);
    if (needle.size() >= 3 && candidate.compare(0, needle.size(), needle) == 0) distance = 0;
    if (distance <= limit) near.emplace_back(distance, name);
  }
  std::stable_sort(near.begin(), near.end(),
                   [](const auto& x, const auto& y) { return x.first < y.first; });
  std::vector<std::string> best;
  for (size_t i = 0; i < near.size() && i < 3; i++) best.push_back(near[i].second);
  return best;
}

// The length of the UTF-8 sequence at `at`, or 0 where there is none that is valid.
static size_t utf8_length(std::string_view text, size_t at) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = byte(at);
  size_t length = lead < 0x80   ? 1
                  : lead < 0xC2 ? 0
                  : lead < 0xE0 ? 2
                  : lead < 0xF0 ? 3
                  : lead < 0xF5 ? 4
                                : 0;
  if (length == 0 || at + length > text.size()) return 0;
  for (size_t i = 1; i < length; i++) {
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
  }
  // U+0080 to U+009F are control characters to many terminals.
  if (lead == 0xC2 && byte(at + 1) < 0xA0) return 0;
  return length;
}

std::string printable(std::string_view text, size_t limit) {
  static const char kHex[] = "0123456789abcdef";
  bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7F; });
  if (plain && text.size() <= limit) return std::string(text);
  std::string out;
  for (size_t i = 0; i < text.size();) {
    if (out.size() >= limit) return out + "...";
    size_t length = utf8_length(text, i);
    unsigned char c = static_cast<unsigned char>(text[i]);
    if (length == 0 || c < 0x20 || c == 0x7F) {
      out += {'\\', 'x', kHex[c >> 4], kHex[c & 15]};
      i++;
    } else {
      out += text.substr(i, length);
      i += length;
    }
  }
  return out;
}

}  // namespace outboard
