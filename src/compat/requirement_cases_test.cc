// SPDX-License-Identifier: Apache-2.0
// The evaluator against tables that were written by reading: expressions by the grammar, and the
// expressions of NVIDIA's published CUDA images on a driver of every branch.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "base/files.h"
#include "base/text.h"
#include "compat/csv.h"
#include "compat/requirement.h"
#include "compat/tables.h"

using namespace outboard;
using namespace outboard::compat;

namespace {

std::string read_table(const char* name) {
  auto text = read_file(join_path(OUTBOARD_TEST_TABLES, name));
  REQUIRE(text);
  return *text;
}

std::optional<std::string> known(std::string_view cell) {
  if (cell.empty()) return std::nullopt;
  return std::string(cell);
}

std::string answer_of(Truth truth) {
  if (truth == Truth::kYes) return "yes";
  return truth == Truth::kNo ? "no" : "unknown";
}

// A driver of each branch and the CUDA version that its nvidia-smi prints.
struct Driver {
  const char *version, *cuda;
};
constexpr Driver kDrivers[] = {
    {"384.145", "9.0"},     {"387.34", "9.1"},      {"390.157", "9.1"},     {"396.82", "9.2"},
    {"410.129", "10.0"},    {"415.27", "10.0"},     {"418.226.00", "10.1"}, {"430.64", "10.1"},
    {"435.21", "10.1"},     {"440.118.02", "10.2"}, {"450.248.02", "11.0"}, {"455.45.01", "11.1"},
    {"460.106.00", "11.2"}, {"465.31", "11.3"},     {"470.256.02", "11.4"}, {"495.46", "11.5"},
    {"510.108.03", "11.6"}, {"515.105.01", "11.7"}, {"520.61.05", "11.8"},  {"525.147.05", "12.0"},
    {"530.41.03", "12.1"},  {"535.230.02", "12.2"}, {"545.29.06", "12.3"},  {"550.144.03", "12.4"},
    {"555.58.02", "12.5"},  {"560.35.05", "12.6"},  {"565.77", "12.7"},     {"570.124.06", "12.8"},
    {"575.64.05", "12.9"},  {"580.95.05", "13.0"},  {"590.48.01", "13.1"},  {"595.71.05", "13.2"},
    {"610.43.02", "13.3"}};

// NVML's names and what requirements call them.
const std::map<std::string, std::string> kBrands = {{"Tesla", "tesla"},
                                                    {"GeForce", "geforce"},
                                                    {"GeForce RTX", "geforcertx"},
                                                    {"Quadro", "quadro"},
                                                    {"Quadro RTX", "quadrortx"},
                                                    {"NVIDIA", "nvidia"},
                                                    {"NVIDIA RTX", "nvidiartx"},
                                                    {"Titan", "titan"},
                                                    {"Titan RTX", "titanrtx"},
                                                    {"GRID", "grid"},
                                                    {"NVIDIA vPC", "vpc"},
                                                    {"unknown", "unknown"}};

// The brands that "a10" and "b12" in the table's column stand for.
const std::map<std::string_view, std::vector<std::string_view>> kGroups = {
    {"tesla", {"tesla"}},
    {"a10",
     {"tesla", "unknown", "nvidia", "nvidiartx", "geforce", "geforcertx", "quadro", "quadrortx",
      "titan", "titanrtx"}},
    {"b12",
     {"unknown", "grid", "tesla", "nvidia", "quadro", "quadrortx", "nvidiartx", "vapps", "vpc",
      "vcs", "vws", "cloudgaming"}}};

// "tesla:418|440;any:450+": older drivers that an image admits too, by brand; "450+" and newer.
bool admits(std::string_view list, std::string_view branch, std::string_view brand) {
  for (std::string_view part : split(list, ';')) {
    std::string_view group = part.substr(0, part.find(':'));
    std::string_view branches = part.substr(part.find(':') + 1);
    if (branches.back() == '+') {
      branches.remove_suffix(1);
      REQUIRE(group == "any");
      if (compare_versions(branch, branches) >= 0) return true;
      continue;
    }
    if (group != "any") {
      const auto& brands = kGroups.at(group);
      if (std::find(brands.begin(), brands.end(), brand) == brands.end()) continue;
    }
    for (std::string_view one : split(branches, '|')) {
      if (one == branch) return true;
    }
  }
  return false;
}

}  // namespace

TEST_CASE("expressions by the grammar") {
  size_t cases = 0;
  std::string text = read_table("expressions.txt");
  for (std::string_view line : split(text, '\n')) {
    if (line.empty() || line.front() == '#') continue;
    auto cells = split(line, '|');
    INFO(std::string(line));
    REQUIRE(cells.size() == 6);
    cases++;
    auto parsed = parse_requirement("X", cells[0]);
    if (cells[5].substr(0, 3) == "at ") {
      REQUIRE_FALSE(parsed);
      CHECK(parsed.error().code == ErrorCode::kUsage);
      auto place = parse_number<size_t>(cells[5].substr(3));
      REQUIRE(place);
      std::string marked = cat("at '", cells[0].substr(0, *place), "^", cells[0].substr(*place));
      INFO(parsed.error().text);
      CHECK(parsed.error().text.find(marked) != std::string::npos);
      continue;
    }
    REQUIRE(parsed);
    Offer offer;
    if (!cells[1].empty()) {
      bool at_least = cells[1].back() == '+';
      offer.cuda =
          KnownVersion{std::string(cells[1].substr(0, cells[1].size() - at_least)), at_least};
    }
    offer.driver = known(cells[2]);
    offer.has_gpu = cells[3] != "none";
    if (offer.has_gpu) offer.arch = known(cells[3]);
    offer.brand = known(cells[4]);
    CHECK(answer_of(holds(*parsed, offer)) == cells[5]);
  }
  CHECK(cases >= 150);
}

TEST_CASE("the drivers of these cases are one of every branch from 384 to 610") {
  size_t branches = 0;
  for (const BranchRow& row : built_in_tables().branches) {
    if (compare_padded(row.branch, "384") < 0 || compare_padded(row.branch, "610") > 0) continue;
    branches++;
    auto driver = std::find_if(std::begin(kDrivers), std::end(kDrivers), [&](const Driver& one) {
      return split(one.version, '.')[0] == row.branch;
    });
    INFO(std::string(row.branch));
    REQUIRE(driver != std::end(kDrivers));
    CHECK(driver->cuda == row.cuda);
  }
  CHECK(branches == std::size(kDrivers));
}

TEST_CASE("published images on a driver of every branch") {
  auto rows = parse_csv(read_table("image_requirements.csv"), "image,expression,also,source",
                        "image_requirements.csv");
  REQUIRE(rows);
  size_t yes = 0, no = 0;
  for (const CsvRow& row : *rows) {
    const std::string &image = row.cells[0], &also = row.cells[2];
    auto parsed = parse_requirement("NVIDIA_REQUIRE_CUDA", row.cells[1]);
    REQUIRE(parsed);
    auto numbers = split(std::string_view(image).substr(0, image.find(' ')), '.');
    std::string release = cat(numbers[0], ".", numbers[1]);
    CHECK(lowest_cuda(*parsed) == release);
    for (const Driver& driver : kDrivers) {
      std::string_view version = driver.version;
      std::string_view branch = version.substr(0, version.find('.'));
      bool newer = compare_versions(driver.cuda, release) >= 0;
      for (const auto& named : kBrands) {
        const auto& name = named.first;
        const auto& brand = named.second;
        INFO(image, " on driver ", version, ", brand ", name);
        bool expected = newer || admits(also, branch, brand);
        Offer offer{KnownVersion{driver.cuda, false}, driver.version, "9.0", name, true};
        CHECK(answer_of(holds(*parsed, offer)) == (expected ? "yes" : "no"));
        (expected ? yes : no)++;
        // Without the brand the answer is the same or not known.
        offer.brand = std::nullopt;
        Truth without = holds(*parsed, offer);
        CHECK((without == Truth::kUnknown || (without == Truth::kYes) == expected));
        CHECK(depends_on_brand(*parsed, offer) == (without == Truth::kUnknown));
      }
    }
  }
  CHECK(rows->size() >= 32);
  CHECK(yes > 1000);
  CHECK(no > 1000);
}
