// SPDX-License-Identifier: Apache-2.0
// Known verdicts, each with its source in the table; none was taken from what this code answers.
#include <doctest/doctest.h>

#include "base/files.h"
#include "base/text.h"
#include "compat/csv.h"
#include "compat/forward.h"
#include "compat/verdict.h"

using namespace outboard;
using namespace outboard::compat;

namespace {

std::vector<CsvRow> rows_of(const char* name, const char* header) {
  auto text = read_file(join_path(OUTBOARD_TEST_TABLES, name));
  REQUIRE(text);
  auto rows = parse_csv(*text, header, name);
  REQUIRE(rows);
  return *rows;
}

GpuClass class_named(std::string_view name) {
  if (name == "data-center") return GpuClass::kDataCenter;
  if (name == "ngc-ready") return GpuClass::kNgcReady;
  if (name == "workstation") return GpuClass::kWorkstation;
  if (name == "consumer") return GpuClass::kConsumer;
  CHECK(name == "unknown");
  return GpuClass::kUnknown;
}

}  // namespace

TEST_CASE("known verdicts: toolkit, driver, GPU") {
  auto rows =
      rows_of("known_verdicts.csv", "toolkit,driver,compute_capability,class,verdict,source");
  CHECK(rows.size() >= 100);
  for (const CsvRow& row : rows) {
    GpuTraits gpu{"the GPU", row.cells[2], class_named(row.cells[3])};
    Judgement judged =
        judge_toolkit(built_in_tables(), row.cells[0], {row.cells[1], std::nullopt}, gpu);
    INFO("known_verdicts.csv:", row.line, ": ", join(row.cells, " "), ": ", judged.reason);
    CHECK(verdict_name(judged.verdict) == row.cells[4]);
    CHECK_FALSE(judged.reason.empty());
    if (judged.verdict == Verdict::kFull) CHECK(judged.ways_out.empty());
    if (judged.verdict == Verdict::kNo || judged.verdict == Verdict::kMinor)
      CHECK_FALSE(judged.ways_out.empty());
    if (judged.verdict != Verdict::kUnknown) CHECK_FALSE(judged.source.empty());
  }
}

TEST_CASE("known decisions about forward compatibility") {
  auto rows = rows_of("known_forward.csv", "compat_version,driver,class,answer,source");
  for (const CsvRow& row : rows) {
    GpuTraits gpu{"the GPU", "9.0", class_named(row.cells[2])};
    ForwardAnswer answer = judge_forward(built_in_tables(), row.cells[0], row.cells[1], {gpu});
    INFO("known_forward.csv:", row.line, ": ", join(row.cells, " "), ": ", answer.reason);
    CHECK(answer.allowed == (row.cells[3] == "allowed"));
    CHECK(answer.loadable == (row.cells[3] != "older"));
    CHECK_FALSE(answer.reason.empty());
  }
  // One GPU that may not is enough; none is no obstacle.
  GpuTraits server{"GPU 0", "9.0", GpuClass::kDataCenter},
      desk{"GPU 1", "8.9", GpuClass::kConsumer};
  const Tables& tables = built_in_tables();
  CHECK_FALSE(judge_forward(tables, "580.95.05", "535.104.05", {server, desk}).allowed);
  CHECK(judge_forward(tables, "580.95.05", "535.104.05", {}).allowed);
  for (const char* odd : {"", "x", "580.95.05-1", "1"}) {
    CHECK_FALSE(judge_forward(tables, odd, "535.104.05", {server}).allowed);
    CHECK_FALSE(judge_forward(tables, "580.95.05", odd, {server}).allowed);
  }
}

TEST_CASE(
    "compat libraries that are newer than the tables are taken for the newest that they know") {
  GpuTraits server{"GPU 0", "9.0", GpuClass::kDataCenter};
  ForwardAnswer answer = judge_forward(built_in_tables(), "999.1", "580.65.06", {server});
  CHECK(answer.allowed);
  CHECK(answer.reason.find("999.1, which is not in the tables") != std::string::npos);
  CHECK_FALSE(judge_forward(built_in_tables(), "999.1", "999.1", {server}).allowed);
}

TEST_CASE("more driver never makes a verdict worse on a GPU that all drivers know") {
  const Tables& tables = built_in_tables();
  for (const ToolkitRow& toolkit : tables.toolkits) {
    for (const char* capability : {"7.5", "8.9", "9.0"}) {
      GpuTraits gpu{"the GPU", capability, GpuClass::kConsumer};
      Verdict before = Verdict::kNo;
      for (const BranchRow& branch : tables.branches) {
        Verdict now = judge_toolkit(tables, toolkit.version,
                                    {cat(branch.branch, ".999.99"), std::nullopt}, gpu)
                          .verdict;
        INFO(std::string(toolkit.version), " on branch ", std::string(branch.branch));
        CHECK(now >= before);
        before = now;
      }
      CHECK(before == Verdict::kFull);
    }
  }
}
