// SPDX-License-Identifier: Apache-2.0
#include "compat/image_tags.h"

#include <doctest/doctest.h>

#include "base/text.h"

using namespace outboard;
using namespace outboard::compat;

namespace {

std::string text_of(const ImageFlavour& flavour) {
  return cat(flavour.repository, " ", flavour.kind, flavour.cudnn ? " cudnn" : "", " ",
             flavour.ubuntu);
}

std::string of_name(std::string_view name) {
  return text_of(flavour_of(name, {}, {}));
}

std::string of_environment(const std::vector<std::string>& environment) {
  return text_of(flavour_of("repo/app:1", environment, {}));
}

std::string image(const char* driver, const char* capability, const ImageFlavour& flavour = {}) {
  GpuTraits gpu{"GPU 0", std::string(capability), GpuClass::kDataCenter};
  return runnable_image(built_in_tables(), {driver, std::nullopt}, {gpu}, flavour).value_or("none");
}

}  // namespace

TEST_CASE("an image's flavour stands in its name") {
  CHECK(of_name("nvidia/cuda:12.8.1-cudnn-devel-ubuntu24.04") == "nvidia/cuda devel cudnn 24.04");
  CHECK(of_name("nvidia/cuda:12.2.2-runtime-ubuntu20.04") == "nvidia/cuda runtime 20.04");
  CHECK(of_name("nvcr.io/nvidia/cuda:12.2.2-base-ubi8") == "nvcr.io/nvidia/cuda base ");
  CHECK(of_name("host:5000/mirror/nvidia/cuda:12.2.2-devel-ubuntu2204@sha256:00") ==
        "host:5000/mirror/nvidia/cuda devel 22.04");
  CHECK(of_name("host:5000/nvidia/cuda") == "host:5000/nvidia/cuda base ");
  // Other repositories mean other things by these words.
  CHECK(of_name("team/app:2.0-devel-ubuntu22.04") == "nvidia/cuda base 22.04");
  CHECK(of_name("notnvidia/cuda:12-devel") == "nvidia/cuda base ");
  CHECK(of_name("app:ubuntu") == "nvidia/cuda base ");
  CHECK(of_name("") == "nvidia/cuda base ");
}

TEST_CASE("or in what NVIDIA's images hand down") {
  CHECK(of_environment({"NV_CUDA_CUDART_VERSION=12.2.140-1"}) == "nvidia/cuda base ");
  CHECK(of_environment({"NV_CUDA_LIB_VERSION=12.2.2-1"}) == "nvidia/cuda runtime ");
  CHECK(of_environment({"NV_CUDA_LIB_VERSION=12.2.2-1", "NV_CUDA_CUDART_DEV_VERSION=12.2.140-1",
                        "NV_CUDNN_VERSION=8.9.6.50"}) == "nvidia/cuda devel cudnn ");
  CHECK(of_environment({"NV_CUDNN_VERSION=8.9.6.50"}) == "nvidia/cuda runtime cudnn ");
  CHECK(of_environment({"NV_CUDNN_VERSION=", "NV_CUDNN_VERSION_X=1"}) == "nvidia/cuda base ");
  const Labels labels = {{"org.opencontainers.image.version", "22.04"}};
  CHECK(text_of(flavour_of("repo/app", {}, labels)) == "nvidia/cuda base 22.04");
  CHECK(text_of(flavour_of("repo/app:ubuntu20.04", {}, labels)) == "nvidia/cuda base 20.04");
  CHECK(text_of(flavour_of("repo/app", {}, {{"org.opencontainers.image.version", "1.4.2"}})) ==
        "nvidia/cuda base ");
}

TEST_CASE("the newest image that a driver supports in full, with code for the GPU") {
  CHECK(image("535.104.05", "9.0") == "nvidia/cuda:12.2.2-base-ubuntu22.04");
  // 12.2.2 wants 535.104.05.
  CHECK(image("535.54.03", "9.0") == "nvidia/cuda:12.1.1-base-ubuntu22.04");
  CHECK(image("580.65.06", "9.0") == "nvidia/cuda:13.0.0-base-ubuntu24.04");
  CHECK(image("9999.1", "9.0") == "nvidia/cuda:13.2.1-base-ubuntu24.04");
  // CUDA 13 has no code for Pascal; Blackwell is known from 12.8 on.
  CHECK(image("580.65.06", "6.1") == "nvidia/cuda:12.9.1-base-ubuntu24.04");
  CHECK(image("550.54.15", "12.0") == "none");
  CHECK(image("384.81", "6.0") == "none");
  CHECK(image("unknown", "9.0") == "none");
  CHECK(image("580.65.06", "99.0") == "nvidia/cuda:13.0.0-base-ubuntu24.04");
  // Branch 470 is the last one that drives Kepler.
  CHECK(image("470.82.01", "3.5") == "nvidia/cuda:11.4.3-base-ubuntu20.04");
  CHECK(image("535.104.05", "3.5") == "none");
}

TEST_CASE("flavour and distribution are those of the image, as far as they are published") {
  CHECK(image("535.104.05", "9.0", {"nvcr.io/nvidia/cuda", "devel", true, "20.04"}) ==
        "nvcr.io/nvidia/cuda:12.2.2-cudnn8-devel-ubuntu20.04");
  CHECK(image("570.124.06", "9.0", {"nvidia/cuda", "runtime", true, "16.04"}) ==
        "nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04");
  CHECK(image("470.82.01", "8.0", {"nvidia/cuda", "runtime", false, "18.04"}) ==
        "nvidia/cuda:11.4.3-runtime-ubuntu18.04");
}

TEST_CASE("all GPUs count, and none leaves the driver alone") {
  const Tables& tables = built_in_tables();
  GpuTraits hopper{"GPU 0", "9.0", GpuClass::kDataCenter}, pascal{"GPU 1", "6.0"};
  auto both = runnable_image(tables, {"580.65.06", std::nullopt}, {hopper, pascal}, {});
  CHECK(both.value_or("") == "nvidia/cuda:12.9.1-base-ubuntu24.04");
  auto none = runnable_image(tables, {"580.65.06", std::nullopt}, {}, {});
  CHECK(none.value_or("") == "nvidia/cuda:13.0.0-base-ubuntu24.04");
}

TEST_CASE("every published version is named for a driver that supports it in full") {
  const Tables& tables = built_in_tables();
  for (const ImageTagRow& row : tables.image_tags) {
    INFO(std::string(row.tag));
    auto driver = full_driver(tables, row.cuda);
    REQUIRE(driver);
    ImageFlavour like{"nvidia/cuda", "devel", true, std::string(row.ubuntu)};
    auto found = runnable_image(tables, {*driver, std::nullopt}, {}, like);
    REQUIRE(found);
    // A newer version may need the same driver.
    auto newer = split(std::string_view(*found).substr(12), '-')[0];
    CHECK(compare_padded(newer, row.cuda) >= 0);
    if (newer == row.cuda) CHECK(*found == cat("nvidia/cuda:", row.tag));
  }
}
