// SPDX-License-Identifier: Apache-2.0
// GPUs on the PCI bus: /sys/bus/pci/devices/<address>/{vendor,class,device,numa_node,drm}.
#include <fcntl.h>

#include <algorithm>

#include "base/files.h"
#include "base/text.h"
#include "host/read_parts.h"
#include "host/small_files.h"

namespace outboard::host {

namespace {

constexpr uint32_t kVendorNvidia = 0x10de;
// Base class 3 (display), subclass 0 (VGA) or 2 (3D); the low byte is the programming interface.
constexpr uint32_t kClassVga = 0x0300;
constexpr uint32_t kClass3d = 0x0302;

// A number in an attribute file: "0x2335\n".
std::optional<uint32_t> hex_attribute(int device, const std::string& name) {
  auto text = read_small(device, name);
  if (!text) return std::nullopt;
  std::string_view digits = trim(*text);
  if (digits.rfind("0x", 0) == 0) digits.remove_prefix(2);
  return parse_number<uint32_t>(digits, 16);
}

bool is_gpu(int device) {
  if (hex_attribute(device, "vendor") != kVendorNvidia) return false;
  auto code = hex_attribute(device, "class");
  return code && ((*code >> 8) == kClassVga || (*code >> 8) == kClass3d);
}

void read_attributes(int device, GpuFact& gpu) {
  gpu.pci_device = hex_attribute(device, "device");
  if (auto text = read_small(device, "numa_node")) {
    auto node = parse_number<int>(trim(*text));
    if (node && *node >= 0) gpu.numa_node = node;  // -1: the firmware does not say
  }
  for (const std::string& name : names_in(device, "drm")) {
    if (name.rfind("card", 0) == 0 || name.rfind("renderD", 0) == 0)
      gpu.drm_nodes.push_back("/dev/dri/" + name);
  }
}

}  // namespace

void read_bus(int sys, bool whole_bus, Facts& facts) {
  auto bus = open_at(sys, "bus/pci/devices", O_RDONLY | O_DIRECTORY);
  if (bus) {
    if (whole_bus) {
      for (const std::string& name : names_in(bus->get(), ".")) {
        bool known = std::any_of(facts.gpus.begin(), facts.gpus.end(),
                                 [&](const GpuFact& gpu) { return gpu.pci == lower(name); });
        if (known) continue;
        auto device = open_at(bus->get(), name, O_RDONLY | O_DIRECTORY);
        if (device && is_gpu(device->get())) facts.gpus.push_back({.pci = lower(name)});
      }
    }
    for (GpuFact& gpu : facts.gpus) {
      if (auto device = open_at(bus->get(), gpu.pci, O_RDONLY | O_DIRECTORY))
        read_attributes(device->get(), gpu);
    }
  }
  // By number: a domain of five digits (VMD) comes after one of four.
  std::sort(facts.gpus.begin(), facts.gpus.end(), [](const GpuFact& a, const GpuFact& b) {
    size_t a_domain = a.pci.find(':'), b_domain = b.pci.find(':');
    return a_domain != b_domain ? a_domain < b_domain : a.pci < b.pci;
  });
}

}  // namespace outboard::host
