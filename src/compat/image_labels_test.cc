// SPDX-License-Identifier: Apache-2.0
#include "compat/image_labels.h"

#include <doctest/doctest.h>

#include "base/text.h"

using namespace outboard;
using namespace outboard::compat;

namespace {

Requirements of(const std::vector<std::string>& environment, const Labels& labels) {
  auto all = requirements_of_image(environment, labels);
  REQUIRE(all);
  return *all;
}

std::string demands(const Requirements& requirements) {
  std::string text;
  for (const Requirement& one : requirements.all) text += one.origin + ":" + one.text + "|";
  return text;
}

const Labels kCuda8 = {{"com.nvidia.cuda.version", "8.0.61"}};

}  // namespace

TEST_CASE("what each label says") {
  ImageLabels labels = read_labels({{"com.nvidia.volumes.needed", "nvidia_driver"},
                                    {"com.nvidia.cuda.version", "8.0.61"},
                                    {"com.nvidia.cudnn.version", "6.0.21-1+cuda8.0"},
                                    {"maintainer", "NVIDIA"}});
  CHECK(labels.wants_driver);
  CHECK(labels.cuda == "8.0.61");
  CHECK(labels.cudnn == "6.0.21");
  CHECK(labels.notes.empty());
  CHECK_FALSE(read_labels({}).wants_driver);
  CHECK_FALSE(read_labels({{"com.nvidia.volumes.needed", ""}}).wants_driver);
  CHECK(
      read_labels({{"com.nvidia.cuda.version", "7.5"}, {"com.nvidia.cuda.version", "8.0"}}).cuda ==
      "8.0");
}

TEST_CASE("what a label says that is not understood is told, control characters and all") {
  ImageLabels labels = read_labels({{"com.nvidia.volumes.needed", "nvidia_driver other\x1b"},
                                    {"com.nvidia.cuda.version", "eight"},
                                    {"com.nvidia.cudnn.version", "-1"}});
  CHECK(labels.wants_driver);
  CHECK(labels.cuda.empty());
  CHECK(labels.cudnn.empty());
  REQUIRE(labels.notes.size() == 3);
  CHECK(labels.notes[0] ==
        "label com.nvidia.volumes.needed='nvidia_driver other\\x1b' names the volume "
        "'other\\x1b', which nothing provides any more");
  CHECK(labels.notes[1] ==
        "label com.nvidia.cuda.version='eight' is no version and demands nothing");
  CHECK(labels.notes[2] == "label com.nvidia.cudnn.version='-1' is no version");

  std::string many = "nvidia_driver";
  for (int i = 0; i < 1000; i++) many += cat(" v", i);
  labels = read_labels({{"com.nvidia.volumes.needed", many}});
  CHECK(labels.wants_driver);
  REQUIRE(labels.notes.size() == 1);
  CHECK(labels.notes[0].find("names the volume 'v0'") != std::string::npos);
}

TEST_CASE("the CUDA version of a label is a demand like CUDA_VERSION's") {
  Requirements alone = of({}, kCuda8);
  CHECK(demands(alone) == "label com.nvidia.cuda.version:cuda>=8.0|");
  CHECK(alone.notes.empty());
  CHECK_FALSE(alone.wants_driver);
  CHECK(of({}, {{"com.nvidia.volumes.needed", "nvidia_driver"}}).wants_driver);
  Requirements both = of({"CUDA_VERSION=8.0.44"}, kCuda8);
  CHECK(demands(both) == "CUDA_VERSION:cuda>=8.0|");
  CHECK(both.notes.empty());
  CHECK(demands(of({"NVIDIA_DISABLE_REQUIRE=1"}, kCuda8)).empty());
}

TEST_CASE("NVIDIA_REQUIRE_CUDA admits drivers that the label of the same image would not") {
  // As NVIDIA's images of CUDA 10.0 have it.
  Requirements demand = of({"CUDA_VERSION=10.0.130",
                            "NVIDIA_REQUIRE_CUDA=cuda>=10.0 brand=tesla,driver>=384,driver<385"},
                           {{"com.nvidia.cuda.version", "10.0.130"}});
  CHECK(demands(demand) == "NVIDIA_REQUIRE_CUDA:cuda>=10.0 brand=tesla,driver>=384,driver<385|");
  CHECK(demand.notes.empty());
}

TEST_CASE("labels and variables that contradict each other: one note, and what counts") {
  Requirements older = of({"CUDA_VERSION=12.2.0"}, kCuda8);
  CHECK(demands(older) == "CUDA_VERSION:cuda>=12.2|");
  REQUIRE(older.notes.size() == 1);
  CHECK(older.notes[0] ==
        "the image contradicts itself: its label com.nvidia.cuda.version says 8.0, CUDA_VERSION "
        "says 12.2; CUDA_VERSION counts");
  Requirements newer = of({"CUDA_VERSION=7.5.18"}, kCuda8);
  CHECK(demands(newer) == "CUDA_VERSION:cuda>=7.5|label com.nvidia.cuda.version:cuda>=8.0|");
  REQUIRE(newer.notes.size() == 1);
  CHECK(newer.notes[0].find("the label counts") != std::string::npos);
  Requirements demand = of({"NVIDIA_REQUIRE_CUDA=cuda>=12.2", "CUDA_VERSION=12.2"}, kCuda8);
  CHECK(demands(demand) == "NVIDIA_REQUIRE_CUDA:cuda>=12.2|");
  REQUIRE(demand.notes.size() == 1);
  CHECK(demand.notes[0] ==
        "the image contradicts itself: its label com.nvidia.cuda.version says 8.0, "
        "NVIDIA_REQUIRE_CUDA asks for 12.2; NVIDIA_REQUIRE_CUDA counts");
  // A demand without a CUDA version contradicts nothing.
  CHECK(of({"NVIDIA_REQUIRE_CUDA=driver>=450"}, kCuda8).notes.empty());
}
