// SPDX-License-Identifier: Apache-2.0
// The language of the patterns and causes in the tables of error texts (error_texts.h).
//
// A pattern is literal text, compared without regard to case over text whose runs of blanks are one
// blank; a pattern that begins or ends with a letter, a digit or '_' matches only whole words
// there. '*' between two pieces of text is the nearest 0 to 200 characters; at the beginning or the
// end it is the rest of the word. Several patterns of one row are separated by '|'.
//
// Braces stand around one value: "cannot stat {*nvidia*}: no such file" finds the whole name of the
// file. What a '*' in them stands for has no blank in it. "$1" in a cause is what the first braces
// of the pattern stood for, without quotes and punctuation around it; "$cuda1" is the CUDA version
// that this number means: 12040 is 12.4. A cause names them only in "[of version $1|of another
// version]": the second is for a match that found no such value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace outboard::compat {

struct PatternMatch {
  size_t begin = 0, end = 0, weight = 0;  ///< weight: literal characters that matched
  std::vector<std::string> pieces;        ///< what $1, $2 and so on stand for
};

/// One pattern against text that plain_error_text() made.
bool match_pattern(std::string_view plain_text, std::string_view pattern, PatternMatch* match);
/// The same, with text and pattern in lower case already.
bool match_lowered(std::string_view text, std::string_view lowered, std::string_view pattern,
                   PatternMatch* match);

/// A row's cause for what its pattern found, safe to print. No pieces: for any text that it fits.
std::string fill_cause(std::string_view cause, const std::vector<std::string>& pieces);

}  // namespace outboard::compat
