// SPDX-License-Identifier: Apache-2.0
#include "compat/error_document.h"

#include <algorithm>

#include "base/text.h"

namespace outboard::compat {

namespace {

constexpr std::string_view kBeginning =
    "# Error texts of other programs\n"
    "\n"
    "What `outboard explain --error TEXT` knows, beside Outboard's own messages (`errors.md`). "
    "Generated from the tables in `data`.\n"
    "In a pattern `*` is any text of up to 200 characters; upper and lower case are the same, and "
    "so are one blank and several. "
    "Braces stand around what the answer names.\n"
    "A code, `cuda 804`, is found in \"CUDA error 804\" and the like.\n";

// A cell of a table may hold no '|', and what would be read as markup is not.
std::string cell(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '|' || c == '<' || c == '*' || c == '_' || c == '\\' || c == '`') out += '\\';
    out += c;
  }
  return out;
}

std::string found_by(const ErrorText& error) {
  std::vector<std::string> ways;
  for (std::string_view pattern : split(error.patterns, '|')) ways.push_back(cell(pattern));
  for (std::string_view code : split(error.codes, '|')) ways.push_back(std::string(code));
  return join(ways, "<br>");
}

std::string row(const ErrorText& error) {
  std::string mend = cell(error.mend);
  if (!error.check.empty()) mend = cat("check: ", cell(error.check), "<br>", mend);
  return cat("| ", error.id, " | ", found_by(error), " | ", cell(fill_cause(error.cause, {})),
             " | ", mend, " | ", cell(error.source), " (", error.confidence, ") |\n");
}

}  // namespace

std::string error_document(std::span<const ErrorText> errors) {
  std::vector<std::string_view> printers;
  for (const ErrorText& error : errors) {
    if (error.printer != "outboard" &&
        std::find(printers.begin(), printers.end(), error.printer) == printers.end())
      printers.push_back(error.printer);
  }
  std::string out(kBeginning);
  for (std::string_view printer : printers) {
    out += cat("\n## ", printer,
               "\n\n| id | found by | cause | check and mend | source |\n|---|---|---|---|---|\n");
    for (const ErrorText& error : errors) {
      if (error.printer == printer) out += row(error);
    }
  }
  return out;
}

}  // namespace outboard::compat
