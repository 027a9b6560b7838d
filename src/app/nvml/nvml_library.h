// SPDX-License-Identifier: Apache-2.0
// NVML's functions, found one by one in an opened libnvidia-ml.so.1. Every one is optional: an old
// driver lacks the newer ones, and each has the versioned names that it ever went by. Declarations
// follow the NVML API reference; NVML's own header is not used.
#pragma once

#include <string>

#include "app/probe/nvml_api.h"
#include "base/result.h"

namespace outboard::app {

struct NvmlFunctions {
  nvml_result (*init_with_flags)(unsigned flags) = nullptr;
  nvml_result (*init)() = nullptr;
  nvml_result (*shutdown)() = nullptr;
  const char* (*error_string)(nvml_result) = nullptr;
  nvml_result (*driver_version)(char*, unsigned) = nullptr;
  nvml_result (*cuda_version)(int*) = nullptr;
  nvml_result (*device_count)(unsigned*) = nullptr;
  nvml_result (*device_by_index)(unsigned, nvml_device*) = nullptr;
  /// Older versions of the struct are shorter, and equal as far as they go up to the subsystem id.
  nvml_result (*pci_info)(nvml_device, nvml_pci_info*) = nullptr;
  nvml_result (*uuid)(nvml_device, char*, unsigned) = nullptr;
  nvml_result (*name)(nvml_device, char*, unsigned) = nullptr;
  nvml_result (*brand)(nvml_device, unsigned*) = nullptr;
  nvml_result (*minor)(nvml_device, unsigned*) = nullptr;
  nvml_result (*memory)(nvml_device, nvml_memory*) = nullptr;
  nvml_result (*compute_capability)(nvml_device, int*, int*) = nullptr;
  nvml_result (*mig_mode)(nvml_device, unsigned*, unsigned*) = nullptr;
  nvml_result (*max_mig_count)(nvml_device, unsigned*) = nullptr;
  nvml_result (*mig_by_index)(nvml_device, unsigned, nvml_device*) = nullptr;
  nvml_result (*gpu_instance)(nvml_device, unsigned*) = nullptr;
  nvml_result (*compute_instance)(nvml_device, unsigned*) = nullptr;
  nvml_result (*attributes)(nvml_device, nvml_device_attributes*) = nullptr;
  nvml_result (*persistence)(nvml_device, unsigned*) = nullptr;
  nvml_result (*temperature)(nvml_device, unsigned sensor, unsigned*) = nullptr;
  nvml_result (*clock_reasons)(nvml_device, unsigned long long*) = nullptr;
  nvml_result (*memory_errors)(nvml_device, unsigned type, unsigned counter,
                               unsigned long long*) = nullptr;
  nvml_result (*ecc_mode)(nvml_device, unsigned* current, unsigned* pending) = nullptr;
  /// Without a list the count alone, and the result says that the list is too short.
  nvml_result (*retired_pages)(nvml_device, unsigned cause, unsigned* count,
                               unsigned long long* addresses) = nullptr;
  nvml_result (*retirement_pending)(nvml_device, unsigned*) = nullptr;
  nvml_result (*remapped_rows)(nvml_device, unsigned* correctable, unsigned* uncorrectable,
                               unsigned* pending, unsigned* failed) = nullptr;

  /// NVML's text for a result, or its number.
  std::string text(nvml_result result) const;
};

/// Loads the library at this absolute path; it stays loaded. kUnsupported: the loader refuses it,
/// or it lacks what nothing goes without.
Result<NvmlFunctions> load_nvml(const std::string& path);

}  // namespace outboard::app
