// SPDX-License-Identifier: Apache-2.0
// The table of a simulated library and the view that the device nodes allow.
#include "sim/stubs/view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/// Not const, so that no compiler reads the empty table at build time in place of what the file
/// says later.
static volatile struct sim_gpu_table table = {
    .magic = OB_SIM_TABLE_MAGIC, .size = sizeof(struct sim_gpu_table), .driver_version = "0"};

/// What programs ask for to know that nothing here is real.
OB_EXPORT const char outboard_simulated[] = "simulated by outboard";

const struct sim_gpu_table* sim_table(void) {
  return (const struct sim_gpu_table*)(uintptr_t)&table;
}

int sim_open_node(const char* name, int flags) {
  char path[512];
  const char* dev = getenv("OUTBOARD_SIM_DEV");
  snprintf(path, sizeof path, "%s/%s", dev != NULL && dev[0] == '/' ? dev : "/dev", name);
  const int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd >= 0) {
    close(fd);
    return 0;
  }
  return errno == ENXIO ? 0 : errno;
}

static bool cap_allowed(uint32_t number) {
  char name[64];
  snprintf(name, sizeof name, "nvidia-caps/nvidia-cap%u", number);
  return sim_open_node(name, O_RDONLY) == 0;
}

void sim_look(struct sim_view* out) {
  const struct sim_gpu_table* machine = sim_table();
  memset(out, 0, sizeof *out);
  for (uint32_t i = 0; i < machine->gpu_count && i < kSimMaxGpus; i++) {
    const struct sim_gpu* gpu = &machine->gpus[i];
    char name[32];
    snprintf(name, sizeof name, "nvidia%u", gpu->minor);
    if (sim_open_node(name, O_RDWR) != 0) continue;
    struct sim_visible_gpu* visible = &out->gpus[out->gpu_count];
    visible->gpu = gpu;
    visible->index = out->gpu_count++;
    for (uint32_t m = 0; gpu->mig_enabled != 0 && m < gpu->mig_count && m < kSimMaxMig; m++) {
      const struct sim_mig* mig = &gpu->mig[m];
      if (cap_allowed(mig->gpu_instance_cap) && cap_allowed(mig->compute_instance_cap)) {
        visible->mig[visible->mig_count++] = mig;
      }
    }
  }
}
