// SPDX-License-Identifier: Apache-2.0
#include "require.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace outboard::fuzz {

std::string current_input;

void violated(const char* property, const char* file, int line, std::string_view seen,
              std::string_view expected) {
  std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, property);
  if (!current_input.empty()) std::fprintf(stderr, "input:    %s\n", current_input.c_str());
  if (!seen.empty())
    std::fprintf(stderr, "seen:     %.*s\n", static_cast<int>(seen.size()), seen.data());
  if (!expected.empty())
    std::fprintf(stderr, "expected: %.*s\n", static_cast<int>(expected.size()), expected.data());
  std::abort();
}

std::string_view take_until(std::string_view& text, std::string_view separator) {
  size_t at = text.find(separator);
  std::string_view taken = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + separator.size());
  return taken;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) lines.emplace_back(take_until(text, "\n"));
  return lines;
}

void require_readable(const Error& error) {
  FUZZ_REQUIRE(!error.text.empty());
  for (const std::string* text : {&error.text, &error.hint}) {
    FUZZ_REQUIRE(std::none_of(text->begin(), text->end(),
                              [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }),
                 *text);
  }
}

bool one_in([[maybe_unused]] unsigned n, [[maybe_unused]] std::string_view input) {
#ifdef OUTBOARD_FUZZ_REPLAY
  return true;
#else
  uint32_t hash = 2166136261U;  // FNV-1a
  for (char c : input) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash % n == 0;
#endif
}

}  // namespace outboard::fuzz
