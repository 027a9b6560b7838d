// SPDX-License-Identifier: Apache-2.0
// Build-time program: make_tables DATA_DIRECTORY OUTPUT_DIRECTORY writes gpu_rows.inc and
// driver_rows.inc from the CSV files, or fails with the line that is wrong.
#include <cstdio>

#include "base/files.h"
#include "compat/table_source.h"

using namespace outboard;

static Result<void> make_tables(const std::string& data, const std::string& output) {
  OB_TRY(std::string gpus, read_file(join_path(data, "pci_gpus.csv")));
  OB_TRY(std::string chips, read_file(join_path(data, "gpu_chips.csv")));
  OB_TRY(std::string branches, read_file(join_path(data, "driver_branch_max_cuda.csv")));
  OB_TRY(std::string gpu_rows, compat::make_gpu_rows(gpus, chips));
  OB_TRY(std::string driver_rows, compat::make_driver_rows(branches));
  OB_CHECK(make_directories(output));
  OB_CHECK(replace_file(join_path(output, "gpu_rows.inc"), gpu_rows));
  return replace_file(join_path(output, "driver_rows.inc"), driver_rows);
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
