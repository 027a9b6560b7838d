// SPDX-License-Identifier: Apache-2.0
#include "compat/verdict.h"

#include <doctest/doctest.h>

#include "compat/forward.h"

using namespace outboard::compat;

TEST_CASE("kinds of GPU by product name") {
  const Tables& tables = built_in_tables();
  CHECK(gpu_class(tables, "NVIDIA H200") == GpuClass::kDataCenter);
  CHECK(gpu_class(tables, "H200 SXM 141GB") == GpuClass::kDataCenter);
  CHECK(gpu_class(tables, "NVIDIA A100-SXM4-80GB") == GpuClass::kDataCenter);
  CHECK(gpu_class(tables, "Tesla T4") == GpuClass::kDataCenter);
  CHECK(gpu_class(tables, "NVIDIA A2") == GpuClass::kDataCenter);
  CHECK(gpu_class(tables, "NVIDIA GeForce RTX 4090") == GpuClass::kConsumer);
  CHECK(gpu_class(tables, "NVIDIA TITAN V") == GpuClass::kConsumer);
  CHECK(gpu_class(tables, "NVIDIA RTX A2000") == GpuClass::kWorkstation);
  CHECK(gpu_class(tables, "NVIDIA RTX A6000") == GpuClass::kNgcReady);
  CHECK(gpu_class(tables, "Quadro RTX 8000") == GpuClass::kNgcReady);
  CHECK(gpu_class(tables, "Quadro P2000") == GpuClass::kWorkstation);
  CHECK(gpu_class(tables, "NVIDIA X9000 of tomorrow") == GpuClass::kUnknown);
}

TEST_CASE("verdicts") {
  const Tables& tables = built_in_tables();
  GpuTraits h200{"GPU 0 (NVIDIA H200)", "9.0", GpuClass::kDataCenter};
  GpuTraits rtx{"GPU 0 (RTX 4090)", "8.9", GpuClass::kConsumer};
  GpuTraits v100{"GPU 0 (V100)", "7.0", GpuClass::kDataCenter};
  auto of = [&](const char* toolkit, const char* driver, const GpuTraits& gpu) {
    return judge_toolkit(tables, toolkit, {driver, std::nullopt}, gpu).verdict;
  };
  CHECK(of("12.8", "570.26", h200) == Verdict::kFull);
  CHECK(of("12.8", "535.104.05", h200) == Verdict::kMinor);
  CHECK(of("12.8", "470.256.02", rtx) == Verdict::kNo);
  CHECK(of("13.0", "535.104.05", h200) == Verdict::kForward);
  CHECK(of("13.0", "535.104.05", rtx) == Verdict::kNo);
  CHECK(of("13.0", "580.65.06", v100) == Verdict::kNo);
  CHECK(of("99.0", "580.65.06", h200) == Verdict::kUnknown);
  CHECK(of("12.8", "999.1", h200) == Verdict::kFull);
}

TEST_CASE("compat libraries of an image") {
  const Tables& tables = built_in_tables();
  GpuTraits h200{"GPU 0 (NVIDIA H200)", "9.0", GpuClass::kDataCenter};
  GpuTraits rtx{"GPU 0 (RTX 4090)", "8.9", GpuClass::kConsumer};
  CHECK(judge_forward(tables, "580.95.05", "535.104.05", {h200}).allowed);
  auto consumer = judge_forward(tables, "580.95.05", "535.104.05", {rtx});
  CHECK_FALSE(consumer.allowed);
  CHECK(consumer.loadable);
  CHECK(consumer.reason.find("a consumer GPU") != std::string::npos);
  CHECK_FALSE(judge_forward(tables, "535.104.05", "535.104.05", {h200}).loadable);
  CHECK_FALSE(judge_forward(tables, "525.60.13", "580.95.05", {h200}).loadable);
}

TEST_CASE("a driver that reports a newer CUDA than its branch has it") {
  const Tables& tables = built_in_tables();
  GpuTraits h200{"GPU 0 (NVIDIA H200)", "9.0", GpuClass::kDataCenter};
  for (const char* reported : {"12.9", "12.8"}) {
    Judgement judged =
        judge_toolkit(tables, "12.8", {"535.183.01", KnownVersion{reported, false}}, h200);
    CHECK(judged.verdict == Verdict::kFull);
    CHECK(judged.missing.empty());
  }
  CHECK(judge_toolkit(tables, "12.8", {"535.183.01", KnownVersion{"12.7", false}}, h200).verdict ==
        Verdict::kMinor);
  // The same release: a later update may want a newer driver.
  CHECK(judge_toolkit(tables, "12.8.1", {"570.26", std::nullopt}, h200).verdict == Verdict::kMinor);
}

// CUDA C++ Programming Guide 13.0, "Binary Compatibility".
TEST_CASE("a toolkit older than the GPU: code of the same major version runs on it") {
  const Tables& tables = built_in_tables();
  auto reserved = [&](const char* toolkit, const char* capability) {
    auto judged = judge_toolkit(tables, toolkit, {"580.95.05", std::nullopt},
                                {"the GPU", std::string(capability), GpuClass::kConsumer});
    REQUIRE(judged.verdict == Verdict::kFull);
    return !judged.missing.empty();
  };
  CHECK_FALSE(reserved("11.4", "8.9"));   // sm_80, sm_86
  CHECK_FALSE(reserved("11.0", "8.6"));   // sm_80
  CHECK_FALSE(reserved("12.8", "12.1"));  // sm_120
  CHECK_FALSE(reserved("12.8", "10.3"));  // sm_100, not Thor's sm_101
  CHECK_FALSE(reserved("9.0", "7.5"));    // sm_70
  CHECK(reserved("10.2", "8.9"));
  CHECK(reserved("11.7", "9.0"));
  CHECK(reserved("11.2", "8.7"));  // Jetson Orin runs its own code alone
  CHECK(reserved("12.6", "12.0"));
}
