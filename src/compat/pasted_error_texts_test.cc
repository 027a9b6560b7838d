// SPDX-License-Identifier: Apache-2.0
// Error texts with what stands around them when they are pasted, and the row that explains each:
// test/compat/pasted_errors.csv.
#include <doctest/doctest.h>

#include "base/files.h"
#include "base/text.h"
#include "compat/csv.h"
#include "compat/error_texts.h"

using namespace outboard;
using namespace outboard::compat;

namespace {

std::vector<CsvRow> pasted_texts() {
  auto text = read_file(join_path(OUTBOARD_TEST_TABLES, "pasted_errors.csv"));
  REQUIRE(text);
  auto rows = parse_csv(*text, "id,text", "pasted_errors.csv");
  REQUIRE(rows);
  return *rows;
}

// "\n" in the table is the end of a line.
std::string with_lines(std::string_view text) {
  std::string out;
  for (size_t end; (end = text.find("\\n")) != std::string_view::npos;) {
    out += cat(text.substr(0, end), "\n");
    text.remove_prefix(end + 2);
  }
  return out += text;
}

}  // namespace

TEST_CASE("texts as they are pasted are explained by the row of their cause") {
  for (const CsvRow& row : pasted_texts()) {
    INFO(row.line, ": ", row.cells[1]);
    for (const std::string& text : {row.cells[1], with_lines(row.cells[1])}) {
      auto found = match_error_text(text);
      REQUIRE_FALSE(found.empty());
      CHECK(found.front().error->id == row.cells[0]);
    }
  }
}

TEST_CASE("what is found is the name alone, without what stands around it") {
  auto found = match_error_text(
      "Could not load dynamic library 'libcudnn.so.8'; dlerror: libcudnn.so.8: cannot open shared "
      "object file: No such file or directory");
  REQUIRE_FALSE(found.empty());
  CHECK(found.front().found == "libcudnn.so.8: cannot open shared object file");
}

TEST_CASE("an error of NVML that has a row of its own has that row alone") {
  for (const char* text : {"nvml error: driver not loaded: unknown",
                           "nvml error: insufficient permissions: unknown"}) {
    INFO(text);
    CHECK(match_error_text(text).size() == 1);
  }
}

TEST_CASE("a stale file of a driver has its whole name in the answer") {
  for (const CsvRow& row : pasted_texts()) {
    if (row.cells[0] != "cdi-stale-file") continue;
    INFO(row.line, ": ", row.cells[1]);
    const std::string cause = cause_text(match_error_text(row.cells[1]).front());
    INFO(cause);
    size_t at = cause.find("names '/usr/");
    REQUIRE(at != std::string::npos);
    std::string_view name = std::string_view(cause).substr(at + 7);
    name = name.substr(0, name.find('\''));
    CHECK((name.ends_with(".so.535.113.01") || name.ends_with("/nvidia-smi")));
  }
}
