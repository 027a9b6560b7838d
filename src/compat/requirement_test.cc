// SPDX-License-Identifier: Apache-2.0
#include "compat/requirement.h"

#include <doctest/doctest.h>

#include <chrono>

using namespace outboard;
using namespace outboard::compat;

static std::string fault(std::string_view text) {
  auto parsed = parse_requirement("NVIDIA_REQUIRE_X", text);
  REQUIRE_FALSE(parsed);
  return parsed.error().text;
}

TEST_CASE("what is not of the grammar is shown with a caret") {
  CHECK(fault("cuda>=12.0 foo>=3") ==
        "NVIDIA_REQUIRE_X is no requirement: 'foo' is none of cuda, driver, arch, brand at "
        "'cuda>=12.0 ^foo>=3'");
  CHECK(fault("cuda=>12.0") ==
        "NVIDIA_REQUIRE_X is no requirement: no such operator after 'cuda' at 'cuda^=>12.0'");
  CHECK(fault("cuda") ==
        "NVIDIA_REQUIRE_X is no requirement: none of = != < <= > >= follows 'cuda' at 'cuda^'");
  CHECK(fault("cuda>=") == "NVIDIA_REQUIRE_X is no requirement: a value is missing at 'cuda>=^'");
  CHECK(fault("cuda>=twelve") ==
        "NVIDIA_REQUIRE_X is no requirement: 'twelve' is no version at 'cuda>=^twelve'");
  CHECK(fault("driver>=99999999999999999999") ==
        "NVIDIA_REQUIRE_X is no requirement: '99999999999999999999' is no version at "
        "'driver>=^99999999999999999999'");
  CHECK(fault("brand>=tesla") ==
        "NVIDIA_REQUIRE_X is no requirement: brand can only be = or != at 'brand^>=tesla'");
  CHECK(fault(">=12.0") ==
        "NVIDIA_REQUIRE_X is no requirement: a property (cuda, driver, arch, brand) is missing at "
        "'^>=12.0'");
  CHECK(fault("cuda>=12<13") ==
        "NVIDIA_REQUIRE_X is no requirement: a second operator at 'cuda>=12^<13'");
  CHECK(fault("cuda>=12.0\x1b[2J").find('\x1b') == std::string::npos);
  CHECK(fault(std::string(70000, 'c')).find("longer than any real one") != std::string::npos);
}

TEST_CASE("variables of an environment") {
  auto of = [](const std::vector<std::string>& environment) {
    auto all = requirements_of_environment(environment);
    REQUIRE(all);
    std::string text;
    for (const Requirement& one : all->all) text += one.origin + ":" + one.text + "|";
    return text;
  };
  CHECK(of({"PATH=/bin"}).empty());
  CHECK(of({"NVIDIA_REQUIRE_CUDA=cuda>=12.0", "NVIDIA_REQUIRE_X=arch>=7.0"}) ==
        "NVIDIA_REQUIRE_CUDA:cuda>=12.0|NVIDIA_REQUIRE_X:arch>=7.0|");
  CHECK(of({"NVIDIA_REQUIRE_CUDA=cuda>=12.0", "NVIDIA_REQUIRE_CUDA=cuda>=11.0"}) ==
        "NVIDIA_REQUIRE_CUDA:cuda>=11.0|");
  CHECK(of({"CUDA_VERSION=12.8.1"}) == "CUDA_VERSION:cuda>=12.8|");
  CHECK(of({"CUDA_VERSION=12.8.1", "NVIDIA_REQUIRE_CUDA="}) == "CUDA_VERSION:cuda>=12.8|");
  CHECK(of({"CUDA_VERSION=12.8.1", "NVIDIA_REQUIRE_CUDA=cuda>=11.0"}) ==
        "NVIDIA_REQUIRE_CUDA:cuda>=11.0|");
  CHECK(of({"NVIDIA_REQUIRE_JETPACK=csv-mounts=all"}).empty());
  for (const char* yes : {"1", "true", "TRUE", "t"})
    CHECK(
        of({"NVIDIA_REQUIRE_CUDA=nonsense", std::string("NVIDIA_DISABLE_REQUIRE=") + yes}).empty());
  CHECK(of({"NVIDIA_REQUIRE_CUDA=cuda>=1.0", "NVIDIA_DISABLE_REQUIRE=0"}).size() > 0);
}

TEST_CASE("the number of variables is bounded, and counting them is no work") {
  auto begin = std::chrono::steady_clock::now();
  std::vector<std::string> environment;
  for (int i = 0; i < 64; i++)
    environment.push_back("NVIDIA_REQUIRE_A" + std::to_string(i) + "=cuda>=11.0");
  auto few = requirements_of_environment(environment);
  REQUIRE(few);
  CHECK(few->all.size() == 64);
  for (int i = 0; i < 200'000; i++)
    environment.push_back("NVIDIA_REQUIRE_B" + std::to_string(i) + "=");
  auto many = requirements_of_environment(environment);
  REQUIRE_FALSE(many);
  CHECK(many.error().text ==
        "the image has 200064 variables NVIDIA_REQUIRE_*, which is more than any real one has");
  CHECK(many.error().hint.find("NVIDIA_DISABLE_REQUIRE=true") != std::string::npos);
  environment.emplace_back("NVIDIA_DISABLE_REQUIRE=true");
  auto disabled = requirements_of_environment(environment);
  REQUIRE(disabled);
  CHECK(disabled->disabled);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
}

TEST_CASE("clauses are counted over all variables of an image") {
  std::string thousand;
  for (int i = 0; i < 1000; i++) thousand += "cuda>=11.0,";
  std::vector<std::string> environment;
  for (int i = 0; i < 4; i++)
    environment.push_back("NVIDIA_REQUIRE_A" + std::to_string(i) + "=" + thousand + "arch>=7");
  CHECK(requirements_of_environment(environment));
  environment.push_back("NVIDIA_REQUIRE_B=" + thousand + "arch>=7");
  auto many = requirements_of_environment(environment);
  REQUIRE_FALSE(many);
  CHECK(many.error().text ==
        "the image has 5005 clauses in NVIDIA_REQUIRE_*, which is more than any real one has");
  CHECK(many.error().hint.find("NVIDIA_DISABLE_REQUIRE=true") != std::string::npos);
}
