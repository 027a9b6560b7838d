// SPDX-License-Identifier: Apache-2.0
#include "compat/cudnn.h"

#include <doctest/doctest.h>

#include <string>

using namespace outboard::compat;

namespace {

CudnnAnswer ask(const char* cudnn, const char* cuda, const char* driver = "580.95.05",
                const char* capability = "9.0") {
  return judge_cudnn(built_in_tables(), cudnn, cuda, driver,
                     {"GPU 0", std::string(capability), GpuClass::kDataCenter});
}

}  // namespace

TEST_CASE("what a cuDNN needs: its own row, else the nearest one's") {
  const Tables& tables = built_in_tables();
  CHECK(cudnn_needs(tables, "9.17.1.4", "13.0")->min_driver == "580.65.06");
  CHECK(cudnn_needs(tables, "9.17.1.4", "13.0")->min_compute_capability == "7.5");
  CHECK(cudnn_needs(tables, "9.10.2.21", "12.6")->min_compute_capability == "5.0");
  CHECK(cudnn_needs(tables, "8.9.2.26", "12.1")->min_driver == "525.60.13");
  CHECK(cudnn_needs(tables, "8.0.3", "10.2")->min_driver == "440.33");
  CHECK(cudnn_needs(tables, "8.0.3", "11.0")->min_compute_capability == "3.5");
  CHECK_FALSE(cudnn_needs(tables, "4.0", "13.0"));
  CHECK_FALSE(cudnn_needs(tables, "x", "13.0"));
  // A release is its newest patch.
  CHECK(cudnn_needs(tables, "9.13", "12.8")->version == "9.13.1.26");
  CHECK(cudnn_needs(tables, "9.11", "12.8")->min_compute_capability == "7.5");
  CHECK(cudnn_needs(tables, "9", "11.8")->version == "9.10.2.21");
}

// The archive of cuDNN's packages: CUDA 11 from 8.0.0 to 9.10.2, CUDA 12 from 8.8.0 on, CUDA 13
// from 9.12.0 on; 8.7.0 was the last for CUDA 10.2, and 7.2.1 had a package for CUDA 8.0.
TEST_CASE("a cuDNN without a package for the major version of CUDA does not run") {
  for (const char* cudnn : {"9.11", "9.13", "9.17", "9.11.0.98", "9.30"}) {
    INFO(std::string(cudnn));
    CHECK(ask(cudnn, "11.8").fault == CudnnFault::kCuda);
  }
  for (const char* cudnn : {"9.11.1", "9.1", "8.9", "8"})
    CHECK(ask(cudnn, "13.0").fault == CudnnFault::kCuda);
  for (const char* cudnn : {"7.6", "8.7.0.84"})
    CHECK(ask(cudnn, "12.0").fault == CudnnFault::kCuda);
  CHECK(ask("7.6.5", "11.0").fault == CudnnFault::kCuda);
  CHECK(ask("9.0", "10.2").fault == CudnnFault::kCuda);
  struct Fit {
    const char *cudnn, *cuda;
  };
  for (Fit fit : {Fit{"9.10.2", "11.8"}, Fit{"9.10", "11.2"}, Fit{"9", "11.8"}, Fit{"9.3", "11.8"},
                  Fit{"8.8.0", "12.0"}, Fit{"9.12.0", "13.0"}, Fit{"9.13", "12.8"},
                  Fit{"9.13", "13.1"}, Fit{"8.0.0", "11.0"}, Fit{"7.6.5", "10.2"}}) {
    INFO(std::string(fit.cudnn), " for CUDA ", std::string(fit.cuda));
    CHECK(ask(fit.cudnn, fit.cuda).judgement.verdict == Verdict::kFull);
  }
  // The tables have gaps there.
  for (Fit fit : {Fit{"8.7.0", "10.2"}, Fit{"7.2.1", "8.0"}, Fit{"7.0.5", "9.0"}}) {
    INFO(std::string(fit.cudnn), " for CUDA ", std::string(fit.cuda));
    CHECK(ask(fit.cudnn, fit.cuda).judgement.verdict != Verdict::kNo);
  }
}

TEST_CASE("the answer names the versions that fit") {
  CudnnAnswer answer = ask("9.13", "11.8.0");
  CHECK(answer.judgement.verdict == Verdict::kNo);
  CHECK(answer.judgement.reason == "there is no cuDNN 9.13 for CUDA 11: the last one is 9.10.2");
  REQUIRE(answer.judgement.ways_out.size() == 2);
  CHECK(answer.judgement.ways_out[0] == "cuDNN 9.10.2 or older");
  CHECK(answer.judgement.ways_out[1] == "CUDA 12 or 13, which it is for");
  answer = ask("9.1", "13.0");
  CHECK(answer.judgement.reason == "there is no cuDNN 9.1 for CUDA 13: the first one is 9.12.0");
  CHECK(answer.judgement.ways_out[0] == "cuDNN 9.12.0 or newer");
  CHECK(answer.judgement.ways_out[1] == "CUDA 11 or 12, which it is for");
}

TEST_CASE("newer than the tables is a warning, and not in them no answer") {
  CudnnAnswer answer = ask("9.30", "13.0");
  CHECK(answer.fault == CudnnFault::kNewer);
  CHECK(answer.judgement.verdict == Verdict::kUnknown);
  CHECK(answer.judgement.reason.find("cuDNN 9.30 is newer than the tables (their newest is 9.") ==
        0);
  CHECK(ask("99.0", "13.0").fault == CudnnFault::kNewer);
  CHECK(ask("9.13", "14.0").fault == CudnnFault::kNotInTables);
  CHECK(ask("x", "13.0").judgement.verdict == Verdict::kUnknown);
}

TEST_CASE("driver and GPU of a cuDNN") {
  CHECK(ask("9.13", "12.8", "580.95.05", "7.0").fault == CudnnFault::kGpu);
  CHECK(ask("9.10", "12.8", "580.95.05", "7.0").fault == CudnnFault::kNone);
  CHECK(ask("9.13", "13.0", "570.26").judgement.reason ==
        "it needs driver 580.65.06 at least, and this one is 570.26");
}
