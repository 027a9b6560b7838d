// SPDX-License-Identifier: Apache-2.0
#include "device/request.h"

#include <doctest/doctest.h>

using namespace outboard;
using device::Request;
using Kind = device::Request::Kind;

static Request gpus(const char* text) {
  auto request = device::parse_gpus_option(text);
  REQUIRE_MESSAGE(request.has_value(), text);
  return *request;
}

static std::string gpus_error(const char* text) {
  auto request = device::parse_gpus_option(text);
  REQUIRE_FALSE_MESSAGE(request.has_value(), text);
  return request.error().text;
}

TEST_CASE("--gpus: words and counts") {
  CHECK(gpus("all").kind == Kind::kAll);
  CHECK(gpus("none").kind == Kind::kDriverOnly);
  CHECK(gpus("0").kind == Kind::kNothing);
  CHECK(gpus("2").kind == Kind::kCount);
  CHECK(gpus("2").count == 2);
  CHECK(gpus("-1").kind == Kind::kAll);
  CHECK(gpus("count=3").count == 3);
  CHECK(gpus("count=all").kind == Kind::kAll);
  CHECK(gpus("optional").optional);
  CHECK(gpus("optional").kind == Kind::kAll);
  CHECK(gpus("optional:0,1").names.size() == 2);
  CHECK(gpus(" \" 2 \" ").count == 2);
  CHECK(gpus("optional: 2 ").count == 2);
}

TEST_CASE("--gpus: names, with and without docker's inner quotes") {
  using Names = std::vector<std::string>;
  CHECK(gpus("0,2").names == Names{"0", "2"});
  CHECK(gpus("device=0").names == Names{"0"});
  CHECK(gpus("device=0,2").names == Names{"0", "2"});
  CHECK(gpus("\"device=0,2\"").names == Names{"0", "2"});
  CHECK(gpus("'\"device=0,2\"'").names == Names{"0", "2"});
  CHECK(gpus("\"device=0,2\",capabilities=compute").names == Names{"0", "2"});
  CHECK(gpus("mig=1g.10gb:2").names == Names{"mig=1g.10gb:2"});
  CHECK(gpus("0,mig=1g.10gb:2,0:1").names == Names{"0", "mig=1g.10gb:2", "0:1"});
  CHECK(gpus("0000:65:00.0").names == Names{"0000:65:00.0"});
  CHECK(gpus(" device = 0 , 2 ").names == Names{"0", "2"});
}

TEST_CASE("--gpus: capabilities") {
  CHECK(gpus("all").capabilities == device::kDefaultCapabilities);
  CHECK(device::capabilities_text(gpus("device=0,2,capabilities=compute").capabilities) ==
        "compute");
  CHECK(device::capabilities_text(gpus("all,\"capabilities=compute,utility\"").capabilities) ==
        "compute,utility");
  CHECK(gpus("all,capabilities=all").capabilities == device::kAllCapabilities);
  CHECK(gpus("capabilities=gpu").kind == Kind::kCount);
  CHECK(gpus("capabilities=gpu").capabilities == device::kDefaultCapabilities);
}

TEST_CASE("--gpus: what is wrong is said") {
  CHECK(gpus_error("") == "--gpus '': nothing is named");
  CHECK(gpus_error("devices=0") ==
        "--gpus 'devices=0': unknown key 'devices', did you mean 'device'?");
  CHECK(gpus_error("0,,1") == "--gpus '0,,1': an empty name");
  CHECK(gpus_error("all,0") == "--gpus 'all,0': 'all' and single names exclude each other");
  CHECK(gpus_error("count=2,device=0") ==
        "--gpus 'count=2,device=0': a count and names exclude each other");
  CHECK(gpus_error("count=x") == "--gpus 'count=x': 'x' is no count");
  CHECK(gpus_error("driver=amd,device=0") ==
        "--gpus 'driver=amd,device=0': driver 'amd' is not known, only 'nvidia' is");
  CHECK(gpus_error("99999999999") == "--gpus '99999999999': '99999999999' is no count");
  CHECK(gpus_error("all,capabilities=nope") ==
        "unsupported capabilities found in 'nope' (allowed "
        "'compat32,compute,display,graphics,ngx,utility,video')");
}

TEST_CASE("NVIDIA_VISIBLE_DEVICES: every legal value") {
  using device::parse_visible_devices;
  CHECK(parse_visible_devices("").kind == Kind::kNothing);
  CHECK(parse_visible_devices("void").kind == Kind::kNothing);
  CHECK(parse_visible_devices("0,void").kind == Kind::kNothing);
  CHECK(parse_visible_devices("none").kind == Kind::kDriverOnly);
  CHECK(parse_visible_devices("all").kind == Kind::kAll);
  CHECK(parse_visible_devices("0,GPU-1,0:1").names.size() == 3);
  CHECK(parse_visible_devices("nvidia.com/gpu=0").names == std::vector<std::string>{"0"});
  CHECK(parse_visible_devices(" nvidia.com/gpu= 1 ").names == std::vector<std::string>{"1"});
  CHECK(parse_visible_devices("runtime.nvidia.com/gpu=void").kind == Kind::kNothing);
  CHECK(parse_visible_devices("nvidia.com/gpu=all").kind == Kind::kAll);
  CHECK(parse_visible_devices(",").kind == Kind::kNothing);
}

TEST_CASE("driver capabilities: empty is the default, all is all") {
  CHECK(*device::parse_capabilities("") == device::kDefaultCapabilities);
  CHECK(*device::parse_capabilities("all") == device::kAllCapabilities);
  CHECK(device::capabilities_text(*device::parse_capabilities("video, compute")) ==
        "compute,video");
  CHECK_FALSE(device::parse_capabilities("compute,nope"));
}
