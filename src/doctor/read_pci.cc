// SPDX-License-Identifier: Apache-2.0
// The PCI bus beyond what host::read_facts takes from it: which driver has a GPU, how wide its link
// is, which kind of IOMMU domain it is in, and whether bridges send traffic between GPUs up to the
// root.
#include <fcntl.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>

#include "base/files.h"
#include "base/text.h"
#include "compat/gpu_table.h"
#include "doctor/read_parts.h"
#include "host/small_files.h"

namespace outboard::doctor {

namespace {

constexpr uint32_t kVendorNvidia = 0x10de;
constexpr uint32_t kClassVga = 0x0300, kClass3d = 0x0302, kClassBridge = 0x0604,
                   kClassOtherBridge = 0x0680;

std::optional<uint32_t> hex_attribute(int device, const std::string& name) {
  auto text = host::read_small(device, name);
  if (!text) return std::nullopt;
  std::string_view digits = trim(*text);
  if (digits.rfind("0x", 0) == 0) digits.remove_prefix(2);
  return parse_number<uint32_t>(digits, 16);
}

std::optional<uint32_t> number_attribute(int device, const std::string& name) {
  auto text = host::read_small(device, name);
  return text ? parse_number<uint32_t>(trim(*text)) : std::nullopt;
}

std::optional<std::string> link_name(int device, const std::string& name) {
  char target[PATH_MAX];
  ssize_t length = ::readlinkat(device, name.c_str(), target, sizeof target);
  if (length <= 0) return std::nullopt;
  return file_name_of(std::string_view(target, static_cast<size_t>(length)));
}

std::string hex4(uint32_t number) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (int shift = 12; shift >= 0; shift -= 4) out += kDigits[number >> shift & 15U];
  return out;
}

std::string name_of(const Places& places, std::optional<uint32_t> device) {
  if (!device) return "NVIDIA GPU";
  if (auto model = compat::gpu_model(*device)) return cat("NVIDIA ", model->name);
  // Debian and SUSE, Fedora and RHEL.
  for (const char* file : {"/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids"}) {
    auto text = read_file(join_path(places.system, std::string(file).substr(1)));
    if (!text) continue;
    if (auto name = name_in_pci_ids(*text, *device)) return cat("NVIDIA ", *name);
  }
  return cat("NVIDIA GPU 10de:", hex4(*device), " (unknown to this program and to pci.ids)");
}

// The functions on the way to it: ".../devices/pci0000:16/0000:16:01.0/0000:17:00.0/0000:18:00.0".
std::vector<std::string> bridges_above(const std::string& device) {
  char resolved[PATH_MAX];
  std::vector<std::string> bridges;
  if (!::realpath(device.c_str(), resolved)) return bridges;
  for (std::string_view part : split(resolved, '/')) {
    // An address: "0000:16:01.0".
    size_t colon = part.find(':');
    if (colon != std::string_view::npos && part.find(':', colon + 1) != std::string_view::npos)
      bridges.push_back(lower(part));
  }
  if (!bridges.empty()) bridges.pop_back();
  return bridges;
}

PciGpu read_gpu(const Places& places, int device, const std::string& pci) {
  PciGpu gpu;
  gpu.pci = lower(pci);
  gpu.name = name_of(places, hex_attribute(device, "device"));
  gpu.driver = link_name(device, "driver");
  gpu.link_width = number_attribute(device, "current_link_width");
  gpu.maximum_link_width = number_attribute(device, "max_link_width");
  if (auto text = host::read_small(device, "iommu_group/type"))
    gpu.iommu_type = std::string(trim(*text));
  gpu.bridges = bridges_above(cat(places.roots.sys, "/bus/pci/devices/", pci));
  return gpu;
}

}  // namespace

std::optional<std::string> name_in_pci_ids(std::string_view text, uint32_t device) {
  std::string wanted = hex4(device);
  bool ours = false;
  for (std::string_view line : split(text, '\n')) {
    if (line.empty() || line[0] == '#') continue;
    if (line[0] != '\t') {
      if (ours) return std::nullopt;  // the next vendor
      ours = line.rfind("10de", 0) == 0;
    } else if (ours && line.size() > 7 && line[1] != '\t' && line.substr(1, 4) == wanted) {
      return std::string(trim(line.substr(5)));
    }
  }
  return std::nullopt;
}

std::optional<uint16_t> acs_control(std::string_view configuration) {
  constexpr uint16_t kAcs = 0x000d;
  auto byte = [&](size_t at) {
    return static_cast<uint32_t>(static_cast<uint8_t>(configuration[at]));
  };
  size_t at = 0x100;
  for (int count = 0; count < 64 && at >= 0x100 && at + 8 <= configuration.size(); count++) {
    uint32_t header = byte(at) | byte(at + 1) << 8 | byte(at + 2) << 16 | byte(at + 3) << 24;
    if (header == 0 || header == 0xffffffff) return std::nullopt;
    if ((header & 0xffff) == kAcs) return static_cast<uint16_t>(byte(at + 6) | byte(at + 7) << 8);
    at = header >> 20 & ~3U;
  }
  return std::nullopt;
}

void read_pci(const Places& places, Facts& facts) {
  PciFacts& pci = facts.pci;
  pci.bridges_readable = true;
  auto bus = open_at(AT_FDCWD, places.roots.sys + "/bus/pci/devices", O_RDONLY | O_DIRECTORY);
  if (!bus) return;
  for (const std::string& name : host::names_in(bus->get(), ".")) {
    auto device = open_at(bus->get(), name, O_RDONLY | O_DIRECTORY);
    if (!device) continue;
    auto code = hex_attribute(device->get(), "class");
    if (!code) continue;
    bool nvidia = hex_attribute(device->get(), "vendor") == kVendorNvidia;
    uint32_t kind = *code >> 8;
    if (nvidia && (kind == kClassVga || kind == kClass3d))
      pci.gpus.push_back(read_gpu(places, device->get(), name));
    if (nvidia && kind == kClassOtherBridge) pci.nvswitches++;
    if (kind == kClassBridge) {
      // 64 bytes are for everybody, the rest takes CAP_SYS_ADMIN.
      auto configuration = read_file_at(device->get(), "config", 8192);
      if (!configuration || configuration->size() <= 64) pci.bridges_readable = false;
      if (configuration) pci.bridges.push_back({lower(name), acs_control(*configuration)});
    }
  }
  auto infiniband =
      open_at(AT_FDCWD, places.roots.sys + "/class/infiniband", O_RDONLY | O_DIRECTORY);
  pci.infiniband = infiniband && !host::names_in(infiniband->get(), ".").empty();
}

}  // namespace outboard::doctor
