// SPDX-License-Identifier: Apache-2.0
// What NVML sees here: GPUs and, on GPUs in MIG mode, the MIG devices that may be used. Every
// function is looked up by name and may be missing, because the library's age is the host's
// business.
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "app/probe/nvml_api.h"
#include "app/probe/probe.h"

/// dlsym gives an object pointer; POSIX guarantees that its bits are a function pointer's.
#define LOOK_UP(library, target, symbol)                              \
  do {                                                                \
    void* address = dlsym(library, symbol);                           \
    if (address != NULL) memcpy(&(target), &address, sizeof address); \
  } while (0)

static struct {
  nvml_result (*init)(void);
  nvml_result (*shutdown)(void);
  const char* (*error_string)(nvml_result);
  nvml_result (*driver_version)(char*, unsigned);
  nvml_result (*count)(unsigned*);
  nvml_result (*by_index)(unsigned, nvml_device*);
  nvml_result (*name)(nvml_device, char*, unsigned);
  nvml_result (*uuid)(nvml_device, char*, unsigned);
  nvml_result (*pci)(nvml_device, nvml_pci_info*);
  nvml_result (*memory)(nvml_device, nvml_memory*);
  nvml_result (*mig_mode)(nvml_device, unsigned*, unsigned*);
  nvml_result (*max_mig)(nvml_device, unsigned*);
  nvml_result (*mig_by_index)(nvml_device, unsigned, nvml_device*);
  nvml_result (*gpu_instance)(nvml_device, unsigned*);
  nvml_result (*compute_instance)(nvml_device, unsigned*);
} nvml;

static void look_up(void* library) {
  LOOK_UP(library, nvml.init, "nvmlInit");
  LOOK_UP(library, nvml.init, "nvmlInit_v2");
  LOOK_UP(library, nvml.shutdown, "nvmlShutdown");
  LOOK_UP(library, nvml.error_string, "nvmlErrorString");
  LOOK_UP(library, nvml.driver_version, "nvmlSystemGetDriverVersion");
  LOOK_UP(library, nvml.count, "nvmlDeviceGetCount");
  LOOK_UP(library, nvml.count, "nvmlDeviceGetCount_v2");
  LOOK_UP(library, nvml.by_index, "nvmlDeviceGetHandleByIndex");
  LOOK_UP(library, nvml.by_index, "nvmlDeviceGetHandleByIndex_v2");
  LOOK_UP(library, nvml.name, "nvmlDeviceGetName");
  LOOK_UP(library, nvml.uuid, "nvmlDeviceGetUUID");
  LOOK_UP(library, nvml.pci, "nvmlDeviceGetPciInfo_v3");
  LOOK_UP(library, nvml.memory, "nvmlDeviceGetMemoryInfo");
  LOOK_UP(library, nvml.mig_mode, "nvmlDeviceGetMigMode");
  LOOK_UP(library, nvml.max_mig, "nvmlDeviceGetMaxMigDeviceCount");
  LOOK_UP(library, nvml.mig_by_index, "nvmlDeviceGetMigDeviceHandleByIndex");
  LOOK_UP(library, nvml.gpu_instance, "nvmlDeviceGetGpuInstanceId");
  LOOK_UP(library, nvml.compute_instance, "nvmlDeviceGetComputeInstanceId");
}

static void set_error(struct nvml_findings* out, const char* step, nvml_result result) {
  const char* text = nvml.error_string != NULL ? nvml.error_string(result) : NULL;
  snprintf(out->error, sizeof out->error, "%s: %s (%d)", step, text != NULL ? text : "failed",
           result);
}

static uint64_t memory_mib_of(nvml_device device) {
  nvml_memory memory = {0};
  if (nvml.memory == NULL || nvml.memory(device, &memory) != kNvmlSuccess) return 0;
  return memory.total >> 20;
}

static void read_mig_devices(nvml_device parent, struct nvml_gpu* gpu) {
  unsigned limit = 0;
  if (nvml.max_mig == NULL || nvml.mig_by_index == NULL) return;
  if (nvml.max_mig(parent, &limit) != kNvmlSuccess) return;
  for (unsigned i = 0; i < limit && i < 64 && gpu->mig_count < kMaxMigPerGpu; i++) {
    nvml_device device = NULL;
    if (nvml.mig_by_index(parent, i, &device) != kNvmlSuccess) continue;
    struct mig_finding* mig = &gpu->mig[gpu->mig_count++];
    mig->index = i;
    if (nvml.uuid != NULL) nvml.uuid(device, mig->uuid, sizeof mig->uuid);
    if (nvml.name != NULL) nvml.name(device, mig->name, sizeof mig->name);
    mig->memory_mib = memory_mib_of(device);
    if (nvml.gpu_instance != NULL) nvml.gpu_instance(device, &mig->gpu_instance);
    if (nvml.compute_instance != NULL) nvml.compute_instance(device, &mig->compute_instance);
  }
}

static void read_gpu(nvml_device device, unsigned index, struct nvml_gpu* gpu) {
  gpu->index = index;
  if (nvml.uuid != NULL) nvml.uuid(device, gpu->uuid, sizeof gpu->uuid);
  if (nvml.name != NULL) nvml.name(device, gpu->name, sizeof gpu->name);
  gpu->memory_mib = memory_mib_of(device);
  nvml_pci_info pci = {0};
  if (nvml.pci != NULL && nvml.pci(device, &pci) == kNvmlSuccess) {
    snprintf(gpu->pci, sizeof gpu->pci, "%04x:%02x:%02x.0", pci.domain, pci.bus, pci.device);
  }
  unsigned current = 0;
  unsigned pending = 0;
  gpu->mig_enabled = nvml.mig_mode != NULL &&
                     nvml.mig_mode(device, &current, &pending) == kNvmlSuccess && current != 0;
  if (gpu->mig_enabled) read_mig_devices(device, gpu);
}

static void read_gpus(struct nvml_findings* out) {
  if (nvml.driver_version != NULL) {
    nvml.driver_version(out->driver_version, sizeof out->driver_version);
  }
  unsigned count = 0;
  const nvml_result counted = nvml.count(&count);
  if (counted != kNvmlSuccess) {
    set_error(out, "nvmlDeviceGetCount", counted);
    return;
  }
  for (unsigned i = 0; i < count && out->count < kMaxGpus; i++) {
    nvml_device device = NULL;
    const nvml_result result = nvml.by_index(i, &device);
    if (result != kNvmlSuccess) {
      set_error(out, "nvmlDeviceGetHandleByIndex", result);
      continue;
    }
    read_gpu(device, i, &out->gpus[out->count++]);
  }
}

void probe_nvml(struct nvml_findings* out) {
  void* library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    const char* text = dlerror();
    copy_text(out->error, sizeof out->error,
              text != NULL ? text : "libnvidia-ml.so.1: cannot be loaded");
    return;
  }
  out->found = true;
  look_up(library);
  if (nvml.init == NULL || nvml.count == NULL || nvml.by_index == NULL) {
    copy_text(out->error, sizeof out->error, "libnvidia-ml.so.1 lacks nvmlInit_v2 and its like");
    dlclose(library);
    return;
  }
  void* init = NULL;
  memcpy(&init, &nvml.init, sizeof init);
  library_of_address(init, out->library, sizeof out->library);
  const nvml_result result = nvml.init();
  if (result != kNvmlSuccess) {
    set_error(out, "nvmlInit", result);
  } else {
    read_gpus(out);
    if (nvml.shutdown != NULL) nvml.shutdown();
  }
  dlclose(library);
}
