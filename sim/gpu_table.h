// SPDX-License-Identifier: Apache-2.0
// The GPUs of a simulated machine as the simulated libraries carry them: one table of fixed size in
// the data of each library, found by its magic text and overwritten in the file when a machine is
// created. So a container needs no file besides the library. Shared by C (the libraries) and C++
// (the writer). Text fields end with a zero byte.
#pragma once

#include <stdint.h>

#define OB_SIM_TABLE_MAGIC "outboard simulated GPUs\n"

enum { kSimMaxGpus = 16, kSimMaxMig = 7 };

struct sim_mig {
  char uuid[48];     ///< "MIG-..."
  char profile[24];  ///< "1g.10gb"
  uint32_t gpu_instance;
  uint32_t compute_instance;
  uint32_t gpu_instance_cap;      ///< N of /dev/nvidia-caps/nvidia-capN for the GPU instance
  uint32_t compute_instance_cap;  ///< the same for the compute instance
  uint32_t memory_mib;
  uint32_t slices;  ///< compute slices: 1 for "1g..."
  uint32_t multiprocessors;
};

struct sim_gpu {
  char uuid[48];
  char name[80];
  char pci[16];  ///< "0000:18:00.0"
  uint32_t minor;
  uint32_t memory_mib;
  uint32_t cc_major;
  uint32_t cc_minor;
  uint32_t pci_device;
  uint32_t pci_subsystem;  ///< subsystem device in the upper half, vendor in the lower
  uint32_t brand;          ///< nvmlBrandType_t
  uint32_t multiprocessors;
  uint32_t max_mig;  ///< 0: the GPU has no MIG
  uint32_t mig_enabled;
  uint32_t mig_count;
  struct sim_mig mig[kSimMaxMig];
};

struct sim_gpu_table {
  char magic[32];
  uint32_t size;  ///< sizeof(struct sim_gpu_table), against a library of another build
  uint32_t gpu_count;
  uint32_t cuda_version;  ///< 13000 is 13.0
  char driver_version[28];
  struct sim_gpu gpus[kSimMaxGpus];  ///< by PCI bus id
};
