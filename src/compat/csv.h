// SPDX-License-Identifier: Apache-2.0
// The tables' file format: CSV as in RFC 4180, without line breaks in cells. Used at build time for
// the files in data/, and at run time for an administrator's own rows.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace outboard::compat {

struct CsvRow {
  size_t line = 0;
  std::vector<std::string> cells;
};

/// The cells of one line. The error names `name`:`line`.
Result<std::vector<std::string>> split_csv_line(std::string_view text, const std::string& name,
                                                size_t line);

/// The first line must be exactly `header`; every row must have as many cells. `name` is the file's
/// name in errors.
Result<std::vector<CsvRow>> parse_csv(std::string_view text, std::string_view header,
                                      const std::string& name);

enum class CellKind {
  kText,             ///< anything
  kName,             ///< anything but nothing
  kVersion,          ///< "12.8", "570.26": numbers with dots, at most four of nine digits
  kOptionalVersion,  ///< the same or nothing
  kRelease,          ///< "12.8": two numbers
  kOptionalRelease,
  kBranch,  ///< "570": one number, a driver's branch
  kOptionalBranch,
  kStatus,      ///< of forward_compat.csv
  kClass,       ///< of gpu_classes.csv
  kPciDevice,   ///< "0x2335"
  kConfidence,  ///< high, medium, low
};

/// A column; those with `key` tell rows apart.
struct Column {
  std::string_view name;
  CellKind kind = CellKind::kText;
  bool key = false;
};

/// A table as data/TABLE.csv has it.
struct TableFormat {
  std::string_view name;  ///< "forward_compat"
  std::span<const Column> columns;

  std::string header() const;
};

/// Why a row is wrong ("'x' is no driver branch"); nothing if it is right.
std::optional<std::string> row_fault(const TableFormat& format,
                                     const std::vector<std::string>& cells);

/// The row's cells in key columns, joined; equal keys mean the same row.
std::string row_key(const TableFormat& format, std::span<const std::string_view> cells);

/// Do two rows have the same key?
bool same_key(const TableFormat& format, std::span<const std::string_view> a,
              std::span<const std::string_view> b);

bool is_version(std::string_view text);

}  // namespace outboard::compat
