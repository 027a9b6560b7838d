// SPDX-License-Identifier: Apache-2.0
// What the probe finds out, as plain fixed-size records: one struct a source, filled by one file
// each, judged and printed by main.c and findings.c. Nothing here grows: a list that is full is cut
// and says so.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { kMaxGpus = 64, kMaxMigPerGpu = 8, kMaxNodes = 256, kMaxCacheEntries = 256 };

struct mig_finding {
  unsigned index;  ///< among the MIG devices of its GPU that are visible here
  char uuid[96];
  char name[128];  ///< with the profile at its end: "NVIDIA A100-SXM4-80GB MIG 1g.10gb"
  uint64_t memory_mib;
  unsigned gpu_instance;
  unsigned compute_instance;
};

struct nvml_gpu {
  unsigned index;
  char uuid[96];
  char name[128];
  char pci[32];  ///< "0000:65:00.0", lower case
  uint64_t memory_mib;
  bool mig_enabled;
  size_t mig_count;
  struct mig_finding mig[kMaxMigPerGpu];
};

struct nvml_findings {
  bool found;         ///< libnvidia-ml.so.1 could be loaded
  char error[256];    ///< empty: it answered
  char library[512];  ///< file that was loaded
  char driver_version[96];
  size_t count;
  struct nvml_gpu gpus[kMaxGpus];
};

/// Result of the kernel on one device.
struct kernel_finding {
  char result[128];  ///< "ok", "wrong", "error: CUDA_ERROR_...", "not run (simulated)"
  char step[48];     ///< the call that failed
  uint32_t wrong_count;
  uint32_t first_wrong;  ///< index of the first wrong element
  uint32_t expected;
  uint32_t got;
};

struct cuda_gpu {
  int ordinal;
  char uuid[64];
  char name[128];
  char pci[32];
  int cc_major;
  int cc_minor;
  uint64_t memory_mib;
  struct kernel_finding kernel;
};

struct cuda_findings {
  bool found;
  bool simulated;  ///< the library exports `outboard_simulated`
  char error[256];
  char library[512];
  int cuda_version;  ///< 13000 is 13.0; 0: not known
  size_t count;
  struct cuda_gpu gpus[kMaxGpus];
};

struct node_finding {
  char path[64];
  unsigned major;
  unsigned minor;
  int open_errno;  ///< 0: it could be opened
};

struct node_findings {
  bool cut;
  size_t count;
  struct node_finding nodes[kMaxNodes];
};

struct cache_entry {
  char soname[96];
  char path[256];
  int32_t flags;
};

struct cache_findings {
  char error[128];
  bool cut;
  size_t count;
  struct cache_entry entries[kMaxCacheEntries];
};

struct findings {
  struct nvml_findings nvml;
  struct cuda_findings cuda;
  struct node_findings nodes;
  struct cache_findings cache;
};

void probe_nvml(struct nvml_findings* out);
/// Also runs the kernel on each device, unless the library is simulated.
void probe_cuda(struct cuda_findings* out);
/// Tries to open every /dev/nvidia*, /dev/nvidia-caps/*, /dev/nvidia-caps-imex-channels/* and
/// /dev/dri/*.
void probe_nodes(struct node_findings* out);
/// Entries of NVIDIA's libraries in /etc/ld.so.cache.
void probe_loader_cache(const char* path, struct cache_findings* out);

/// The file that holds `address`, as the kernel names it in /proc/self/maps; without /proc the
/// loader's name for it.
void library_of_address(const void* address, char* out, size_t size);
/// "ENXIO"; "errno 200" for a rare one.
const char* errno_name(int number, char* buffer, size_t size);
/// The text of `from`, cut to fit and always ended.
void copy_text(char* to, size_t size, const char* from);
