// SPDX-License-Identifier: Apache-2.0
// What may be asked for: --gpus ("g" in front), NVIDIA_VISIBLE_DEVICES ("v") and
// NVIDIA_DRIVER_CAPABILITIES ("c"), and what is chosen for it on a machine with whole GPUs and MIG
// devices.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "device/request.h"
#include "device/select.h"
#include "require.h"

using namespace outboard;
using namespace outboard::fuzz;
using device::Request;

static device::Inventory machine() {
  device::Inventory inventory;
  inventory.has_nvml = true;
  for (uint32_t i = 0; i < 3; i++) {
    device::Gpu gpu;
    gpu.index = i;
    gpu.pci = cat("0000:", i + 3, "b:00.0");
    gpu.minor = 2 - i;
    gpu.uuid = cat("GPU-8f3a0", i, "00-0000-0000-0000-00000000000", i);
    gpu.name = "NVIDIA A100-SXM4-80GB";
    gpu.mig_enabled = i == 2;
    inventory.gpus.push_back(std::move(gpu));
  }
  for (uint32_t i = 0; i < 2; i++) {
    inventory.gpus[2].mig.push_back({i, cat("MIG-5e2", i, "0000-0000-0000-0000-000000000000"),
                                     "1g.10gb", 7 + i, 0, 66 + 9 * i, 67 + 9 * i, 9856});
  }
  return inventory;
}

static void check_selection(const Request& request) {
  static const device::Inventory inventory = machine();
  auto selection = device::select(inventory, request);
  if (!selection) {
    require_readable(selection.error());
    return;
  }
  const auto& devices = selection->devices;
  for (size_t i = 0; i < devices.size(); i++) {
    FUZZ_REQUIRE(devices[i].gpu < inventory.gpus.size());
    FUZZ_REQUIRE(!devices[i].mig || *devices[i].mig < inventory.gpus[devices[i].gpu].mig.size());
    FUZZ_REQUIRE(std::count(devices.begin(), devices.end(), devices[i]) == 1);
    // The stable name of a device means that device.
    Request by_name;
    by_name.kind = Request::Kind::kNames;
    by_name.names = {device::stable_name(inventory, devices[i])};
    auto same = device::select(inventory, by_name);
    FUZZ_REQUIRE(same && same->devices == std::vector<device::Selected>{devices[i]},
                 by_name.names[0]);
  }
  bool wants_driver = request.kind != Request::Kind::kNothing;
  FUZZ_REQUIRE(selection->driver == wants_driver);
  if (request.kind == Request::Kind::kCount) {
    // GPUs are counted; of one that is split, all MIG devices are given.
    std::set<uint32_t> gpus;
    for (const device::Selected& selected : devices) gpus.insert(selected.gpu);
    FUZZ_REQUIRE(gpus.size() == request.count);
  }
  if (request.kind == Request::Kind::kNames) FUZZ_REQUIRE(!devices.empty());
  if (request.kind == Request::Kind::kDriverOnly || !wants_driver) FUZZ_REQUIRE(devices.empty());
}

static void check_shape(const Request& request) {
  FUZZ_REQUIRE((request.kind == Request::Kind::kNames) == !request.names.empty());
  FUZZ_REQUIRE((request.kind == Request::Kind::kCount) == (request.count > 0));
  for (const std::string& name : request.names) {
    FUZZ_REQUIRE(!name.empty() && trim(name) == name, name);
    FUZZ_REQUIRE(name.find(',') == std::string::npos, name);
  }
  check_selection(request);
}

static void check_gpus(const std::string& text) {
  auto request = device::parse_gpus_option(text);
  if (!request) {
    FUZZ_REQUIRE(request.error().code == ErrorCode::kUsage);
    require_readable(request.error());
    return;
  }
  check_shape(*request);
  FUZZ_REQUIRE(request->capabilities.bits != 0);
  // Docker's inner quotes make no difference, wherever a shell left them.
  auto quoted = device::parse_gpus_option("\"" + text + "\"");
  FUZZ_REQUIRE(quoted && *quoted == *request, text);
  if (!request->optional) {
    auto optional = device::parse_gpus_option("optional:" + text);
    FUZZ_REQUIRE(optional && optional->optional, text);
    optional->optional = false;
    FUZZ_REQUIRE(*optional == *request, text);
  }
}

static void check_visible(std::string_view text) {
  Request request = device::parse_visible_devices(text);
  check_shape(request);
  FUZZ_REQUIRE(!request.optional);
  // The kind of device is written once.
  bool has_kind = join(request.names, ",").find("nvidia.com/gpu=") != std::string::npos;
  if (request.kind == Request::Kind::kNames && !has_kind)
    FUZZ_REQUIRE(device::parse_visible_devices(join(request.names, ",")) == request, text);
}

static void check_capabilities(std::string_view text) {
  auto capabilities = device::parse_capabilities(text);
  if (!capabilities) {
    require_readable(capabilities.error());
    return;
  }
  FUZZ_REQUIRE(capabilities->bits != 0 && capabilities->bits <= device::kAllCapabilities.bits);
  auto again = device::parse_capabilities(device::capabilities_text(*capabilities));
  FUZZ_REQUIRE(again && *again == *capabilities, device::capabilities_text(*capabilities), text);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = text_of(data, size);
  if (text.empty()) return 0;
  char which = text[0];
  text.remove_prefix(1);
  if (which == 'g') check_gpus(std::string(text));
  if (which == 'v') check_visible(text);
  if (which == 'c') check_capabilities(text);
  return 0;
}
