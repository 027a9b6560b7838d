// SPDX-License-Identifier: Apache-2.0
#include "host/driver_files.h"

#include <doctest/doctest.h>

using namespace outboard::host;

TEST_CASE("versions of drivers in file names") {
  auto name = versioned_name("libcuda.so.535.104.05");
  REQUIRE(name);
  CHECK(name->base == "libcuda.so");
  CHECK(name->version == "535.104.05");
  CHECK(versioned_name("libcuda.so.390.157")->version == "390.157");
  for (const char* other :
       {"libcuda.so", "libcuda.so.1", "libnvidia-egl-gbm.so.1.1.0", "libabsl_base.so.20220623",
        "libx.so.535.", "libx.so.535.104.05.1", "libx.so.535.1a", "libx.so.20220623.1", ""}) {
    CAPTURE(other);
    CHECK_FALSE(versioned_name(other));
  }
}

TEST_CASE("libraries with a version of their own") {
  CHECK(special_library("libnvidia-egl-gbm.so.1.1.0") == "libnvidia-egl-gbm.so");
  CHECK(special_library("libnvidia-nvvm70.so.4") == "libnvidia-nvvm70.so");
  CHECK(special_library("libnvidia-egl-wayland2.so.1.0.0") == "libnvidia-egl-wayland2.so");
  CHECK_FALSE(special_library("libnvidia-egl-gbm.so"));
  CHECK_FALSE(special_library("libnvidia-container.so.1"));
  CHECK_FALSE(special_library("libnvidia-egl-wayland3.so.1"));
  CHECK_FALSE(special_library("libEGL.so.1"));
}
