// SPDX-License-Identifier: Apache-2.0
#include "device/select.h"

#include <doctest/doctest.h>

using namespace outboard;
using device::Selected;

// Four GPUs; the third is in MIG mode with three devices.
static host::Facts facts() {
  host::Facts facts;
  for (uint32_t i = 0; i < 4; i++) {
    host::GpuFact gpu;
    gpu.pci = "0000:0" + std::to_string(i + 1) + ":00.0";
    gpu.minor = i;
    gpu.uuid = "GPU-" + std::string(i < 2 ? "aa" : "bb") + std::to_string(i) +
               "00000-0000-0000-0000-000000000000";
    gpu.bound = true;
    facts.gpus.push_back(gpu);
  }
  return facts;
}

static device::Inventory inventory() {
  host::NvmlAnswer nvml;
  for (uint32_t i = 0; i < 4; i++) {
    host::NvmlGpu gpu;
    gpu.index = i;
    gpu.pci = "0000:0" + std::to_string(i + 1) + ":00.0";
    gpu.mig_enabled = i == 2;
    if (i == 2) {
      for (uint32_t m = 0; m < 3; m++) {
        gpu.mig.push_back({m, "MIG-cc" + std::to_string(m) + "00000-0000-0000-0000-000000000000",
                           m < 2 ? "1g.10gb" : "3g.40gb", 7 + m, 0, 9856});
      }
    }
    nvml.gpus.push_back(gpu);
  }
  host::Facts all = facts();
  all.mig = {{2, 7, std::nullopt, 66}, {2, 7, 0, 67}};
  return device::make_inventory(all, &nvml);
}

static std::vector<Selected> chosen(const char* text) {
  auto request = device::parse_gpus_option(text);
  REQUIRE(request);
  auto selection = device::select(inventory(), *request);
  REQUIRE_MESSAGE(selection.has_value(), text);
  return selection->devices;
}

static Error refused(const char* text) {
  auto request = device::parse_gpus_option(text);
  REQUIRE(request);
  auto selection = device::select(inventory(), *request);
  REQUIRE_FALSE(selection.has_value());
  return selection.error();
}

using List = std::vector<Selected>;

TEST_CASE("every name a device goes by") {
  CHECK(chosen("device=0") == List{{0, {}}});
  CHECK(chosen("1,0,1") == List{{0, {}}, {1, {}}});
  CHECK(chosen("GPU-aa1") == List{{1, {}}});
  CHECK(chosen("gpu-AA1") == List{{1, {}}});
  CHECK(chosen("0000:04:00.0") == List{{3, {}}});
  CHECK(chosen("00000000:04:00.0") == List{{3, {}}});
  CHECK(chosen("04:00.0") == List{{3, {}}});
  CHECK(chosen("2:1") == List{{2, 1}});
  CHECK(chosen("MIG-cc2") == List{{2, 2}});
  CHECK(chosen("MIG-GPU-bb200000-0000-0000-0000-000000000000/8/0") == List{{2, 1}});
  CHECK(chosen("mig=1g.10gb:2") == List{{2, 0}, {2, 1}});
  CHECK(chosen("mig=1g.10gb,mig=1g.10gb") == List{{2, 0}, {2, 1}});
  CHECK(chosen("mig=1g.10gb:all") == List{{2, 0}, {2, 1}});
}

TEST_CASE("all and counts; a GPU in MIG mode is its MIG devices") {
  CHECK(chosen("all") == List{{0, {}}, {1, {}}, {2, 0}, {2, 1}, {2, 2}, {3, {}}});
  CHECK(chosen("2") == List{{0, {}}, {1, {}}});
  CHECK(chosen("device=2").size() == 3);
  CHECK(chosen("none").empty());
}

TEST_CASE("all or nothing: every wrong name is reported, with what exists") {
  Error error = refused("0,9,GPU-zz,5:1");
  CHECK(error.text == "unknown GPU '9', 'GPU-zz', '5:1' (near: 2:1)");
  CHECK(error.hint.find("choose from: 0 (GPU-aa000000") == 0);
  CHECK(refused("5").text == "5 GPUs wanted, this machine has 4");
  CHECK(refused("GPU-aa").text ==
        "'GPU-aa' means more than one GPU: GPU-aa000000-0000-0000-0000-000000000000, "
        "GPU-aa100000-0000-0000-0000-000000000000");
  CHECK(refused("mig=3g.40gb:2").text ==
        "'mig=3g.40gb:2': 2 MIG devices of profile 3g.40gb wanted, 1 free to choose");
  CHECK(refused("mig=").text.find("unknown GPU 'mig='") == 0);
  CHECK(refused("GPU-\x1b[31m").text.find('\x1b') == std::string::npos);
}

TEST_CASE("a name that is nearly right brings the right one") {
  CHECK(refused("0000:04:00.1").text == "unknown GPU '0000:04:00.1' (near: 0000:04:00.0)");
  CHECK(refused("MIG-dc2").text == "unknown GPU 'MIG-dc2'");
}

TEST_CASE("MIG capability minors are joined in") {
  auto all = inventory();
  CHECK(all.gpus[2].mig[0].gpu_instance_minor == 66u);
  CHECK(all.gpus[2].mig[0].compute_instance_minor == 67u);
  CHECK_FALSE(all.gpus[2].mig[1].gpu_instance_minor);
}

TEST_CASE("no GPU at all") {
  host::Facts none;
  none.gpus.push_back({.pci = "0000:01:00.0", .excluded = true, .bound = true});
  auto selection =
      device::select(device::make_inventory(none, nullptr), {.kind = device::Request::Kind::kAll});
  REQUIRE_FALSE(selection);
  CHECK(selection.error().text ==
        "this machine has no usable NVIDIA GPU; 0000:01:00.0: excluded by the driver");
}

TEST_CASE("NVML is asked only when the answer depends on it") {
  auto request = [](const char* text) { return *device::parse_gpus_option(text); };
  host::Facts warm = facts();
  CHECK_FALSE(device::needs_nvml(request("all"), warm));
  CHECK_FALSE(device::needs_nvml(request("GPU-aa1"), warm));
  CHECK_FALSE(device::needs_nvml(request("01:00.0"), warm));
  CHECK(device::needs_nvml(request("0:1"), warm));
  CHECK(device::needs_nvml(request("MIG-1"), warm));
  host::Facts cold = facts();
  cold.gpus[0].uuid.reset();
  CHECK_FALSE(device::needs_nvml(request("all"), cold));
  CHECK(device::needs_nvml(request("GPU-aa1"), cold));
  host::Facts mig = facts();
  mig.mig = {{2, 7, 0, 67}};
  CHECK(device::needs_nvml(request("all"), mig));
  CHECK_FALSE(device::needs_nvml(request("none"), mig));
}
