// SPDX-License-Identifier: Apache-2.0
// The simulated libnvidia-ml.so.1: counts what may be opened and tells the table's facts of it.
// Signatures as in the "NVML API Reference Guide". What only hardware could say (temperature,
// clocks, utilisation) is not supported. State changes in nvmlInit and nvmlShutdown alone, which
// callers may not run beside other calls.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "app/probe/nvml_api.h"
#include "sim/stubs/view.h"

/// What a handle points to: a GPU, or a MIG device of it.
struct nvml_device_state {
  const struct sim_visible_gpu* parent;
  const struct sim_mig* mig;  ///< a null pointer for the GPU itself
  unsigned mig_index;
};

static unsigned initialized;
static struct sim_view view;
static struct nvml_device_state gpus[kSimMaxGpus];
static struct nvml_device_state migs[kSimMaxGpus][kSimMaxMig];

/// As the real library answers: no node, no driver; a device rule against it is "Unknown Error".
static nvml_result result_of_open(int number) {
  switch (number) {
    case 0:
      return kNvmlSuccess;
    case EACCES:
      return kNvmlNoPermission;
    case EPERM:
      return kNvmlUnknown;
    default:
      return kNvmlDriverNotLoaded;
  }
}

OB_EXPORT nvml_result nvmlInitWithFlags(unsigned flags) {
  (void)flags;
  if (initialized > 0) {
    initialized++;
    return kNvmlSuccess;
  }
  const nvml_result result = result_of_open(sim_open_node("nvidiactl", O_RDWR));
  if (result != kNvmlSuccess) return result;
  sim_look(&view);
  for (unsigned i = 0; i < view.gpu_count; i++) {
    gpus[i] = (struct nvml_device_state){.parent = &view.gpus[i]};
    for (unsigned m = 0; m < view.gpus[i].mig_count; m++) {
      migs[i][m] = (struct nvml_device_state){
          .parent = &view.gpus[i], .mig = view.gpus[i].mig[m], .mig_index = m};
    }
  }
  initialized = 1;
  return kNvmlSuccess;
}

OB_EXPORT nvml_result nvmlInit_v2(void) {
  return nvmlInitWithFlags(0);
}

OB_EXPORT nvml_result nvmlInit(void) {
  return nvmlInitWithFlags(0);
}

OB_EXPORT nvml_result nvmlShutdown(void) {
  if (initialized == 0) return kNvmlUninitialized;
  initialized--;
  return kNvmlSuccess;
}

OB_EXPORT const char* nvmlErrorString(nvml_result result) {
  switch (result) {
    case kNvmlSuccess:
      return "Success";
    case kNvmlUninitialized:
      return "Uninitialized";
    case kNvmlInvalidArgument:
      return "Invalid Argument";
    case kNvmlNotSupported:
      return "Not Supported";
    case kNvmlNoPermission:
      return "Insufficient Permissions";
    case kNvmlNotFound:
      return "Not Found";
    case kNvmlInsufficientSize:
      return "Insufficient Size";
    case kNvmlDriverNotLoaded:
      return "Driver Not Loaded";
    default:
      return "Unknown Error";
  }
}

static nvml_result give_text(const char* text, char* out, unsigned size) {
  if (initialized == 0) return kNvmlUninitialized;
  if (out == NULL) return kNvmlInvalidArgument;
  const size_t length = strlen(text);
  if (length >= size) return kNvmlInsufficientSize;
  memcpy(out, text, length + 1);
  return kNvmlSuccess;
}

static nvml_result give_number(unsigned value, unsigned* out) {
  if (initialized == 0) return kNvmlUninitialized;
  if (out == NULL) return kNvmlInvalidArgument;
  *out = value;
  return kNvmlSuccess;
}

/// The check that every call on a device begins with.
static nvml_result check(nvml_device device) {
  if (initialized == 0) return kNvmlUninitialized;
  return device == NULL ? kNvmlInvalidArgument : kNvmlSuccess;
}
#define CHECK(device)                            \
  do {                                           \
    const nvml_result checked = check(device);   \
    if (checked != kNvmlSuccess) return checked; \
  } while (0)
#define CHECK_WITH(device, pointer)                     \
  do {                                                  \
    CHECK(device);                                      \
    if ((pointer) == NULL) return kNvmlInvalidArgument; \
  } while (0)

OB_EXPORT nvml_result nvmlSystemGetDriverVersion(char* version, unsigned size) {
  return give_text(sim_table()->driver_version, version, size);
}

OB_EXPORT nvml_result nvmlSystemGetNVMLVersion(char* version, unsigned size) {
  char text[48];
  snprintf(text, sizeof text, "%u.%s", sim_table()->cuda_version / 1000,
           sim_table()->driver_version);
  return give_text(text, version, size);
}

/// The one call that real NVML answers before nvmlInit, too.
OB_EXPORT nvml_result nvmlSystemGetCudaDriverVersion_v2(int* version) {
  if (version == NULL) return kNvmlInvalidArgument;
  *version = (int)sim_table()->cuda_version;
  return kNvmlSuccess;
}

OB_EXPORT nvml_result nvmlSystemGetCudaDriverVersion(int* version) {
  return nvmlSystemGetCudaDriverVersion_v2(version);
}

OB_EXPORT nvml_result nvmlDeviceGetCount_v2(unsigned* count) {
  return give_number(view.gpu_count, count);
}

OB_EXPORT nvml_result nvmlDeviceGetHandleByIndex_v2(unsigned index, nvml_device* device) {
  if (initialized == 0) return kNvmlUninitialized;
  if (device == NULL || index >= view.gpu_count) return kNvmlInvalidArgument;
  *device = &gpus[index];
  return kNvmlSuccess;
}

OB_EXPORT nvml_result nvmlDeviceGetHandleByUUID(const char* uuid, nvml_device* device) {
  if (initialized == 0) return kNvmlUninitialized;
  if (uuid == NULL || device == NULL) return kNvmlInvalidArgument;
  for (unsigned i = 0; i < view.gpu_count; i++) {
    if (strcmp(view.gpus[i].gpu->uuid, uuid) == 0) {
      *device = &gpus[i];
      return kNvmlSuccess;
    }
    for (unsigned m = 0; m < view.gpus[i].mig_count; m++) {
      if (strcmp(view.gpus[i].mig[m]->uuid, uuid) != 0) continue;
      *device = &migs[i][m];
      return kNvmlSuccess;
    }
  }
  return kNvmlNotFound;
}

/// "0000:18:00.0", also with a domain of eight digits or none, in either case.
OB_EXPORT nvml_result nvmlDeviceGetHandleByPciBusId_v2(const char* bus_id, nvml_device* device) {
  if (initialized == 0) return kNvmlUninitialized;
  if (bus_id == NULL || device == NULL) return kNvmlInvalidArgument;
  for (unsigned i = 0; i < view.gpu_count; i++) {
    const char* pci = view.gpus[i].gpu->pci;
    const bool long_domain = strncmp(bus_id, "0000", 4) == 0 && strcasecmp(bus_id + 4, pci) == 0;
    if (!long_domain && strcasecmp(bus_id, pci) != 0 && strcasecmp(bus_id, pci + 5) != 0) continue;
    *device = &gpus[i];
    return kNvmlSuccess;
  }
  return kNvmlNotFound;
}

OB_EXPORT nvml_result nvmlDeviceGetName(nvml_device device, char* name, unsigned size) {
  CHECK(device);
  char text[128];
  snprintf(text, sizeof text, "%s%s%s", device->parent->gpu->name,
           device->mig != NULL ? " MIG " : "", device->mig != NULL ? device->mig->profile : "");
  return give_text(text, name, size);
}

OB_EXPORT nvml_result nvmlDeviceGetUUID(nvml_device device, char* uuid, unsigned size) {
  CHECK(device);
  return give_text(device->mig != NULL ? device->mig->uuid : device->parent->gpu->uuid, uuid, size);
}

OB_EXPORT nvml_result nvmlDeviceGetMinorNumber(nvml_device device, unsigned* minor) {
  CHECK(device);
  return device->mig != NULL ? kNvmlNotSupported : give_number(device->parent->gpu->minor, minor);
}

OB_EXPORT nvml_result nvmlDeviceGetIndex(nvml_device device, unsigned* index) {
  CHECK(device);
  return give_number(device->mig != NULL ? device->mig_index : device->parent->index, index);
}

/// A number in hexadecimal digits of that length.
static unsigned hex_number(const char* text, unsigned length) {
  unsigned value = 0;
  for (unsigned i = 0; i < length; i++) {
    const char c = text[i];
    value = value * 16 + (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return value;
}

OB_EXPORT nvml_result nvmlDeviceGetPciInfo_v3(nvml_device device, nvml_pci_info* out) {
  CHECK_WITH(device, out);
  const struct sim_gpu* gpu = device->parent->gpu;
  memset(out, 0, sizeof *out);
  snprintf(out->bus_id_legacy, sizeof out->bus_id_legacy, "%s", gpu->pci);
  snprintf(out->bus_id, sizeof out->bus_id, "0000%s", gpu->pci);
  out->domain = hex_number(gpu->pci, 4);
  out->bus = hex_number(gpu->pci + 5, 2);
  out->device = hex_number(gpu->pci + 8, 2);
  out->pci_device_id = gpu->pci_device << 16 | 0x10de;
  out->pci_subsystem_id = gpu->pci_subsystem;
  return kNvmlSuccess;
}

static unsigned long long memory_of(nvml_device device) {
  return (unsigned long long)(device->mig != NULL ? device->mig->memory_mib
                                                  : device->parent->gpu->memory_mib)
         << 20;
}

OB_EXPORT nvml_result nvmlDeviceGetMemoryInfo(nvml_device device, nvml_memory* out) {
  CHECK_WITH(device, out);
  *out = (nvml_memory){.total = memory_of(device), .free = memory_of(device), .used = 0};
  return kNvmlSuccess;
}

OB_EXPORT nvml_result nvmlDeviceGetCudaComputeCapability(nvml_device device, int* major,
                                                         int* minor) {
  CHECK_WITH(device, major);
  if (minor == NULL) return kNvmlInvalidArgument;
  *major = (int)device->parent->gpu->cc_major;
  *minor = (int)device->parent->gpu->cc_minor;
  return kNvmlSuccess;
}

OB_EXPORT nvml_result nvmlDeviceGetBrand(nvml_device device, unsigned* brand) {
  CHECK(device);
  return give_number(device->parent->gpu->brand, brand);
}

OB_EXPORT nvml_result nvmlDeviceGetPersistenceMode(nvml_device device, unsigned* mode) {
  CHECK(device);
  return device->mig != NULL ? kNvmlNotSupported : give_number(1, mode);
}

/// Memory without a fault, as NVML tells it of GPUs that remap rows.
OB_EXPORT nvml_result nvmlDeviceGetTotalEccErrors(nvml_device device, unsigned type,
                                                  unsigned counter, unsigned long long* count) {
  CHECK_WITH(device, count);
  if (type > 1 || counter > 1) return kNvmlInvalidArgument;
  if (device->mig != NULL) return kNvmlNotSupported;
  *count = 0;
  return kNvmlSuccess;
}

/// On, as data center GPUs come; GeForce cards come with it off.
OB_EXPORT nvml_result nvmlDeviceGetEccMode(nvml_device device, unsigned* current,
                                           unsigned* pending) {
  CHECK_WITH(device, current);
  if (pending == NULL) return kNvmlInvalidArgument;
  if (device->mig != NULL) return kNvmlNotSupported;
  *current = *pending = strstr(device->parent->gpu->name, "GeForce") == NULL;
  return kNvmlSuccess;
}

OB_EXPORT nvml_result nvmlDeviceGetRemappedRows(nvml_device device, unsigned* correctable,
                                                unsigned* uncorrectable, unsigned* pending,
                                                unsigned* failed) {
  CHECK_WITH(device, correctable);
  if (uncorrectable == NULL || pending == NULL || failed == NULL) return kNvmlInvalidArgument;
  if (device->mig != NULL) return kNvmlNotSupported;
  *correctable = *uncorrectable = *pending = *failed = 0;
  return kNvmlSuccess;
}

OB_EXPORT nvml_result nvmlDeviceGetMigMode(nvml_device device, unsigned* current,
                                           unsigned* pending) {
  CHECK_WITH(device, current);
  if (pending == NULL) return kNvmlInvalidArgument;
  if (device->mig != NULL || device->parent->gpu->max_mig == 0) return kNvmlNotSupported;
  *current = device->parent->gpu->mig_enabled;
  *pending = *current;
  return kNvmlSuccess;
}

OB_EXPORT nvml_result nvmlDeviceGetMaxMigDeviceCount(nvml_device device, unsigned* count) {
  CHECK(device);
  return give_number(device->mig != NULL ? 0 : device->parent->gpu->max_mig, count);
}

/// MIG devices that the caller may not use have no index of their own.
OB_EXPORT nvml_result nvmlDeviceGetMigDeviceHandleByIndex(nvml_device device, unsigned index,
                                                          nvml_device* out) {
  CHECK_WITH(device, out);
  if (device->mig != NULL || index >= device->parent->gpu->max_mig) return kNvmlInvalidArgument;
  if (index >= device->parent->mig_count) return kNvmlNotFound;
  *out = &migs[device->parent->index][index];
  return kNvmlSuccess;
}

OB_EXPORT nvml_result nvmlDeviceGetDeviceHandleFromMigDeviceHandle(nvml_device device,
                                                                   nvml_device* out) {
  CHECK_WITH(device, out);
  if (device->mig == NULL) return kNvmlInvalidArgument;
  *out = &gpus[device->parent->index];
  return kNvmlSuccess;
}

OB_EXPORT nvml_result nvmlDeviceIsMigDeviceHandle(nvml_device device, unsigned* is_mig) {
  CHECK(device);
  return give_number(device->mig != NULL, is_mig);
}

OB_EXPORT nvml_result nvmlDeviceGetGpuInstanceId(nvml_device device, unsigned* id) {
  CHECK(device);
  return device->mig == NULL ? kNvmlInvalidArgument : give_number(device->mig->gpu_instance, id);
}

OB_EXPORT nvml_result nvmlDeviceGetComputeInstanceId(nvml_device device, unsigned* id) {
  CHECK(device);
  return device->mig == NULL ? kNvmlInvalidArgument
                             : give_number(device->mig->compute_instance, id);
}

OB_EXPORT nvml_result nvmlDeviceGetAttributes_v2(nvml_device device, nvml_device_attributes* out) {
  CHECK_WITH(device, out);
  if (device->mig == NULL) return kNvmlNotSupported;
  *out = (nvml_device_attributes){.multiprocessors = device->mig->multiprocessors,
                                  .shared_copy_engines = device->mig->slices,
                                  .shared_decoders = device->mig->slices / 2,
                                  .gpu_instance_slices = device->mig->slices,
                                  .compute_instance_slices = device->mig->slices,
                                  .memory_mib = device->mig->memory_mib};
  return kNvmlSuccess;
}

/// Nothing runs on a simulated GPU: all versions of these calls answer with a count of 0.
static nvml_result no_processes(nvml_device device, unsigned* count) {
  CHECK(device);
  return give_number(0, count);
}
#define NO_PROCESSES(name)                                                           \
  OB_EXPORT nvml_result name(nvml_device device, unsigned* count, void* processes) { \
    (void)processes;                                                                 \
    return no_processes(device, count);                                              \
  }
NO_PROCESSES(nvmlDeviceGetComputeRunningProcesses)
NO_PROCESSES(nvmlDeviceGetComputeRunningProcesses_v2)
NO_PROCESSES(nvmlDeviceGetComputeRunningProcesses_v3)
NO_PROCESSES(nvmlDeviceGetGraphicsRunningProcesses)
NO_PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v2)
NO_PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v3)

#define NOT_SUPPORTED(name)                             \
  OB_EXPORT nvml_result name(nvml_device device, ...) { \
    CHECK(device);                                      \
    return kNvmlNotSupported;                           \
  }
NOT_SUPPORTED(nvmlDeviceGetTemperature)
NOT_SUPPORTED(nvmlDeviceGetCurrentClocksEventReasons)
NOT_SUPPORTED(nvmlDeviceGetRetiredPages)
NOT_SUPPORTED(nvmlDeviceGetRetiredPagesPendingStatus)
NOT_SUPPORTED(nvmlDeviceGetPowerUsage)
NOT_SUPPORTED(nvmlDeviceGetUtilizationRates)
NOT_SUPPORTED(nvmlDeviceGetClockInfo)
NOT_SUPPORTED(nvmlDeviceGetSerial)
