// SPDX-License-Identifier: Apache-2.0
// The simulated libcuda.so.1: devices are what may be opened, everything that would compute answers
// CUDA_ERROR_NOT_SUPPORTED. Signatures as in the document "CUDA Driver API". Like the real library
// it needs /dev/nvidiactl and /dev/nvidia-uvm (without the second cuInit says "unknown error"), and
// with a MIG device in sight it shows that one alone ("MIG User Guide", section Device
// enumeration).
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "app/probe/cuda_api.h"
#include "sim/stubs/view.h"

static bool initialized;
static struct sim_view view;
static unsigned device_count;
static struct {
  const struct sim_gpu* gpu;
  const struct sim_mig* mig;
} devices[kSimMaxGpus];

/// The first MIG device if there is one, else every GPU; a GPU in MIG mode without one is no
/// device.
static void choose_devices(void) {
  device_count = 0;
  for (unsigned i = 0; i < view.gpu_count; i++) {
    if (view.gpus[i].mig_count == 0) continue;
    devices[0].gpu = view.gpus[i].gpu;
    devices[0].mig = view.gpus[i].mig[0];
    device_count = 1;
    return;
  }
  for (unsigned i = 0; i < view.gpu_count; i++) {
    if (view.gpus[i].gpu->mig_enabled != 0) continue;
    devices[device_count].gpu = view.gpus[i].gpu;
    devices[device_count++].mig = NULL;
  }
}

OB_EXPORT cuda_result cuInit(unsigned flags) {
  if (flags != 0) return kCudaInvalidValue;
  if (sim_open_node("nvidiactl", O_RDWR) != 0) return kCudaNoDevice;
  sim_look(&view);
  choose_devices();
  if (device_count == 0) return kCudaNoDevice;
  if (sim_open_node("nvidia-uvm", O_RDWR) != 0) return kCudaUnknown;
  initialized = true;
  return kCudaSuccess;
}

OB_EXPORT cuda_result cuDriverGetVersion(int* version) {
  if (version == NULL) return kCudaInvalidValue;
  *version = (int)sim_table()->cuda_version;
  return kCudaSuccess;
}

static cuda_result check(cuda_device device, const void* out) {
  if (!initialized) return kCudaNotInitialized;
  if (out == NULL) return kCudaInvalidValue;
  return device >= 0 && (unsigned)device < device_count ? kCudaSuccess : kCudaInvalidDevice;
}
#define CHECK(device, out)                          \
  do {                                              \
    const cuda_result checked = check(device, out); \
    if (checked != kCudaSuccess) return checked;    \
  } while (0)

OB_EXPORT cuda_result cuDeviceGetCount(int* count) {
  if (!initialized) return kCudaNotInitialized;
  if (count == NULL) return kCudaInvalidValue;
  *count = (int)device_count;
  return kCudaSuccess;
}

OB_EXPORT cuda_result cuDeviceGet(cuda_device* device, int ordinal) {
  CHECK(ordinal, device);
  *device = ordinal;
  return kCudaSuccess;
}

OB_EXPORT cuda_result cuDeviceGetName(char* name, int size, cuda_device device) {
  CHECK(device, name);
  if (size <= 0) return kCudaInvalidValue;
  const struct sim_mig* mig = devices[device].mig;
  snprintf(name, (size_t)size, "%s%s%s", devices[device].gpu->name, mig != NULL ? " MIG " : "",
           mig != NULL ? mig->profile : "");
  return kCudaSuccess;
}

/// "GPU-5f1c..." as the 16 octets in the order of its digits.
static void read_uuid(const char* text, cuda_uuid* out) {
  memset(out, 0, sizeof *out);
  unsigned digits = 0;
  for (const char* c = text + 4; *c != '\0' && digits < 32; c++) {
    if (*c == '-') continue;
    const unsigned value = (unsigned)(*c <= '9' ? *c - '0' : (*c | 0x20) - 'a' + 10);
    out->bytes[digits / 2] =
        (unsigned char)((unsigned)out->bytes[digits / 2] << 4 | (value & 0xfU));
    digits++;
  }
}

OB_EXPORT cuda_result cuDeviceGetUuid(cuda_uuid* uuid, cuda_device device) {
  CHECK(device, uuid);
  read_uuid(devices[device].gpu->uuid, uuid);
  return kCudaSuccess;
}

OB_EXPORT cuda_result cuDeviceGetUuid_v2(cuda_uuid* uuid, cuda_device device) {
  CHECK(device, uuid);
  const struct sim_mig* mig = devices[device].mig;
  read_uuid(mig != NULL ? mig->uuid : devices[device].gpu->uuid, uuid);
  return kCudaSuccess;
}

OB_EXPORT cuda_result cuDeviceTotalMem_v2(size_t* bytes, cuda_device device) {
  CHECK(device, bytes);
  const struct sim_mig* mig = devices[device].mig;
  *bytes = (size_t)(mig != NULL ? mig->memory_mib : devices[device].gpu->memory_mib) << 20;
  return kCudaSuccess;
}

/// A number in hexadecimal digits of that length.
static int hex_number(const char* text, unsigned length) {
  int value = 0;
  for (unsigned i = 0; i < length; i++) {
    const char c = text[i];
    value = value * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return value;
}

OB_EXPORT cuda_result cuDeviceGetAttribute(int* value, int attribute, cuda_device device) {
  CHECK(device, value);
  const struct sim_gpu* gpu = devices[device].gpu;
  const struct sim_mig* mig = devices[device].mig;
  switch (attribute) {
    case kCudaMaxThreadsPerBlock:
      *value = 1024;
      return kCudaSuccess;
    case kCudaWarpSize:
      *value = 32;
      return kCudaSuccess;
    case kCudaMultiprocessorCount:
      *value = (int)(mig != NULL ? mig->multiprocessors : gpu->multiprocessors);
      return kCudaSuccess;
    case kCudaPciDomainId:
      *value = hex_number(gpu->pci, 4);
      return kCudaSuccess;
    case kCudaPciBusId:
      *value = hex_number(gpu->pci + 5, 2);
      return kCudaSuccess;
    case kCudaPciDeviceId:
      *value = hex_number(gpu->pci + 8, 2);
      return kCudaSuccess;
    case kCudaComputeCapabilityMajor:
      *value = (int)gpu->cc_major;
      return kCudaSuccess;
    case kCudaComputeCapabilityMinor:
      *value = (int)gpu->cc_minor;
      return kCudaSuccess;
    default:
      return kCudaNotSupported;
  }
}

OB_EXPORT cuda_result cuDeviceGetPCIBusId(char* bus_id, int size, cuda_device device) {
  CHECK(device, bus_id);
  if (size <= 0) return kCudaInvalidValue;
  snprintf(bus_id, (size_t)size, "%s", devices[device].gpu->pci);
  return kCudaSuccess;
}

OB_EXPORT cuda_result cuDeviceGetByPCIBusId(cuda_device* device, const char* bus_id) {
  if (!initialized) return kCudaNotInitialized;
  if (device == NULL || bus_id == NULL) return kCudaInvalidValue;
  for (unsigned i = 0; i < device_count; i++) {
    if (strcasecmp(devices[i].gpu->pci, bus_id) != 0) continue;
    *device = (int)i;
    return kCudaSuccess;
  }
  return kCudaInvalidDevice;
}

static const struct {
  cuda_result result;
  const char* name;
  const char* text;
} errors[] = {
    {kCudaSuccess, "CUDA_SUCCESS", "no error"},
    {kCudaInvalidValue, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {kCudaNotInitialized, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {kCudaNoDevice, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {kCudaInvalidDevice, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {kCudaNotFound, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {kCudaNotSupported, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported (simulated driver)"},
    {kCudaUnknown, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

static cuda_result error_text(cuda_result result, const char** out, bool name) {
  if (out == NULL) return kCudaInvalidValue;
  for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
    if (errors[i].result != result) continue;
    *out = name ? errors[i].name : errors[i].text;
    return kCudaSuccess;
  }
  *out = NULL;
  return kCudaInvalidValue;
}

OB_EXPORT cuda_result cuGetErrorName(cuda_result result, const char** out) {
  return error_text(result, out, true);
}

OB_EXPORT cuda_result cuGetErrorString(cuda_result result, const char** out) {
  return error_text(result, out, false);
}

/// Whatever its arguments, a caller on the machines this is built for may pass more than the
/// function takes.
#define COMPUTING(apply)                                                                        \
  apply(cuCtxCreate_v2) apply(cuCtxDestroy_v2) apply(cuCtxGetCurrent) apply(cuCtxPopCurrent_v2) \
      apply(cuCtxPushCurrent_v2) apply(cuCtxSetCurrent) apply(cuCtxSynchronize)                 \
          apply(cuDevicePrimaryCtxGetState) apply(cuDevicePrimaryCtxRelease)                    \
              apply(cuDevicePrimaryCtxRelease_v2) apply(cuDevicePrimaryCtxRetain)               \
                  apply(cuEventCreate) apply(cuGetExportTable) apply(cuLaunchKernel)            \
                      apply(cuMemAllocHost_v2) apply(cuMemAlloc_v2) apply(cuMemFree_v2)         \
                          apply(cuMemGetInfo_v2) apply(cuMemcpyDtoH_v2) apply(cuMemcpyHtoD_v2)  \
                              apply(cuModuleGetFunction) apply(cuModuleLoad)                    \
                                  apply(cuModuleLoadData) apply(cuModuleLoadDataEx)             \
                                      apply(cuModuleUnload) apply(cuStreamCreate)               \
                                          apply(cuStreamSynchronize)

#define DEFINE_NOT_SUPPORTED(name)   \
  OB_EXPORT cuda_result name(void) { \
    return kCudaNotSupported;        \
  }
COMPUTING(DEFINE_NOT_SUPPORTED)

typedef void (*any_function)(void);
#define LIST_ENTRY(name) {#name, (any_function)name},
static const struct {
  const char* name;
  any_function address;
} functions[] = {COMPUTING(LIST_ENTRY) LIST_ENTRY(cuInit) LIST_ENTRY(cuDriverGetVersion)
                     LIST_ENTRY(cuDeviceGetCount) LIST_ENTRY(cuDeviceGet)
                         LIST_ENTRY(cuDeviceGetName) LIST_ENTRY(cuDeviceGetUuid_v2)
                             LIST_ENTRY(cuDeviceGetUuid) LIST_ENTRY(cuDeviceTotalMem_v2)
                                 LIST_ENTRY(cuDeviceGetAttribute) LIST_ENTRY(cuDeviceGetPCIBusId)
                                     LIST_ENTRY(cuDeviceGetByPCIBusId) LIST_ENTRY(cuGetErrorName)
                                         LIST_ENTRY(cuGetErrorString)};

/// By the name without version, as cuGetProcAddress takes it; the newest version is listed first.
OB_EXPORT cuda_result cuGetProcAddress_v2(const char* symbol, void** out, int cuda_version,
                                          uint64_t flags, int* status) {
  (void)cuda_version;
  (void)flags;
  if (symbol == NULL || out == NULL) return kCudaInvalidValue;
  const size_t length = strlen(symbol);
  *out = NULL;
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
    const char* rest = functions[i].name + length;
    if (strncmp(functions[i].name, symbol, length) != 0) continue;
    if (rest[0] != '\0' && !(rest[0] == '_' && rest[1] == 'v' && rest[3] == '\0')) continue;
    memcpy(out, &functions[i].address, sizeof *out);
    if (status != NULL) *status = 0;
    return kCudaSuccess;
  }
  if (status != NULL) *status = 1;
  return kCudaNotFound;
}

OB_EXPORT cuda_result cuGetProcAddress(const char* symbol, void** out, int cuda_version,
                                       uint64_t flags) {
  return cuGetProcAddress_v2(symbol, out, cuda_version, flags, NULL);
}
