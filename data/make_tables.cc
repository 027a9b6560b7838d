// SPDX-License-Identifier: Apache-2.0
// Build-time program: make_tables DATA_DIRECTORY OUTPUT_DIRECTORY writes C++ rows (TABLE.inc)
// from the CSV files and doc/errors.md, or fails with the line that is wrong.
#include <cstdio>

#include "base/files.h"
#include "base/text.h"
#include "compat/error_source.h"
#include "compat/table_source.h"
#include "compat/tables.h"

using namespace outboard;

static Result<std::string> error_rows(const std::string& data) {
  std::vector<std::pair<std::string, std::string>> files;
  for (const char* name :
       {"errors_engines.csv", "errors_toolkit.csv", "errors_cuda.csv", "errors_programs.csv"}) {
    OB_TRY(std::string content, read_file(join_path(data, name)));
    files.emplace_back(name, std::move(content));
  }
  OB_TRY(std::string own, read_file(join_path(data, "../doc/errors.md")));
  return compat::make_error_rows(files, own);
}

static Result<void> make_tables(const std::string& data, const std::string& output) {
  OB_TRY(std::string gpus, read_file(join_path(data, "pci_gpus.csv")));
  OB_TRY(std::string chips, read_file(join_path(data, "gpu_chips.csv")));
  OB_TRY(std::string gpu_rows, compat::make_gpu_rows(gpus, chips));
  OB_TRY(std::string errors, error_rows(data));
  OB_CHECK(make_directories(output));
  OB_CHECK(replace_file(join_path(output, "error_rows.inc"), errors));
  OB_CHECK(replace_file(join_path(output, "gpu_rows.inc"), gpu_rows));
  for (const compat::TableFormat& format : compat::table_formats()) {
    OB_TRY(std::string csv, read_file(join_path(data, cat(format.name, ".csv"))));
    OB_TRY(std::string rows, compat::make_rows(format, csv));
    OB_CHECK(replace_file(join_path(output, cat(format.name, ".inc")), rows));
  }
  return {};
}

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: make_tables DATA_DIRECTORY OUTPUT_DIRECTORY\n");
    return 2;
  }
  auto done = make_tables(argv[1], argv[2]);
  if (!done) std::fprintf(stderr, "make_tables: %s\n", done.error().text.c_str());
  return done ? 0 : 1;
}
