// SPDX-License-Identifier: Apache-2.0
// Which simulated devices the calling process may use: decided by opening their nodes, as the real
// driver's libraries do. There is no driver behind the nodes, so ENXIO means "allowed" and so does
// success; EPERM means that the device rules of the container forbid it, EACCES the mode of the
// node, ENOENT that it is not there.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "sim/gpu_table.h"

#define OB_EXPORT __attribute__((visibility("default")))

struct sim_visible_gpu {
  const struct sim_gpu* gpu;
  unsigned index;  ///< among the visible ones
  unsigned mig_count;
  const struct sim_mig* mig[kSimMaxMig];  ///< the visible ones
};

struct sim_view {
  unsigned gpu_count;
  struct sim_visible_gpu gpus[kSimMaxGpus];
};

/// The table in this library, with the version "0" and no GPUs in a library that was never written
/// to.
const struct sim_gpu_table* sim_table(void);

/// 0 if the node may be opened, else the errno. `name` is relative to /dev; in the tests and
/// helpers of the host, to the directory in the environment variable OUTBOARD_SIM_DEV.
int sim_open_node(const char* name, int flags);

void sim_look(struct sim_view* out);
