// SPDX-License-Identifier: Apache-2.0
// Small operations on text: joining, splitting, numbers, nearest names, and making foreign text
// safe to print.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace outboard {

inline void append_piece(std::string& out, std::string_view piece) {
  out += piece;
}
inline void append_piece(std::string& out, char piece) {
  out += piece;
}
template <typename T>
requires std::is_integral_v<T>
void append_piece(std::string& out, T number) {
  char digits[24];
  auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

/// cat("minor ", 3, " of '", path, "'"): the pieces one after another. Takes text, characters and
/// integers.
template <typename... Pieces>
std::string cat(const Pieces&... pieces) {
  std::string out;
  (append_piece(out, pieces), ...);
  return out;
}

/// Splits at every separator; empty pieces are kept ("a,,b" gives three), an empty text gives none.
std::vector<std::string_view> split(std::string_view text, char separator);
/// Splits at runs of white space; no empty pieces.
std::vector<std::string_view> words(std::string_view text);
std::string_view trim(std::string_view text);
std::string join(const std::vector<std::string>& pieces, std::string_view separator);
std::string lower(std::string_view text);
bool is_digits(std::string_view text);

/// The whole text as a number, else nothing; no sign prefix "+", no white space, overflow is
/// nothing.
template <typename T>
std::optional<T> parse_number(std::string_view text, int base = 10) {
  T value{};
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (failure != std::errc{} || end != text.data() + text.size() || text.empty())
    return std::nullopt;
  return value;
}

/// Orders dotted versions by number ("535.9" < "535.104.05"): negative, 0 or positive. Text that is
/// no number compares as text.
int compare_versions(std::string_view a, std::string_view b);

/// Of `names` the ones close to `wrong` (edit distance at most a third of its length, at least 1),
/// best first, at most three.
std::vector<std::string> nearest_names(std::string_view wrong,
                                       const std::vector<std::string>& names);

/// Foreign text made safe for a terminal or a log line: control characters and invalid bytes as
/// \xNN, cut after `limit` bytes with "...".
std::string printable(std::string_view text, size_t limit = 200);

}  // namespace outboard
