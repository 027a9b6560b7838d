// SPDX-License-Identifier: Apache-2.0
#include "compat/table_document.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "base/files.h"

using namespace outboard;

TEST_CASE("doc/compatibility-data.md is what the tables say") {
  std::string text = compat::table_document(compat::built_in_tables());
  if (const char* update = std::getenv("OUTBOARD_UPDATE_GOLDEN"); update && update[0] == '1')
    REQUIRE(replace_file(OUTBOARD_COMPATIBILITY_PAGE, text));
  auto page = read_file(OUTBOARD_COMPATIBILITY_PAGE);
  REQUIRE(page);
  CHECK((*page == text));
}

TEST_CASE("the page changes with a row") {
  compat::Tables tables = compat::built_in_tables();
  auto warnings = compat::add_rows(tables, "driver_branch_max_cuda.csv",
                                   "branch,max_cuda,kind,eol,note,confidence,source\n"
                                   "900,14.0,PB,,,low,a source of its own\n");
  REQUIRE(warnings.empty());
  std::string text = compat::table_document(tables);
  CHECK(text.find("| 900 | 14.0 | PB | | ") != std::string::npos);
  CHECK(text.find(". a source of its own\n") != std::string::npos);
  CHECK(text != compat::table_document(compat::built_in_tables()));
}
