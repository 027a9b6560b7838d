// SPDX-License-Identifier: Apache-2.0
#include "app/compat_check.h"

#include <doctest/doctest.h>

using namespace outboard;
using namespace outboard::app;

namespace {

Chosen machine_with(const std::string& name, const std::string& capability,
                    const std::string& driver) {
  Chosen chosen;
  chosen.machine.facts.library_version = driver;
  chosen.machine.facts.module_version = driver;
  device::Gpu gpu;
  gpu.pci = "0000:01:00.0";
  gpu.name = name;
  gpu.compute_capability = capability;
  chosen.machine.inventory.gpus.push_back(gpu);
  chosen.selection.driver = true;
  chosen.selection.devices.push_back({0, std::nullopt});
  return chosen;
}

const plan::ImageCompat kCuda13{"/usr/local/cuda-13.0/compat", "580.65.06", {"libcuda.so.1"}};

struct Outcome {
  Result<CompatDecision> decision;
  std::vector<std::string> notes;
};

Outcome check(Chosen chosen, const std::vector<std::string>& environment,
              const std::optional<plan::ImageCompat>& compat, CompatMode mode = CompatMode::kAuto) {
  MachineOptions options;
  options.may_ask_nvml = false;
  options.compat = mode;
  std::vector<std::string> notes;
  auto decision = check_compatibility(chosen, options, {environment, {}, compat},
                                      compat::built_in_tables(), notes);
  return {std::move(decision), notes};
}

}  // namespace

TEST_CASE("forward compatibility where the matrix allows it, and the requirement is met by it") {
  const std::vector<std::string> cuda13 = {"NVIDIA_REQUIRE_CUDA=cuda>=13.0"};
  auto h200 = machine_with("NVIDIA H200", "9.0", "535.104.05");
  auto with = check(h200, cuda13, kCuda13);
  REQUIRE(with.decision);
  CHECK(with.decision->use_image_compat);
  CHECK(with.decision->cuda == "13.0");
  auto without = check(h200, cuda13, std::nullopt);
  REQUIRE_FALSE(without.decision);
  CHECK(without.decision.error().text.find("this image needs a newer driver") == 0);
  auto off = check(h200, cuda13, kCuda13, CompatMode::kOff);
  CHECK_FALSE(off.decision);
  CHECK(off.notes.back().find("it is switched off") != std::string::npos);
}

TEST_CASE("a refusal says that forward compatibility would do but is off, and by what") {
  const std::string demand = "NVIDIA_REQUIRE_CUDA=cuda>=13.0";
  auto h200 = machine_with("NVIDIA H200", "9.0", "535.104.05");
  auto by_variable = check(h200, {demand, "OUTBOARD_CUDA_COMPAT=off"}, kCuda13);
  REQUIRE_FALSE(by_variable.decision);
  CHECK(by_variable.decision.error().text.find(
            "; CUDA forward compatibility would meet it, and is switched off by "
            "OUTBOARD_CUDA_COMPAT=off") != std::string::npos);
  CHECK(by_variable.decision.error().hint.find(
            "switch it on: leave OUTBOARD_CUDA_COMPAT=off out; or install") == 0);
  auto by_policy = check(h200, {demand}, kCuda13, CompatMode::kOff);
  CHECK(by_policy.decision.error().text.find("is switched off by the policy's [cuda] compat") !=
        std::string::npos);
  CHECK(by_policy.decision.error().hint.find("switch it on: -e OUTBOARD_CUDA_COMPAT=auto; or") ==
        0);
  // Where it would not help there is no word on it.
  auto rtx = machine_with("NVIDIA GeForce RTX 4090", "8.9", "535.104.05");
  for (const auto& refused : {check(rtx, {demand}, kCuda13, CompatMode::kOff),
                              check(h200, {demand}, std::nullopt, CompatMode::kOff)}) {
    REQUIRE_FALSE(refused.decision);
    CHECK(refused.decision.error().text.find("switched off") == std::string::npos);
  }
}

TEST_CASE("not on a consumer GPU, unless forced; never an older one") {
  auto rtx = machine_with("NVIDIA GeForce RTX 4090", "8.9", "535.104.05");
  auto outcome = check(rtx, {}, kCuda13);
  REQUIRE(outcome.decision);
  CHECK_FALSE(outcome.decision->use_image_compat);
  REQUIRE(outcome.notes.size() == 1);
  CHECK(outcome.notes[0] ==
        "CUDA forward compatibility: the image's '/usr/local/cuda-13.0/compat' (580.65.06) is not "
        "used: forward compatibility is for data center GPUs, and GPU 0 (NVIDIA GeForce RTX 4090) "
        "is a consumer GPU");
  auto forced = check(rtx, {"OUTBOARD_CUDA_COMPAT=force"}, kCuda13);
  REQUIRE(forced.decision);
  CHECK(forced.decision->use_image_compat);
  CHECK(forced.decision->why.find("804") != std::string::npos);
  auto newer = machine_with("NVIDIA H200", "9.0", "580.95.05");
  auto old = check(newer, {"OUTBOARD_CUDA_COMPAT=force"}, kCuda13);
  CHECK_FALSE(old.decision->use_image_compat);
  CHECK(old.notes.back().find("the host's driver 580.95.05 is not older") != std::string::npos);
  auto wrong = check(newer, {"OUTBOARD_CUDA_COMPAT=on"}, std::nullopt);
  REQUIRE_FALSE(wrong.decision);
  CHECK(wrong.decision.error().text == "OUTBOARD_CUDA_COMPAT='on' is none of auto, off, force");
}
