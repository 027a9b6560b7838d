// SPDX-License-Identifier: Apache-2.0
#include "host/facts_json.h"

#include <doctest/doctest.h>

using namespace outboard;
using namespace outboard::host;

namespace {

Facts full_facts() {
  Facts facts;
  facts.roots = {"/r", "/r/dev", "/r/proc", "/r/sys"};
  facts.simulated = true;
  facts.boot_id = "b";
  facts.kernel = "6.1";
  facts.module_version = "535.104.05";
  facts.module_flavor = "open";
  facts.library_version = "535.104.05";
  facts.driver_library_directories = {"/usr/lib64"};
  facts.node_parameters = NodeParameters{false, 0660, 1, 2};
  facts.majors = {{"nvidia-uvm", 510}};
  facts.gpus = {
      {"0000:01:00.0", 3, "GPU-1", "NVIDIA \"A\"", 0x2335, true, true, {"/dev/dri/card0"}, 1},
      {.pci = "10000:01:00.0"}};
  facts.mig = {{0, 1, std::nullopt, 12}, {0, 1, 0, 13}};
  facts.mig_config_minor = 1;
  facts.nodes = {{"/dev/nvidia0", "/r/dev/nvidia0", 'c', 195, 4294967295U, 0666, 0, 44}};
  facts.files = {{FileKind::kLibrary, "/a/libcuda.so.1", "libcuda.so", "libcuda.so.1", 32, "1.2"},
                 {FileKind::kSocket, "/run/s", "s"}};
  facts.files[1].found_as = "/var/run/s";
  facts.files[0].distrust = "owned by user 1000";
  facts.missing_char_links = {"195:0"};
  return facts;
}

std::string error_of(const char* text) {
  auto value = json::parse(text, "test");
  REQUIRE(value);
  auto facts = facts_from_json(*value);
  REQUIRE_FALSE(facts);
  CHECK(facts.error().code == ErrorCode::kUsage);
  return facts.error().text;
}

}  // namespace

TEST_CASE("facts survive writing and reading") {
  for (const Facts& facts : {Facts(), full_facts()}) {
    auto value = json::parse(json::write_pretty(facts_to_json(facts)), "test");
    REQUIRE(value);
    auto again = facts_from_json(*value);
    REQUIRE(again);
    CHECK((*again == facts));
  }
}

TEST_CASE("what a newer program added is ignored") {
  json::Value value = facts_to_json(full_facts());
  value.set("color", "blue");
  value.find("gpus")->items()[0].set("smell", 7);
  auto again = facts_from_json(value);
  REQUIRE(again);
  CHECK((*again == full_facts()));
}

TEST_CASE("wrong types are named") {
  CHECK(error_of(R"([])") == "facts: not an object");
  CHECK(error_of(R"({})") == "facts: no schema number");
  CHECK(error_of(R"({"schema":9})").find("newer") != std::string::npos);
  CHECK(error_of(R"({"schema":1,"gpus":[{},{"minor":"x"}]})") ==
        "facts: gpus[1].minor: not a whole number that fits");
  CHECK(error_of(R"({"schema":1,"gpus":[{"minor":-1}]})") ==
        "facts: gpus[0].minor: not a whole number that fits");
  CHECK(error_of(R"({"schema":1,"nodes":{}})") == "facts: nodes: not a list");
  CHECK(error_of(R"({"schema":1,"nodes":[3]})") == "facts: nodes[0]: not an object");
  CHECK(error_of(R"({"schema":1,"nodes":[{"type":"ch"}]})") ==
        "facts: nodes[0].type: not a single character");
  CHECK(error_of(R"({"schema":1,"nodes":[{"path":"/dev/../etc/x"}]})") ==
        "facts: nodes[0].path: '/dev/../etc/x' is not in /dev");
  CHECK(error_of(R"({"schema":1,"nodes":[{}]})") == "facts: nodes[0].path: '' is not in /dev");
  CHECK(error_of(R"({"schema":1,"files":[{"kind":"pasta"}]})") ==
        "facts: files[0].kind: unknown kind 'pasta'");
  CHECK(error_of(R"({"schema":1,"files":[{"path":"a\u0000b"}]})") ==
        "facts: files[0].path: contains a NUL byte");
  CHECK(error_of(R"({"schema":1,"roots":{"dev":5}})") == "facts: roots.dev: not a string");
  CHECK(error_of(R"({"schema":1,"simulated":"yes"})") ==
        "facts: simulated: neither true nor false");
}

TEST_CASE("an NVML answer survives writing and reading") {
  NvmlAnswer answer;
  answer.driver_version = "580.95.05";
  answer.cuda_version = "13.0";
  NvmlGpu gpu{0, "0000:01:00.0", "GPU-1", "NVIDIA H200", "NVIDIA", 0, 143771, "9.0", true, {}};
  gpu.mig = {{1, "MIG-1", "1g.18gb", 7, 0, 16384}, {2, "MIG-2", "1c.2g.35gb", 8, 1, std::nullopt}};
  answer.gpus = {gpu, {.index = 1, .pci = "0000:02:00.0"}};
  auto again = nvml_from_json(nvml_to_json(answer));
  REQUIRE(again);
  CHECK((*again == answer));
}
