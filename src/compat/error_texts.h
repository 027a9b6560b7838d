// SPDX-License-Identifier: Apache-2.0
// Error texts that other programs print when a container has no GPU, and what is behind them: from
// the data/errors_*.csv files, data/xid.csv and doc/errors.md (our own), compiled in. A text is
// found by patterns (error_pattern.h) and by codes.
//
// A code is "cuda 804", "nvml 18" or "xid 79". It is found where the program that counts so is
// named in front of the number ("CUDA error 804", "cuInit returned 999", "Xid (PCI:0000:41:00):
// 79"), and in a text that is nothing but the number.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compat/error_pattern.h"

namespace outboard::compat {

struct ErrorText {
  std::string_view id;        ///< "cuda-804"; stable, for scripts
  std::string_view printer;   ///< who prints it: "docker", "cuda", "kernel"
  bool wrapper = false;       ///< stands around the text of the cause; never the best answer to it
  std::string_view patterns;  ///< lower case, separated by '|'; may be empty
  std::string_view codes;     ///< separated by '|'; may be empty
  std::string_view cause;     ///< one or two sentences; fill_cause() puts in what was found
  std::string_view check;     ///< commands that show whether this is it; may be empty
  std::string_view mend;      ///< what ends it
  std::string_view confidence;  ///< "high", "medium" or "low"
  std::string_view source;      ///< where the row's facts come from
  std::string_view example;     ///< a text that it was seen in
};

/// Those of the CSV files of error texts and of doc/errors.md.
std::span<const ErrorText> written_error_texts();
/// The whole table: those, and the Xids of data/xid.csv (xid_texts.h).
std::span<const ErrorText> error_texts();

struct ErrorMatch {
  const ErrorText* error = nullptr;
  size_t weight = 0;                ///< literal characters that matched
  std::string found;                ///< the part of the text that matched
  std::vector<std::string> pieces;  ///< what "$1" and so on stand for
};

/// Longest text that is looked at, in bytes.
inline constexpr size_t kMaxErrorText = size_t{256} << 10;

/// The text as it is compared: one line, runs of blanks as one, without colours of a terminal,
/// control characters, and the backslashes and \u003e that JSON and logs put in.
std::string plain_error_text(std::string_view text);

/// Every row that matches, best first: rows that name a cause before wrappers, then the longer
/// match, then the order of the table. A text whose lines a terminal broke within words is put
/// together. Nothing for text longer than kMaxErrorText.
std::vector<ErrorMatch> match_error_text(std::string_view text);
/// The same in a table that lives as long as the matches.
std::vector<ErrorMatch> match_error_text(std::string_view text, std::span<const ErrorText> table);

/// The row's cause with what was found in it, safe to print.
std::string cause_text(const ErrorMatch& match);

/// The codes that a text names, "cuda 804", in their order and each once.
std::vector<std::string> codes_in(std::string_view plain_text);

}  // namespace outboard::compat
