// SPDX-License-Identifier: Apache-2.0
// An error text that somebody pasted: what is found stands in it, the best comes first, and nothing
// of it commands the terminal. With "p" in front, its first line is a pattern for the rest.
#include "base/text.h"
#include "compat/error_texts.h"
#include "require.h"

using namespace outboard;
using namespace outboard::fuzz;

static void check_pattern(std::string_view text) {
  std::string_view pattern = take_until(text, "\n");
  const std::string plain = compat::plain_error_text(text);
  compat::PatternMatch match;
  if (!compat::match_pattern(plain, pattern, &match)) return;
  FUZZ_REQUIRE(match.begin <= match.end && match.end <= plain.size());
  size_t braces = 0;
  for (char c : pattern) braces += c == '{' ? 1 : 0;
  FUZZ_REQUIRE(match.weight > 0 && match.weight <= pattern.size());
  FUZZ_REQUIRE(match.pieces.size() <= braces, pattern);
  for (const std::string& piece : match.pieces)
    FUZZ_REQUIRE(plain.find(piece) != std::string::npos, piece, plain);
}

static void check_text(std::string_view text) {
  const std::string plain = compat::plain_error_text(text);
  FUZZ_REQUIRE(plain.size() <= text.size());
  for (size_t i = 0; i < plain.size(); i++) {
    FUZZ_REQUIRE(static_cast<unsigned char>(plain[i]) >= 0x20 && plain[i] != '\x7f', plain);
    FUZZ_REQUIRE(plain[i] != ' ' || i == 0 || plain[i - 1] != ' ', plain);
  }
  auto matches = compat::match_error_text(text);
  for (size_t i = 0; i < matches.size(); i++) {
    const compat::ErrorMatch& match = matches[i];
    FUZZ_REQUIRE(match.error != nullptr && match.weight > 0);
    const std::string cause = compat::cause_text(match);
    FUZZ_REQUIRE(!cause.empty() && printable(cause, std::string::npos) == cause, cause);
    if (i == 0) continue;
    const compat::ErrorMatch& before = matches[i - 1];
    FUZZ_REQUIRE(before.error != match.error);
    FUZZ_REQUIRE(!before.error->wrapper || match.error->wrapper);
    if (before.error->wrapper == match.error->wrapper) FUZZ_REQUIRE(before.weight >= match.weight);
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = text_of(data, size);
  if (!text.empty() && text[0] == 'p') check_pattern(text.substr(1));
  check_text(text);
  return 0;
}
