// SPDX-License-Identifier: Apache-2.0
#include "app/nvml/nvml_library.h"

#include <dlfcn.h>

#include <initializer_list>

#include "base/text.h"

namespace outboard::app {

std::string NvmlFunctions::text(nvml_result result) const {
  const char* known = error_string ? error_string(result) : nullptr;
  return known ? cat(printable(known), " (NVML error ", result, ")") : cat("NVML error ", result);
}

template <typename Function>
static void find(void* library, Function& function, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    if (function) return;
  }
}

Result<NvmlFunctions> load_nvml(const std::string& path) {
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char* why = ::dlerror();
    return make_error(ErrorCode::kUnsupported,
                      cat("load '", printable(path), "': ", printable(why ? why : "unknown")));
  }
  NvmlFunctions nvml;
  find(library, nvml.init_with_flags, {"nvmlInitWithFlags"});
  find(library, nvml.init, {"nvmlInit_v2", "nvmlInit"});
  find(library, nvml.shutdown, {"nvmlShutdown"});
  find(library, nvml.error_string, {"nvmlErrorString"});
  find(library, nvml.driver_version, {"nvmlSystemGetDriverVersion"});
  find(library, nvml.cuda_version,
       {"nvmlSystemGetCudaDriverVersion_v2", "nvmlSystemGetCudaDriverVersion"});
  find(library, nvml.device_count, {"nvmlDeviceGetCount_v2", "nvmlDeviceGetCount"});
  find(library, nvml.device_by_index,
       {"nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex"});
  find(library, nvml.pci_info, {"nvmlDeviceGetPciInfo_v3", "nvmlDeviceGetPciInfo_v2"});
  find(library, nvml.uuid, {"nvmlDeviceGetUUID"});
  find(library, nvml.name, {"nvmlDeviceGetName"});
  find(library, nvml.brand, {"nvmlDeviceGetBrand"});
  find(library, nvml.minor, {"nvmlDeviceGetMinorNumber"});
  find(library, nvml.memory, {"nvmlDeviceGetMemoryInfo"});
  find(library, nvml.compute_capability, {"nvmlDeviceGetCudaComputeCapability"});
  find(library, nvml.mig_mode, {"nvmlDeviceGetMigMode"});
  find(library, nvml.max_mig_count, {"nvmlDeviceGetMaxMigDeviceCount"});
  find(library, nvml.mig_by_index, {"nvmlDeviceGetMigDeviceHandleByIndex"});
  find(library, nvml.gpu_instance, {"nvmlDeviceGetGpuInstanceId"});
  find(library, nvml.compute_instance, {"nvmlDeviceGetComputeInstanceId"});
  // The first version has a shorter struct; drivers since 450.80 have the second one.
  find(library, nvml.attributes, {"nvmlDeviceGetAttributes_v2"});
  find(library, nvml.persistence, {"nvmlDeviceGetPersistenceMode"});
  find(library, nvml.temperature, {"nvmlDeviceGetTemperature"});
  find(library, nvml.clock_reasons,
       {"nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"});
  find(library, nvml.memory_errors, {"nvmlDeviceGetTotalEccErrors"});
  find(library, nvml.ecc_mode, {"nvmlDeviceGetEccMode"});
  find(library, nvml.retired_pages, {"nvmlDeviceGetRetiredPages"});
  find(library, nvml.retirement_pending, {"nvmlDeviceGetRetiredPagesPendingStatus"});
  find(library, nvml.remapped_rows, {"nvmlDeviceGetRemappedRows"});
  if (!(nvml.init_with_flags || nvml.init) || !nvml.device_count || !nvml.device_by_index ||
      !nvml.pci_info) {
    return make_error(ErrorCode::kUnsupported,
                      cat("load '", printable(path), "': it lacks functions of NVML"));
  }
  return nvml;
}

}  // namespace outboard::app
