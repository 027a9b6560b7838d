// SPDX-License-Identifier: Apache-2.0
// What every fuzz target uses: a property that must hold, and taking an input apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace outboard::fuzz {

/// What the input that runs is called, if it has a name; for messages.
extern std::string current_input;

/// Prints the property and the two texts that show what is wrong, and aborts.
[[noreturn]] void violated(const char* property, const char* file, int line, std::string_view seen,
                           std::string_view expected);

/// FUZZ_REQUIRE(a == b); FUZZ_REQUIRE(a == b, text_of_a, text_of_b).
#define FUZZ_REQUIRE(condition, ...) \
  ((condition) ? void()              \
               : ::outboard::fuzz::violated_at(#condition, __FILE__, __LINE__, ##__VA_ARGS__))

[[noreturn]] inline void violated_at(const char* property, const char* file, int line,
                                     std::string_view seen = {}, std::string_view expected = {}) {
  violated(property, file, line, seen, expected);
}

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Takes and returns what stands before the next `separator`, or everything.
std::string_view take_until(std::string_view& text, std::string_view separator);

/// The input's lines as words of a command line.
std::vector<std::string> lines_of(std::string_view text);

/// An error's text and hint are lines that a terminal or a log can take: no control characters.
void require_readable(const Error& error);

/// True for one input of `n`, always the same ones, and for every input in a replay: for properties
/// that cost a process.
bool one_in(unsigned n, std::string_view input);

}  // namespace outboard::fuzz
