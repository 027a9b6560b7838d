// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "render/oci.h"

using namespace outboard;
using Kind = device::Request::Kind;

static std::optional<device::Request> request(const char* text, render::RequestPolicy policy = {}) {
  auto spec = json::parse(text, "spec");
  REQUIRE(spec);
  auto found = render::request_of_spec(*spec, policy);
  REQUIRE(found.has_value());
  return *found;
}

TEST_CASE("no request: nothing, void, empty") {
  CHECK_FALSE(request("{}"));
  CHECK_FALSE(request(R"({"process":{"env":["NVIDIA_VISIBLE_DEVICES=void"]}})"));
  CHECK_FALSE(request(R"({"process":{"env":["NVIDIA_VISIBLE_DEVICES="]}})"));
  CHECK_FALSE(request(R"({"process":{"env":["NVIDIA_VISIBLE_DEVICESX=all"]}})"));
}

TEST_CASE("the last of duplicate variables counts") {
  auto found = request(
      R"({"process":{"env":["NVIDIA_VISIBLE_DEVICES=all","A=b","NVIDIA_VISIBLE_DEVICES=1"]}})");
  REQUIRE(found);
  CHECK(found->names == std::vector<std::string>{"1"});
  CHECK_FALSE(request(
      R"({"process":{"env":["NVIDIA_VISIBLE_DEVICES=all","NVIDIA_VISIBLE_DEVICES=void"]}})"));
}

TEST_CASE(
    "reached as the default runtime, the environment alone asks for nothing; a hook proves "
    "--gpus") {
  render::RequestPolicy strict{.environment_counts = false};
  const char* plain = R"({"process":{"env":["NVIDIA_VISIBLE_DEVICES=all"]}})";
  CHECK(request(plain));
  CHECK_FALSE(request(plain, strict));
  const char* hook = R"({"process":{"env":["NVIDIA_VISIBLE_DEVICES=all"]},
                         "hooks":{"prestart":[{"path":"/usr/bin/nvidia-container-runtime-hook","args":["x","prestart"]}]}})";
  CHECK(request(hook, strict)->kind == Kind::kAll);
}

TEST_CASE("the mount list outranks the environment, and no image can write it") {
  const char* text = R"({"process":{"env":["NVIDIA_VISIBLE_DEVICES=all"]},"mounts":[
    {"destination":"/var/run/nvidia-container-devices/0","source":"/dev/null","type":"bind"},
    {"destination":"/var/run/nvidia-container-devices/cdi/nvidia.com/gpu/GPU-1","source":"/dev/null"},
    {"destination":"/var/run/nvidia-container-devices/imex/3","source":"/dev/null"},
    {"destination":"/var/run/nvidia-container-devices/7","source":"/home"}]})";
  CHECK(request(text, {.environment_counts = false})->names ==
        std::vector<std::string>{"0", "GPU-1"});
  CHECK(request(text, {.mount_list_counts = false})->kind == Kind::kAll);
}

TEST_CASE("images of the time of nvidia-docker 1 get everything") {
  auto found = request(R"({"process":{"env":["CUDA_VERSION=8.0.61"]}})");
  REQUIRE(found);
  CHECK(found->kind == Kind::kAll);
  CHECK(found->capabilities == device::kAllCapabilities);
  CHECK_FALSE(
      request(R"({"process":{"env":["CUDA_VERSION=8.0.61"]}})", {.environment_counts = false}));
  CHECK_FALSE(
      request(R"({"process":{"env":["CUDA_VERSION=12.0","NVIDIA_REQUIRE_CUDA=cuda>=12.0"]}})"));
}

TEST_CASE("capabilities: default, given, wrong") {
  CHECK(request(R"({"process":{"env":["NVIDIA_VISIBLE_DEVICES=0"]}})")->capabilities ==
        device::kDefaultCapabilities);
  CHECK(request(
            R"({"process":{"env":["NVIDIA_VISIBLE_DEVICES=0","NVIDIA_DRIVER_CAPABILITIES=all"]}})")
            ->capabilities == device::kAllCapabilities);
  auto spec = json::parse(
      R"({"process":{"env":["NVIDIA_VISIBLE_DEVICES=0","NVIDIA_DRIVER_CAPABILITIES=gpu"]}})",
      "spec");
  auto found = render::request_of_spec(*spec, {});
  REQUIRE_FALSE(found);
  CHECK(found.error().text.find("unsupported capabilities found in 'gpu'") == 0);
}
