// SPDX-License-Identifier: Apache-2.0
#include "compat/requirement_check.h"

#include <doctest/doctest.h>

#include <functional>

#include "compat/image_labels.h"

using namespace outboard;
using namespace outboard::compat;

static std::optional<Error> check(const std::string& expression, const std::string& driver,
                                  const std::vector<CheckedGpu>& gpus, const std::string& cuda = "",
                                  std::vector<std::string>* notes = nullptr) {
  auto requirements = requirements_of_environment({"NVIDIA_REQUIRE_CUDA=" + expression});
  REQUIRE(requirements);
  std::vector<std::string> told;
  auto error = requirement_failure(*requirements, {driver, std::nullopt}, gpus, cuda,
                                   built_in_tables(), told);
  if (notes) *notes = told;
  return error;
}

static bool clause_of_driver(std::string_view expression) {
  return expression.substr(0, 6) == "driver";
}

TEST_CASE("the message says what is there, what is needed and what to do") {
  CheckedGpu h200{{"GPU 0 (NVIDIA H200)", "9.0", GpuClass::kDataCenter}, "NVIDIA"};
  CheckedGpu rtx{{"GPU 0 (NVIDIA GeForce RTX 4090)", "8.9", GpuClass::kConsumer}, "GeForce RTX"};
  auto error = check("cuda>=12.8", "535.104.05", {rtx});
  REQUIRE(error);
  CHECK(error->code == ErrorCode::kUnsupported);
  CHECK(error->text ==
        "this image needs a newer driver: NVIDIA_REQUIRE_CUDA asks for cuda>=12.8, and driver "
        "535.104.05 has CUDA 12.2 (checked for GPU 0 (NVIDIA GeForce RTX 4090)); forward "
        "compatibility does not help with a consumer GPU");
  CHECK(error->hint ==
        "install a driver of branch 570 or newer (570.26 for CUDA 12.8); or use an image of CUDA "
        "12.2 or older (nvidia/cuda:12.2.2-base-ubuntu22.04); or start it regardless with -e "
        "NVIDIA_DISABLE_REQUIRE=true: by "
        "minor-version compatibility most programs run on this driver");
  error = check("cuda>=12.8", "535.104.05", {h200});
  REQUIRE(error);
  CHECK(error->hint.find("; or use an image with the package cuda-compat-12-8: forward") !=
        std::string::npos);
  CHECK(error->text.find("does not help") == std::string::npos);
  error = check("cuda>=13.0", "535.104.05", {h200});
  REQUIRE(error);
  CHECK(error->hint ==
        "install a driver of branch 580 or newer (580.65.06 for CUDA 13.0); or use an image with "
        "the package cuda-compat-13-0: forward compatibility runs it on this driver and GPU; or "
        "use an image of CUDA 12.2 or older (nvidia/cuda:12.2.2-base-ubuntu22.04); or start it "
        "regardless with -e "
        "NVIDIA_DISABLE_REQUIRE=true");
  // An image of the kind of this one, with the tables of a container's start, too.
  auto requirements = requirements_of_image(
      {"NVIDIA_REQUIRE_CUDA=cuda>=13.0", "NV_CUDA_CUDART_DEV_VERSION=13.0.48-1",
       "NV_CUDNN_VERSION=9.13.0.50-1"},
      {{"org.opencontainers.image.version", "20.04"}});
  REQUIRE(requirements);
  std::vector<std::string> ignored;
  for (const Tables& tables : {std::cref(built_in_tables()), std::cref(core_tables())}) {
    error = requirement_failure(*requirements, {"535.54.03", std::nullopt}, {h200}, "", tables,
                                ignored);
    REQUIRE(error);
    CHECK(
        error->hint.find("CUDA 12.2 or older (nvidia/cuda:12.1.1-cudnn8-devel-ubuntu20.04); or") !=
        std::string::npos);
  }
  // A driver that is too new: a newer one would not help.
  for (const char* expression : {"cuda>=11.0,cuda<12.0", "cuda=11.8", "driver<=550"}) {
    error = check(expression, "570.26", {h200});
    REQUIRE(error);
    INFO(std::string(expression));
    CHECK(error->hint.find("install an older driver, one with ") == 0);
    CHECK(error->hint.find(clause_of_driver(expression)
                               ? "; or use another image, one for this driver (nvidia/cuda:12.8."
                               : "; or use an image for CUDA 12.8; or start it regardless") !=
          std::string::npos);
    CHECK(error->hint.find("newer") == std::string::npos);
  }
  CHECK(check("driver!=570.26", "570.26", {h200})->hint.find("install another driver") == 0);
  CHECK(check("cuda=13.0", "570.26", {h200})->hint.find("install a driver of branch 580") == 0);
  CHECK_FALSE(check("cuda>=13.0", "535.104.05", {h200}, "13.0"));
  CHECK_FALSE(check("cuda>=12.8 brand=geforcertx,driver>=535,driver<536", "535.104.05", {rtx}));
  CHECK(check("arch>=9.0", "580.65.06", {h200, rtx}));
  std::vector<std::string> notes;
  CHECK_FALSE(check("cuda>=99.0", "999.1", {h200}, "", &notes));
  CHECK(notes.size() == 1);
}

TEST_CASE("a demand for a driver names the branch that would do") {
  CheckedGpu h200{{"GPU 0 (NVIDIA H200)", "9.0", GpuClass::kDataCenter}, "NVIDIA"};
  auto hint = [&](const std::string& expression) {
    auto error = check(expression, "535.104.05", {h200});
    REQUIRE(error);
    return error->hint.substr(0, error->hint.find("; or "));
  };
  CHECK(hint("driver>=575") == "install a driver of branch 575 or newer (driver>=575)");
  CHECK(hint("driver>572.16") == "install a driver of branch 575 or newer (driver>572.16)");
  CHECK(hint("driver=575.57.08") == "install a driver of branch 575 (driver=575.57.08)");
  CHECK(hint("cuda>=12.0,driver>=550,driver<551") ==
        "install a driver of branch 550 (driver>=550,driver<551)");
  CHECK(hint("driver>=9999") == "install a driver of branch 9999 or newer (driver>=9999)");
}

TEST_CASE("a way out is for the clause that fails") {
  CheckedGpu h200{{"GPU 0 (NVIDIA H200)", "9.0", GpuClass::kDataCenter}, "NVIDIA"};
  CheckedGpu rtx{{"GPU 0 (RTX 4090)", "8.9", GpuClass::kConsumer}, "GeForce RTX"};
  auto has = [](const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
  };
  for (const char* expression : {"driver>=999", "cuda>=12.0,driver>=600"}) {
    auto error = check(expression, "535.104.05", {h200});
    REQUIRE(error);
    CHECK_FALSE(has(error->hint, "an image of CUDA"));
    CHECK(has(error->hint,
              "; or use another image, one for this driver (nvidia/cuda:12.2.2-base-ubuntu22.04)"));
  }
  // The libraries of the image are older than what it asks for.
  auto error = check("cuda>=13.2", "535.183.01", {h200}, "13.0");
  REQUIRE(error);
  CHECK(has(error->text, "driver 535.183.01 has CUDA 12.2, or 13.0 with the image's cuda-compat"));
  error = check("cuda>=14.0", "580.95.05", {rtx});
  REQUIRE(error);
  CHECK(error->hint.find("install a driver for which nvidia-smi says CUDA 14.0 or newer") == 0);
}

TEST_CASE("demands that no driver meets together are said to contradict each other") {
  CheckedGpu h200{{"GPU 0 (NVIDIA H200)", "9.0", GpuClass::kDataCenter}, "NVIDIA"};
  auto has = [](const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
  };
  for (const char* driver : {"580.95.05", "535.104.05"}) {
    auto error = check("cuda>=13.0,driver<550", driver, {h200});
    REQUIRE(error);
    INFO(error->text, " ", error->hint);
    CHECK(has(error->text,
              "; its demands contradict each other: cuda>=13.0 begins with driver branch 580, and "
              "it asks for driver<550, too"));
    CHECK(error->text.find("this image does not fit here: ") == 0);
    CHECK_FALSE(has(error->hint, "install"));
    CHECK_FALSE(has(error->hint, "for CUDA 13.0"));
  }
  auto possible = check("cuda>=12.0,driver<550", "580.95.05", {h200});
  REQUIRE(possible);
  CHECK_FALSE(has(possible->text, "contradict"));
  CHECK_FALSE(has(check("cuda>=13.0,driver<=580", "535.104.05", {h200})->text, "contradict"));
  CHECK_FALSE(
      has(check("cuda>=13.0,driver<550 arch>=99", "580.95.05", {h200})->text, "contradict"));
}

TEST_CASE("several are said to be several only where one of them would do") {
  CheckedGpu h200{{"GPU 0 (NVIDIA H200)", "9.0", GpuClass::kDataCenter}, "NVIDIA"};
  auto has = [&](const std::string& expression, const std::string& part) {
    auto error = check(expression, "535.104.05", {h200});
    return error && error->text.find(part) != std::string::npos;
  };
  CHECK(has("cuda>=11.0,cuda<12.0", "NVIDIA_REQUIRE_CUDA asks for cuda<12.0, and"));
  CHECK(has("cuda>=13.0 driver>=570", "asks for one of several, the first of which is cuda>=13.0"));
  CHECK(has("cuda>=11.0,cuda<12.0 driver>=570", "the first of which has cuda<12.0"));
}

TEST_CASE("the brand is asked for only where the answer hangs on it") {
  CheckedGpu gpu{{"GPU 0", "9.0", GpuClass::kDataCenter}, std::nullopt};
  auto needs = [&](const std::string& expression, const std::string& driver) {
    auto requirements = requirements_of_environment({"NVIDIA_REQUIRE_CUDA=" + expression});
    return needs_brand(*requirements, {driver, std::nullopt}, {gpu}, built_in_tables());
  };
  const std::string published = "cuda>=12.8 brand=tesla,driver>=535,driver<536";
  CHECK_FALSE(needs(published, "580.65.06"));
  CHECK(needs(published, "535.104.05"));
  CHECK_FALSE(needs(published, "525.60.13"));
}
