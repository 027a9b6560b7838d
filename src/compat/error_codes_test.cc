// SPDX-License-Identifier: Apache-2.0
// Every error code of CUDA's and NVML's headers, with the name and the text that their own
// libraries print for it, finds a row that is about it: test/compat/cuda_codes.csv and
// nvml_codes.csv.
#include <doctest/doctest.h>

#include "base/files.h"
#include "base/text.h"
#include "compat/csv.h"
#include "compat/error_texts.h"

using namespace outboard;
using namespace outboard::compat;

namespace {

std::vector<CsvRow> rows_of(const char* name, std::string_view header) {
  auto text = read_file(join_path(OUTBOARD_TEST_TABLES, name));
  REQUIRE(text);
  auto rows = parse_csv(*text, header, name);
  REQUIRE(rows);
  return *rows;
}

std::string best(std::string_view text) {
  auto found = match_error_text(text);
  return found.empty() ? "" : std::string(found.front().error->id);
}

std::string row_of_code(std::string_view code) {
  for (const ErrorText& error : error_texts()) {
    for (std::string_view known : split(error.codes, '|')) {
      if (known == code) return std::string(error.id);
    }
  }
  return "";
}

}  // namespace

TEST_CASE("every error of CUDA's driver and runtime is explained by name, text and number") {
  auto rows = rows_of("cuda_codes.csv", "code,driver_api,runtime_api,text,source");
  CHECK(rows.size() >= 130);
  for (const CsvRow& row : rows) {
    const std::string &code = row.cells[0], &driver = row.cells[1], &runtime = row.cells[2];
    INFO(code, " ", driver, " ", runtime);
    const std::string id = best(driver.empty() ? runtime : driver);
    CHECK(id != "");
    if (!runtime.empty()) CHECK(best(runtime) == id);
    // Frameworks print the text so. 300 has the text of 200.
    if (!row.cells[3].empty())
      CHECK(best(cat("CUDA error: ", row.cells[3])) == (code == "300" ? "cuda-200" : id));
    // Numbers that meant something else before CUDA 10.1, and no CUDA since 5.0 or only 13.3
    // returns with the new meaning; 10000 is no number that stands in a text.
    if (code == "6" || code == "7" || code == "8" || code == "10" || code == "10000") continue;
    CHECK(row_of_code("cuda " + code) == id);
    CHECK(best(cat("CUDA error ", code)) == id);
  }
}

TEST_CASE("every error of NVML is explained by name, text and number") {
  auto rows = rows_of("nvml_codes.csv", "code,name,text,source");
  CHECK(rows.size() >= 31);
  for (const CsvRow& row : rows) {
    INFO(row.cells[1]);
    const std::string id = "nvml-" + row.cells[0];
    CHECK(best(row.cells[1]) == id);
    CHECK(best(cat("NVML error ", row.cells[0])) == id);
    if (!row.cells[2].empty()) CHECK(best(cat("Failed to initialize NVML: ", row.cells[2])) == id);
  }
}
