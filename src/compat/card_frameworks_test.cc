// SPDX-License-Identifier: Apache-2.0
#include "compat/card_frameworks.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "compat/requirement.h"

using namespace outboard;
using namespace outboard::compat;

namespace {

// Wheels of PyTorch: version, CUDA, architectures.
struct Wheel {
  const char *version, *cuda, *architectures;
};

std::string newest(const std::vector<Wheel>& wheels, std::string_view capability) {
  Tables tables = built_in_tables();
  tables.pytorch.clear();
  for (const Wheel& wheel : wheels) {
    PytorchRow row;
    row.version = wheel.version;
    row.cuda = wheel.cuda;
    row.architectures = wheel.architectures;
    tables.pytorch.push_back(row);
  }
  auto found = newest_for_card(tables, Framework::kPytorch, capability);
  if (!found) return "none";
  return cat(found->build.version, " ", found->build.cuda,
             found->code == GpuCode::kPtx ? " PTX" : "", found->newest ? " newest" : "");
}

}  // namespace

TEST_CASE("the newest release with machine code for a card, and with PTX only of the newest") {
  const std::vector<Wheel> wheels = {{"2.0.1", "11.7", "3.7 5.0 6.0 7.0"},
                                     {"2.1.0", "11.8", "3.7 5.0 9.0"},
                                     {"2.1.0", "12.1", "5.0 9.0"},
                                     {"2.2.0", "12.8", "7.5 9.0 10.0+PTX"},
                                     {"2.2.0", "12.6", "5.0 9.0"}};
  CHECK(newest(wheels, "3.7") == "2.1.0 11.8");
  CHECK(newest(wheels, "5.0") == "2.2.0 12.6 newest");
  CHECK(newest(wheels, "6.1") == "2.0.1 11.7");
  CHECK(newest(wheels, "9.0") == "2.2.0 12.8 newest");
  CHECK(newest(wheels, "12.0") == "2.2.0 12.8 PTX newest");
  CHECK(newest(wheels, "3.5") == "none");
  CHECK(newest({{"2.1.0", "12.1", "9.0+PTX"}, {"2.2.0", "12.8", "7.5"}}, "10.0") == "none");
  CHECK(newest({{"2.1.0", "12.1", ""}}, "9.0") == "none");
  CHECK(newest({}, "9.0") == "none");
}

TEST_CASE("the frameworks of the tables, for cards of each end") {
  const Tables& tables = built_in_tables();
  for (Framework framework : {Framework::kPytorch, Framework::kTensorflow, Framework::kJax}) {
    INFO(framework_name(framework));
    // No framework of the tables ever had code for a card from before Kepler.
    CHECK_FALSE(newest_for_card(tables, framework, "1.3"));
    CHECK_FALSE(newest_for_card(tables, framework, "2.1"));
    auto hopper = newest_for_card(tables, framework, "9.0");
    REQUIRE(hopper);
    CHECK(hopper->newest);
  }
  // The K40 lost its code between 1.2 and 1.3.1 (pytorch/pytorch#24205, #31319).
  CHECK(newest_for_card(tables, Framework::kPytorch, "3.5")->build.version == "1.2.0");
}

TEST_CASE("the first branch that drives a card came with the CUDA that knew it") {
  auto first = [](const char* capability) {
    return std::string(first_branch(built_in_tables(), capability).value_or("unknown"));
  };
  CHECK(first("9.0") == "520");
  CHECK(first("8.0") == "450");
  CHECK(first("7.5") == "410");
  CHECK(first("6.1") == "367");
  CHECK(first("12.0") == "570");
  // Older than the tables' branches, and unknown.
  CHECK(first("2.0") == "unknown");
  CHECK(first("99.0") == "unknown");
}
