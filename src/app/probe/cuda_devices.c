// SPDX-License-Identifier: Apache-2.0
// What the CUDA driver API sees here, device by device, and the kernel's result on each. Devices
// come in the library's own order; the UUID and the PCI bus id say which GPU each is.
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "app/probe/cuda_driver.h"

/// dlsym gives an object pointer; POSIX guarantees that its bits are a function pointer's.
#define LOOK_UP(library, target, symbol)                              \
  do {                                                                \
    void* address = dlsym(library, symbol);                           \
    if (address != NULL) memcpy(&(target), &address, sizeof address); \
  } while (0)

static void look_up(void* library, struct cuda_driver* cuda) {
  LOOK_UP(library, cuda->init, "cuInit");
  LOOK_UP(library, cuda->driver_version, "cuDriverGetVersion");
  LOOK_UP(library, cuda->device_count, "cuDeviceGetCount");
  LOOK_UP(library, cuda->device_get, "cuDeviceGet");
  LOOK_UP(library, cuda->device_name, "cuDeviceGetName");
  LOOK_UP(library, cuda->device_attribute, "cuDeviceGetAttribute");
  LOOK_UP(library, cuda->device_memory, "cuDeviceTotalMem_v2");
  LOOK_UP(library, cuda->device_uuid, "cuDeviceGetUuid");
  LOOK_UP(library, cuda->device_uuid_v2, "cuDeviceGetUuid_v2");
  LOOK_UP(library, cuda->device_pci, "cuDeviceGetPCIBusId");
  LOOK_UP(library, cuda->error_name, "cuGetErrorName");
  LOOK_UP(library, cuda->context_retain, "cuDevicePrimaryCtxRetain");
  LOOK_UP(library, cuda->context_release, "cuDevicePrimaryCtxRelease");
  LOOK_UP(library, cuda->context_release, "cuDevicePrimaryCtxRelease_v2");
  LOOK_UP(library, cuda->context_set, "cuCtxSetCurrent");
  LOOK_UP(library, cuda->context_synchronize, "cuCtxSynchronize");
  LOOK_UP(library, cuda->module_load, "cuModuleLoadData");
  LOOK_UP(library, cuda->module_unload, "cuModuleUnload");
  LOOK_UP(library, cuda->module_function, "cuModuleGetFunction");
  LOOK_UP(library, cuda->allocate, "cuMemAlloc_v2");
  LOOK_UP(library, cuda->release, "cuMemFree_v2");
  LOOK_UP(library, cuda->copy_to_device, "cuMemcpyHtoD_v2");
  LOOK_UP(library, cuda->copy_to_host, "cuMemcpyDtoH_v2");
  LOOK_UP(library, cuda->launch, "cuLaunchKernel");
}

void cuda_error_name(const struct cuda_driver* cuda, cuda_result result, char* out, size_t size) {
  const char* name = NULL;
  if (cuda->error_name != NULL && cuda->error_name(result, &name) == kCudaSuccess && name != NULL) {
    copy_text(out, size, name);
  } else {
    snprintf(out, size, "CUDA error %d", result);
  }
}

static void set_error(const struct cuda_driver* cuda, struct cuda_findings* out, const char* step,
                      cuda_result result) {
  char name[128];
  cuda_error_name(cuda, result, name, sizeof name);
  snprintf(out->error, sizeof out->error, "%s: %s", step, name);
}

/// "GPU-5f1c..." or "MIG-...": a MIG device's own UUID differs from that of its GPU.
static void read_uuid(const struct cuda_driver* cuda, cuda_device device, char* out, size_t size) {
  cuda_uuid gpu = {{0}};
  cuda_uuid own = {{0}};
  const bool has_gpu = cuda->device_uuid != NULL && cuda->device_uuid(&gpu, device) == kCudaSuccess;
  const bool has_own =
      cuda->device_uuid_v2 != NULL && cuda->device_uuid_v2(&own, device) == kCudaSuccess;
  if (!has_gpu && !has_own) return;
  const unsigned char* b = has_own ? own.bytes : gpu.bytes;
  const bool is_mig = has_gpu && has_own && memcmp(gpu.bytes, own.bytes, sizeof own.bytes) != 0;
  snprintf(out, size, "%s-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
           is_mig ? "MIG" : "GPU", b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9],
           b[10], b[11], b[12], b[13], b[14], b[15]);
}

static void lower_case(char* text) {
  for (; *text != '\0'; text++) {
    if (*text >= 'A' && *text <= 'Z') *text = (char)(*text - 'A' + 'a');
  }
}

static void read_device(const struct cuda_driver* cuda, cuda_device device, struct cuda_gpu* gpu) {
  if (cuda->device_name != NULL) cuda->device_name(gpu->name, (int)sizeof gpu->name, device);
  read_uuid(cuda, device, gpu->uuid, sizeof gpu->uuid);
  size_t bytes = 0;
  if (cuda->device_memory != NULL && cuda->device_memory(&bytes, device) == kCudaSuccess) {
    gpu->memory_mib = (uint64_t)bytes >> 20;
  }
  if (cuda->device_attribute != NULL) {
    cuda->device_attribute(&gpu->cc_major, kCudaComputeCapabilityMajor, device);
    cuda->device_attribute(&gpu->cc_minor, kCudaComputeCapabilityMinor, device);
  }
  if (cuda->device_pci != NULL) cuda->device_pci(gpu->pci, (int)sizeof gpu->pci, device);
  lower_case(gpu->pci);
}

static void read_devices(const struct cuda_driver* cuda, struct cuda_findings* out) {
  if (cuda->driver_version != NULL) cuda->driver_version(&out->cuda_version);
  cuda_result result = cuda->init(0);
  if (result != kCudaSuccess) {
    set_error(cuda, out, "cuInit", result);
    return;
  }
  int count = 0;
  result = cuda->device_count(&count);
  if (result != kCudaSuccess) {
    set_error(cuda, out, "cuDeviceGetCount", result);
    return;
  }
  for (int ordinal = 0; ordinal < count && out->count < kMaxGpus; ordinal++) {
    cuda_device device = 0;
    result = cuda->device_get(&device, ordinal);
    if (result != kCudaSuccess) {
      set_error(cuda, out, "cuDeviceGet", result);
      continue;
    }
    struct cuda_gpu* gpu = &out->gpus[out->count++];
    gpu->ordinal = ordinal;
    read_device(cuda, device, gpu);
    if (out->simulated) {
      copy_text(gpu->kernel.result, sizeof gpu->kernel.result, "not run (simulated)");
    } else {
      run_kernel(cuda, device, &gpu->kernel);
    }
  }
}

void probe_cuda(struct cuda_findings* out) {
  // Left loaded: unloading libcuda while its own threads end is the driver's risk, not needed for
  // anything.
  void* library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    const char* text = dlerror();
    copy_text(out->error, sizeof out->error,
              text != NULL ? text : "libcuda.so.1: cannot be loaded");
    return;
  }
  out->found = true;
  struct cuda_driver cuda;
  memset(&cuda, 0, sizeof cuda);
  look_up(library, &cuda);
  out->simulated = dlsym(library, "outboard_simulated") != NULL;
  if (cuda.init == NULL || cuda.device_count == NULL || cuda.device_get == NULL) {
    copy_text(out->error, sizeof out->error, "libcuda.so.1 lacks cuInit and its like");
    return;
  }
  void* init = NULL;
  memcpy(&init, &cuda.init, sizeof init);
  library_of_address(init, out->library, sizeof out->library);
  read_devices(&cuda, out);
}
