// SPDX-License-Identifier: Apache-2.0
// From data/errors_*.csv and the tables of doc/errors.md to the rows of error_texts.cc: used at
// build time by make_tables and by its tests, in no program. A row that is wrong in any way is an
// error with its line.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace outboard::compat {

inline constexpr std::string_view kErrorHeader =
    "id,printer,kind,pattern,codes,cause,check,mend,confidence,source,example";

/// Initialisers of ErrorText, in the order of `csv_files` (name and content), then Outboard's own
/// messages from `errors_md`: rows "| `MESSAGE` | WHY | WHAT TO DO |" whose message has "…" for
/// names and numbers.
Result<std::string> make_error_rows(
    const std::vector<std::pair<std::string, std::string>>& csv_files, std::string_view errors_md);

}  // namespace outboard::compat
