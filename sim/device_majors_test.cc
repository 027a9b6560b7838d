// SPDX-License-Identifier: Apache-2.0
#include "sim/device_majors.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/text.h"

using namespace outboard;
using namespace outboard::sim;

namespace {
// As on a machine with a real driver and with somebody's own device at 121.
constexpr const char* kDevices =
    "Character devices:\n  1 mem\n  5 /dev/tty\n121 mine\n195 nvidia\n195 nvidiactl\n226 drm\n"
    "511 nvidia-uvm\n\nBlock devices:\n120 other\n254 virtblk\n";

std::vector<unsigned> all(const Majors& majors) {
  return {majors.nvidia,   majors.uvm,    majors.caps, majors.imex,
          majors.nvswitch, majors.nvlink, majors.drm};
}
}  // namespace

TEST_CASE("only local numbers that nobody has are taken, each once") {
  auto majors = free_majors(kDevices);
  REQUIRE(majors);
  std::vector<unsigned> numbers = all(*majors);
  for (unsigned number : numbers) {
    CHECK(((number >= 60 && number <= 63) || (number >= 120 && number <= 127)));
    CHECK(number != 121);
  }
  std::sort(numbers.begin(), numbers.end());
  CHECK(std::adjacent_find(numbers.begin(), numbers.end()) == numbers.end());
  CHECK(numbers.front() >= 60);
}

TEST_CASE("too few free numbers is an error") {
  std::string devices = "Character devices:\n";
  for (unsigned major : {60U, 61U, 120U, 121U, 122U, 123U}) devices += cat(major, " taken\n");
  auto majors = free_majors(devices);
  REQUIRE_FALSE(majors);
  CHECK(majors.error().code == ErrorCode::kUnsupported);
  CHECK(majors.error().text.find("fewer than 7") != std::string::npos);
}

TEST_CASE("the simulated list has the simulated driver in place of a real one") {
  auto majors = free_majors(kDevices);
  REQUIRE(majors);
  const std::string text = simulated_proc_devices(kDevices, *majors, true);
  CHECK(text.find("195") == std::string::npos);
  CHECK(text.find("511") == std::string::npos);
  CHECK(text.find("  5 /dev/tty\n") != std::string::npos);
  CHECK(text.find("121 mine\n") != std::string::npos);
  CHECK(text.find(cat(majors->uvm, " nvidia-uvm\n")) != std::string::npos);
  CHECK(text.ends_with("\nBlock devices:\n120 other\n254 virtblk\n"));
  CHECK(simulated_proc_devices(kDevices, *majors, false).find("nvidia") == std::string::npos);
}
