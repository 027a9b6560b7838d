// SPDX-License-Identifier: Apache-2.0
// From the CSV files in data/ to C++ rows: used at build time by make_tables and by its tests, in
// no program. A row that is wrong in any way is an error with its line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "compat/csv.h"

namespace outboard::compat {

/// "NAME:LINE: WHY".
Error table_error(const std::string& name, size_t line, std::string_view why);
/// A C++ string literal of plain ASCII; nothing for other text, which has no place in these tables.
std::optional<std::string> cpp_literal(std::string_view text);
/// "high", "medium" or "low".
bool is_confidence(std::string_view text);

/// Initialisers of GpuModel, sorted by id.
Result<std::string> make_gpu_rows(std::string_view gpus_csv, std::string_view chips_csv);

/// A table's cells, row after row, as one string literal with the character 037 after each: a
/// fourth of the size of an array of texts in a position-independent program. Two rows with one key
/// are an error.
Result<std::string> make_rows(const TableFormat& format, std::string_view csv);

}  // namespace outboard::compat
