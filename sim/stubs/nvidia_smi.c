// SPDX-License-Identifier: Apache-2.0
// The simulated nvidia-smi: -L and a short table, from libnvidia-ml.so.1 as the real one. Every
// output says "simulated". Texts and exit codes of failures are those of the real program (9:
// driver not loaded, 12: no library).
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/probe/nvml_api.h"

static struct {
  nvml_result (*init)(void);
  const char* (*error_string)(nvml_result);
  nvml_result (*driver_version)(char*, unsigned);
  nvml_result (*cuda_version)(int*);
  nvml_result (*count)(unsigned*);
  nvml_result (*by_index)(unsigned, nvml_device*);
  nvml_result (*name)(nvml_device, char*, unsigned);
  nvml_result (*uuid)(nvml_device, char*, unsigned);
  nvml_result (*pci)(nvml_device, nvml_pci_info*);
  nvml_result (*memory)(nvml_device, nvml_memory*);
  nvml_result (*mig_by_index)(nvml_device, unsigned, nvml_device*);
} nvml;

static char output[64U << 10];
static size_t length;

__attribute__((format(printf, 1, 2))) static void print(const char* format, ...) {
  __builtin_va_list arguments;
  __builtin_va_start(arguments, format);
  const int written =
      __builtin_vsnprintf(output + length, sizeof output - length, format, arguments);
  __builtin_va_end(arguments);
  if (written > 0) length += (size_t)written;
  if (length >= sizeof output) length = sizeof output - 1;
}

static int finish(int status) {
  size_t done = 0;
  while (done < length) {
    const ssize_t written = write(STDOUT_FILENO, output + done, length - done);
    if (written <= 0) return 1;
    done += (size_t)written;
  }
  return status;
}

static bool look_up(void* library) {
  static const struct {
    const char* name;
    void* target;
  } symbols[] = {
      {"nvmlInit_v2", &nvml.init},
      {"nvmlErrorString", &nvml.error_string},
      {"nvmlSystemGetDriverVersion", &nvml.driver_version},
      {"nvmlSystemGetCudaDriverVersion_v2", &nvml.cuda_version},
      {"nvmlDeviceGetCount_v2", &nvml.count},
      {"nvmlDeviceGetHandleByIndex_v2", &nvml.by_index},
      {"nvmlDeviceGetName", &nvml.name},
      {"nvmlDeviceGetUUID", &nvml.uuid},
      {"nvmlDeviceGetPciInfo_v3", &nvml.pci},
      {"nvmlDeviceGetMemoryInfo", &nvml.memory},
      {"nvmlDeviceGetMigDeviceHandleByIndex", &nvml.mig_by_index},
  };
  for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
    void* address = dlsym(library, symbols[i].name);
    if (address == NULL) return false;
    memcpy(symbols[i].target, &address, sizeof address);
  }
  return true;
}

/// "NVIDIA A100-SXM4-80GB (simulated) MIG 1g.10gb": what stands behind " MIG ".
static const char* profile_of(const char* name) {
  const char* found = strstr(name, " MIG ");
  return found != NULL ? found + 5 : name;
}

static void list_mig(nvml_device gpu) {
  nvml_device mig = NULL;
  for (unsigned i = 0; nvml.mig_by_index(gpu, i, &mig) == kNvmlSuccess; i++) {
    char name[128] = "";
    char uuid[96] = "";
    nvml.name(mig, name, sizeof name);
    nvml.uuid(mig, uuid, sizeof uuid);
    print("  MIG %-12s Device %2u: (UUID: %s)\n", profile_of(name), i, uuid);
  }
}

static void list_gpu(unsigned index, nvml_device gpu) {
  char name[128] = "";
  char uuid[96] = "";
  nvml.name(gpu, name, sizeof name);
  nvml.uuid(gpu, uuid, sizeof uuid);
  print("GPU %u: %s (UUID: %s)\n", index, name, uuid);
  list_mig(gpu);
}

static void table_row(unsigned index, nvml_device gpu) {
  char name[128] = "";
  nvml_pci_info pci;
  nvml_memory memory;
  memset(&pci, 0, sizeof pci);
  memset(&memory, 0, sizeof memory);
  nvml.name(gpu, name, sizeof name);
  nvml.pci(gpu, &pci);
  nvml.memory(gpu, &memory);
  print("| %3u  %-42s  %-16s  %7llu MiB |\n", index, name, pci.bus_id, memory.total >> 20);
}

static int usage(const char* word) {
  print(
      "nvidia-smi (simulated by outboard): option '%.100s' is not simulated; there are -L and "
      "none\n",
      word);
  return finish(6);
}

int main(int argc, char** argv) {
  const bool list =
      argc == 2 && (strcmp(argv[1], "-L") == 0 || strcmp(argv[1], "--list-gpus") == 0);
  if (argc > 1 && !list) return usage(argv[argc > 2 ? 2 : 1]);
  void* library = dlopen("libnvidia-ml.so.1", RTLD_NOW);
  if (library == NULL || !look_up(library)) {
    print("NVIDIA-SMI (simulated) couldn't find libnvidia-ml.so library in your system.\n");
    return finish(12);
  }
  const nvml_result result = nvml.init();
  if (result != kNvmlSuccess) {
    print("Failed to initialize NVML (simulated): %s\n", nvml.error_string(result));
    return finish(result > 0 && result < 255 ? result : 255);
  }
  unsigned count = 0;
  nvml.count(&count);
  if (!list) {
    char driver[96] = "";
    int cuda = 0;
    nvml.driver_version(driver, sizeof driver);
    nvml.cuda_version(&cuda);
    print("NVIDIA-SMI (simulated by outboard)  Driver Version: %s  CUDA Version: %d.%d\n", driver,
          cuda / 1000, cuda % 1000 / 10);
  }
  for (unsigned i = 0; i < count; i++) {
    nvml_device gpu = NULL;
    if (nvml.by_index(i, &gpu) != kNvmlSuccess) continue;
    if (list) {
      list_gpu(i, gpu);
    } else {
      table_row(i, gpu);
    }
  }
  if (count == 0) print("No devices found (simulated)\n");
  return finish(count == 0 ? 6 : 0);
}
