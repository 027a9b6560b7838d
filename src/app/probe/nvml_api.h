// SPDX-License-Identifier: Apache-2.0
// The part of NVML that the probe calls and the simulated libnvidia-ml offers: own declarations
// after the document "NVML API Reference Guide" (docs.nvidia.com/deploy/nvml-api, sections Device
// Structs, Device Queries, Multi Instance GPU Management). Structs have the layout of the symbol
// version named beside them.
#pragma once

#include <stdint.h>

typedef int nvml_result;                        ///< nvmlReturn_t
typedef struct nvml_device_state* nvml_device;  ///< nvmlDevice_t, for full GPUs and MIG devices

enum {
  kNvmlSuccess = 0,
  kNvmlUninitialized = 1,
  kNvmlInvalidArgument = 2,
  kNvmlNotSupported = 3,
  kNvmlNoPermission = 4,
  kNvmlNotFound = 6,
  kNvmlInsufficientSize = 7,
  kNvmlDriverNotLoaded = 9,
  kNvmlUnknown = 999,
};

/// nvmlPciInfo_t of nvmlDeviceGetPciInfo_v3.
typedef struct {
  char bus_id_legacy[16];  ///< "0000:65:00.0"
  unsigned domain;
  unsigned bus;
  unsigned device;
  unsigned pci_device_id;     ///< device id in the upper half, vendor id in the lower
  unsigned pci_subsystem_id;  ///< the same of the subsystem
  char bus_id[32];            ///< "00000000:65:00.0"
} nvml_pci_info;

/// nvmlMemory_t, in bytes.
typedef struct {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
} nvml_memory;

/// nvmlDeviceAttributes_t of nvmlDeviceGetAttributes_v2: what a MIG device has.
typedef struct {
  unsigned multiprocessors;
  unsigned shared_copy_engines;
  unsigned shared_decoders;
  unsigned shared_encoders;
  unsigned shared_jpeg_engines;
  unsigned shared_ofa_engines;
  unsigned gpu_instance_slices;
  unsigned compute_instance_slices;
  unsigned long long memory_mib;
} nvml_device_attributes;
