// SPDX-License-Identifier: Apache-2.0
// From the CSV files in data/ to C++ rows: used at build time by make_tables and by its tests, in
// no program. A row that is wrong in any way is an error with its line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace outboard::compat {

struct CsvRow {
  size_t line = 0;
  std::vector<std::string> cells;
};

/// RFC 4180 without line breaks in cells. The first line must be exactly `header`; every row must
/// have as many cells. `name` is the file's name in errors.
Result<std::vector<CsvRow>> parse_csv(std::string_view text, std::string_view header,
                                      const std::string& name);

/// Initialisers of GpuModel, sorted by id.
Result<std::string> make_gpu_rows(std::string_view gpus_csv, std::string_view chips_csv);
/// Initialisers of a branch and its CUDA version, sorted by branch.
Result<std::string> make_driver_rows(std::string_view branches_csv);

}  // namespace outboard::compat
