// SPDX-License-Identifier: Apache-2.0
// The MIG profile is the end of the device's name ("NVIDIA H200 MIG 1g.18gb"): NVML has no call
// that gives it.
#include "app/nvml/read_nvml.h"

#include <array>
#include <cstdio>

#include "base/text.h"

namespace outboard::app {

namespace {

constexpr unsigned kInitWithoutGpus = 1;  // NVML_INIT_FLAG_NO_GPUS: none found is no failure

using TextFunction = nvml_result (*)(nvml_device, char*, unsigned);
using NumberFunction = nvml_result (*)(nvml_device, unsigned*);

std::optional<std::string> text_of(TextFunction function, nvml_device device) {
  std::array<char, 256> text{};
  if (!function || function(device, text.data(), text.size() - 1) != kNvmlSuccess || text[0] == 0)
    return std::nullopt;
  return std::string(text.data());
}

std::optional<unsigned> number_of(NumberFunction function, nvml_device device) {
  unsigned number = 0;
  if (!function || function(device, &number) != kNvmlSuccess) return std::nullopt;
  return number;
}

std::optional<uint64_t> memory_of(const NvmlFunctions& nvml, nvml_device device) {
  nvml_memory memory{};
  if (!nvml.memory || nvml.memory(device, &memory) != kNvmlSuccess) return std::nullopt;
  return memory.total >> 20;
}

// nvmlBrandType_t.
std::optional<std::string> brand_name(unsigned brand) {
  static constexpr const char* kNames[] = {nullptr,       "Quadro",       "Tesla",
                                           "NVS",         "GRID",         "GeForce",
                                           "Titan",       "NVIDIA vApps", "NVIDIA vPC",
                                           "NVIDIA vCS",  "NVIDIA vWS",   "NVIDIA Cloud Gaming",
                                           "Quadro RTX",  "NVIDIA RTX",   "NVIDIA",
                                           "GeForce RTX", "Titan RTX"};
  if (brand >= std::size(kNames) || !kNames[brand]) return std::nullopt;
  return kNames[brand];
}

std::string profile_of(const std::optional<std::string>& name,
                       const std::optional<nvml_device_attributes>& attributes) {
  if (name) {
    size_t at = name->rfind(" MIG ");
    if (at != std::string::npos) return name->substr(at + 5);
  }
  if (!attributes) return "";
  std::string profile =
      cat(attributes->gpu_instance_slices, "g.", (attributes->memory_mib + 1023) / 1024, "gb");
  if (attributes->compute_instance_slices == attributes->gpu_instance_slices) return profile;
  return cat(attributes->compute_instance_slices, "c.", profile);
}

std::optional<host::NvmlMig> read_mig_device(const NvmlFunctions& nvml, nvml_device device,
                                             unsigned index) {
  auto uuid = text_of(nvml.uuid, device);
  auto gpu_instance = number_of(nvml.gpu_instance, device);
  auto compute_instance = number_of(nvml.compute_instance, device);
  if (!uuid || !gpu_instance || !compute_instance) return std::nullopt;
  std::optional<nvml_device_attributes> attributes;
  nvml_device_attributes read{};
  if (nvml.attributes && nvml.attributes(device, &read) == kNvmlSuccess) attributes = read;
  host::NvmlMig mig;
  mig.index = index;
  mig.uuid = *uuid;
  mig.profile = profile_of(text_of(nvml.name, device), attributes);
  mig.gpu_instance = *gpu_instance;
  mig.compute_instance = *compute_instance;
  if (attributes) mig.memory_mib = attributes->memory_mib;
  return mig;
}

void read_mig(const NvmlFunctions& nvml, nvml_device device, host::NvmlGpu& gpu) {
  unsigned current = 0, pending = 0;
  if (!nvml.mig_mode) return;
  nvml_result result = nvml.mig_mode(device, &current, &pending);
  if (result == kNvmlNotSupported) gpu.mig_enabled = false;
  if (result != kNvmlSuccess) return;
  gpu.mig_enabled = current == 1;
  if (current != 1 || !nvml.mig_by_index) return;
  // Indices have gaps after instances were removed.
  unsigned count = number_of(nvml.max_mig_count, device).value_or(0);
  for (unsigned index = 0; index < count; index++) {
    nvml_device mig = nullptr;
    if (nvml.mig_by_index(device, index, &mig) != kNvmlSuccess) continue;
    if (auto read = read_mig_device(nvml, mig, index)) gpu.mig.push_back(std::move(*read));
  }
}

// Pages that went out of use, for whatever cause.
std::optional<uint32_t> count_retired_pages(const NvmlFunctions& nvml, nvml_device device) {
  constexpr unsigned kCorrected = 0, kUncorrected = 1;
  if (!nvml.retired_pages) return std::nullopt;
  uint32_t all = 0;
  for (unsigned cause : {kCorrected, kUncorrected}) {
    unsigned count = 0;
    nvml_result result = nvml.retired_pages(device, cause, &count, nullptr);
    if (result != kNvmlSuccess && result != kNvmlInsufficientSize) return std::nullopt;
    all += count;
  }
  return all;
}

host::NvmlHealth read_health(const NvmlFunctions& nvml, nvml_device device) {
  constexpr unsigned kGpuSensor = 0, kUncorrected = 1, kSinceReset = 0, kEver = 1;
  host::NvmlHealth health;
  if (auto mode = number_of(nvml.persistence, device)) health.persistence = *mode == 1;
  unsigned number = 0;
  if (nvml.temperature && nvml.temperature(device, kGpuSensor, &number) == kNvmlSuccess)
    health.temperature = number;
  unsigned long long wide = 0;
  if (nvml.clock_reasons && nvml.clock_reasons(device, &wide) == kNvmlSuccess)
    health.clock_reasons = wide;
  if (nvml.memory_errors &&
      nvml.memory_errors(device, kUncorrected, kSinceReset, &wide) == kNvmlSuccess)
    health.uncorrected = wide;
  if (nvml.memory_errors && nvml.memory_errors(device, kUncorrected, kEver, &wide) == kNvmlSuccess)
    health.uncorrected_ever = wide;
  unsigned now = 0, later = 0;
  if (nvml.ecc_mode && nvml.ecc_mode(device, &now, &later) == kNvmlSuccess) {
    health.ecc = now == 1;
    health.ecc_after_reboot = later == 1;
  }
  // Pages are retired up to Turing, rows remapped since Ampere.
  health.retired_pages = count_retired_pages(nvml, device);
  if (auto pending = number_of(nvml.retirement_pending, device))
    health.retirement_pending = *pending == 1;
  unsigned correctable = 0, uncorrectable = 0, pending = 0, failed = 0;
  if (nvml.remapped_rows &&
      nvml.remapped_rows(device, &correctable, &uncorrectable, &pending, &failed) == kNvmlSuccess) {
    health.remapped_rows = correctable + uncorrectable;
    health.retirement_pending = pending == 1;
    health.remapping_failed = failed == 1;
  }
  return health;
}

std::optional<host::NvmlGpu> read_gpu(const NvmlFunctions& nvml, unsigned index, bool health) {
  nvml_device device = nullptr;
  nvml_pci_info pci{};
  if (nvml.device_by_index(index, &device) != kNvmlSuccess ||
      nvml.pci_info(device, &pci) != kNvmlSuccess)
    return std::nullopt;
  host::NvmlGpu gpu;
  gpu.index = index;
  std::array<char, 32> address{};
  std::snprintf(address.data(), address.size(), "%04x:%02x:%02x.0", pci.domain, pci.bus,
                pci.device);
  gpu.pci = address.data();
  gpu.uuid = text_of(nvml.uuid, device);
  gpu.name = text_of(nvml.name, device);
  if (auto brand = number_of(nvml.brand, device)) gpu.brand = brand_name(*brand);
  gpu.minor = number_of(nvml.minor, device);
  gpu.memory_mib = memory_of(nvml, device);
  int major = 0, minor = 0;
  if (nvml.compute_capability && nvml.compute_capability(device, &major, &minor) == kNvmlSuccess)
    gpu.compute_capability = cat(major, ".", minor);
  read_mig(nvml, device, gpu);
  if (health) gpu.health = read_health(nvml, device);
  return gpu;
}

}  // namespace

Result<host::NvmlAnswer> read_nvml(const NvmlFunctions& nvml, bool health) {
  nvml_result started = nvml.init_with_flags ? nvml.init_with_flags(kInitWithoutGpus) : nvml.init();
  if (started != kNvmlSuccess) {
    return make_error(ErrorCode::kUnsupported, cat("NVML does not start: ", nvml.text(started)));
  }
  host::NvmlAnswer answer;
  std::array<char, 128> version{};
  if (nvml.driver_version &&
      nvml.driver_version(version.data(), version.size() - 1) == kNvmlSuccess)
    answer.driver_version = version.data();
  int cuda = 0;
  if (nvml.cuda_version && nvml.cuda_version(&cuda) == kNvmlSuccess && cuda > 0)
    answer.cuda_version = cat(cuda / 1000, ".", cuda % 1000 / 10);
  unsigned count = 0;
  nvml_result counted = nvml.device_count(&count);
  for (unsigned index = 0; counted == kNvmlSuccess && index < count; index++) {
    if (auto gpu = read_gpu(nvml, index, health)) answer.gpus.push_back(std::move(*gpu));
  }
  if (nvml.shutdown) nvml.shutdown();
  if (counted != kNvmlSuccess) {
    return make_error(ErrorCode::kUnsupported,
                      cat("NVML does not count its GPUs: ", nvml.text(counted)));
  }
  return answer;
}

}  // namespace outboard::app
