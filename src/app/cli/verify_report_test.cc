// SPDX-License-Identifier: Apache-2.0
#include "app/cli/verify_report.h"

#include <doctest/doctest.h>

using namespace outboard;       // NOLINT: a test
using namespace outboard::cli;  // NOLINT

namespace {

constexpr const char* kGood = R"({"ok":true,"simulated":false,"driver_version":"580.1",
  "cuda_version":"13.0","nvml":{"library":"/l","error":null},
  "devices_nvml":[{"uuid":"GPU-a","pci":"0000:01:00.0","name":"X","mig_enabled":false,"mig":[]}],
  "devices_cuda":[{"uuid":"GPU-a","pci":"0000:01:00.0","name":"X"}],
  "kernel":[{"ordinal":0,"result":"ok"}],
  "ldconfig":[{"soname":"libcuda.so.1","path":"/usr/lib64/libcuda.so.1"}],
  "ldconfig_error":null,"problems":[]})";

VerifyReport report(const std::string& text, const std::vector<std::string>& expected) {
  auto probe = json::parse(text, "probe");
  REQUIRE(probe);
  return verify_report(*probe, expected);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

bool has(const std::string& text, const char* piece) {
  return text.find(piece) != std::string::npos;
}

}  // namespace

TEST_CASE("what was chosen is there") {
  for (const char* name : {"GPU-a", "0000:01:00.0"}) {
    VerifyReport good = report(kGood, {name});
    CHECK(good.problems.empty());
    CHECK(has(good.text, "kernel: ok on 1 device\n"));
    CHECK(has(good.text, "libcuda.so.1 at /usr/lib64/libcuda.so.1"));
    CHECK(has(good.text, "all right"));
    CHECK(!has(good.text, "simulated"));
    CHECK(good.document["verified"].as_bool() == true);
  }
}

TEST_CASE("a missing and a superfluous device") {
  VerifyReport wrong = report(kGood, {"GPU-b"});
  CHECK(wrong.problems == std::vector<std::string>{
                              "NVML does not see GPU-b", "NVML sees GPU-a, which was not chosen",
                              "CUDA does not see GPU-b", "CUDA sees GPU-a, which was not chosen"});
  CHECK(!has(wrong.text, "all right"));
  CHECK(wrong.document["verified"].as_bool() == false);
  CHECK(report(kGood, {}).problems.size() == 2);
}

TEST_CASE("the probe's own problems, a wrong kernel, a simulated machine") {
  VerifyReport wrong =
      report(replaced(replaced(kGood, "\"problems\":[]", "\"problems\":[\"CUDA device 0: wrong\"]"),
                      "\"result\":\"ok\"", "\"result\":\"wrong\""),
             {"GPU-a"});
  CHECK(wrong.problems == std::vector<std::string>{"CUDA device 0: wrong"});
  CHECK(has(wrong.text, "kernel: wrong\n"));
  VerifyReport simulated =
      report(replaced(kGood, "\"simulated\":false", "\"simulated\":true"), {"GPU-a"});
  CHECK(has(simulated.text, "simulated machine"));
}

TEST_CASE("without NVML in the container CUDA alone counts") {
  VerifyReport quiet = report(
      replaced(replaced(kGood, "\"library\":\"/l\"", "\"library\":null"),
               "\"devices_nvml\":[{\"uuid\":\"GPU-a\"", "\"devices_nvml\":[{\"uuid\":\"GPU-x\""),
      {"GPU-a"});
  CHECK(quiet.problems.empty());
  CHECK(has(quiet.text, "no capability 'utility'"));
}

TEST_CASE("MIG devices are counted by NVML, since CUDA shows one") {
  std::string mig =
      replaced(kGood, "\"mig_enabled\":false,\"mig\":[]",
               "\"mig_enabled\":true,\"mig\":[{\"uuid\":\"MIG-1\"},{\"uuid\":\"MIG-2\"}]");
  VerifyReport good = report(mig, {"MIG-1", "MIG-2"});
  CHECK(good.problems.empty());
  CHECK(has(good.text, "a process sees one MIG device"));
  CHECK(report(mig, {"MIG-1"}).problems ==
        std::vector<std::string>{"NVML sees MIG-2, which was not chosen"});
}
