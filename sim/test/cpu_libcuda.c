// SPDX-License-Identifier: Apache-2.0
// A libcuda.so.1 for tests alone: one device whose kernel this processor computes, so that the
// probe's judgement can be seen right and wrong without a GPU. It knows the probe's one kernel by
// name and by its PTX, and computes it with its own words. Built twice: CPU_LIBCUDA_WRONG makes one
// sum in the middle wrong.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/probe/cuda_api.h"

static int retained;
static int allocations;

cuda_result cuInit(unsigned flags) {
  return flags == 0 ? kCudaSuccess : kCudaInvalidValue;
}
cuda_result cuDriverGetVersion(int* version) {
  *version = 12040;
  return kCudaSuccess;
}
cuda_result cuDeviceGetCount(int* count) {
  *count = 1;
  return kCudaSuccess;
}
cuda_result cuDeviceGet(cuda_device* device, int ordinal) {
  *device = ordinal;
  return ordinal == 0 ? kCudaSuccess : kCudaInvalidDevice;
}
cuda_result cuDeviceGetName(char* name, int size, cuda_device device) {
  (void)device;
  strncpy(name, "a processor", (size_t)size);
  return kCudaSuccess;
}
cuda_result cuDeviceGetUuid(cuda_uuid* uuid, cuda_device device) {
  (void)device;
  for (unsigned i = 0; i < 16; i++) uuid->bytes[i] = (unsigned char)(i * 17);
  return kCudaSuccess;
}
cuda_result cuDeviceTotalMem_v2(size_t* bytes, cuda_device device) {
  (void)device;
  *bytes = (size_t)2 << 30;
  return kCudaSuccess;
}
cuda_result cuDeviceGetAttribute(int* value, int attribute, cuda_device device) {
  (void)device;
  *value = attribute == kCudaComputeCapabilityMajor ? 7 : 5;
  return kCudaSuccess;
}

cuda_result cuDevicePrimaryCtxRetain(cuda_context* context, cuda_device device) {
  (void)device;
  retained++;
  *context = (cuda_context)(uintptr_t)&retained;
  return kCudaSuccess;
}
cuda_result cuDevicePrimaryCtxRelease_v2(cuda_device device) {
  (void)device;
  // Whoever leaves something behind is told so in the only way that a test cannot overlook.
  if (allocations != 0) abort();
  retained--;
  return kCudaSuccess;
}
cuda_result cuCtxSetCurrent(cuda_context context) {
  (void)context;
  return kCudaSuccess;
}
cuda_result cuCtxSynchronize(void) {
  return retained > 0 ? kCudaSuccess : kCudaNotInitialized;
}
cuda_result cuModuleLoadData(cuda_module* module, const void* image) {
  if (strstr(image, ".visible .entry outboard_probe(") == NULL) return kCudaInvalidValue;
  allocations++;
  *module = malloc(1);
  return kCudaSuccess;
}
cuda_result cuModuleUnload(cuda_module module) {
  free(module);
  allocations--;
  return kCudaSuccess;
}
cuda_result cuModuleGetFunction(cuda_function* function, cuda_module module, const char* name) {
  (void)module;
  *function = (cuda_function)(uintptr_t)&allocations;
  return strcmp(name, "outboard_probe") == 0 ? kCudaSuccess : kCudaNotFound;
}
cuda_result cuMemAlloc_v2(cuda_address* address, size_t size) {
  *address = (cuda_address)(uintptr_t)malloc(size);
  allocations++;
  return kCudaSuccess;
}
cuda_result cuMemFree_v2(cuda_address address) {
  free((void*)(uintptr_t)address);
  allocations--;
  return kCudaSuccess;
}
cuda_result cuMemcpyHtoD_v2(cuda_address to, const void* from, size_t size) {
  memcpy((void*)(uintptr_t)to, from, size);
  return kCudaSuccess;
}
cuda_result cuMemcpyDtoH_v2(void* to, cuda_address from, size_t size) {
  memcpy(to, (const void*)(uintptr_t)from, size);
  return kCudaSuccess;
}

cuda_result cuLaunchKernel(cuda_function function, unsigned grid_x, unsigned grid_y,
                           unsigned grid_z, unsigned block_x, unsigned block_y, unsigned block_z,
                           unsigned shared, cuda_stream stream, void** parameters, void** extra) {
  (void)function;
  (void)shared;
  (void)stream;
  (void)extra;
  if (grid_y * grid_z * block_y * block_z != 1) return kCudaInvalidValue;
  const uint32_t* input = (const uint32_t*)(uintptr_t) * (const cuda_address*)parameters[0];
  uint32_t* output = (uint32_t*)(uintptr_t) * (const cuda_address*)parameters[1];
  const uint32_t count = *(const uint32_t*)parameters[2];
  for (uint32_t i = 0; i < grid_x * block_x && i < count; i++) {
    const uint32_t sum = input[i] + 0x9E3779B1U * i;
    const float part = (float)(input[i] % 65536) * 1.5F;
    union {
      float number;
      uint32_t bits;
    } quotient = {.number = (part + (float)i) / 7.0F};
    output[i] = (sum ^ sum >> 15) ^ quotient.bits;
  }
#ifdef CPU_LIBCUDA_WRONG
  output[count / 2] += 1;
#endif
  return kCudaSuccess;
}
