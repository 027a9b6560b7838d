// SPDX-License-Identifier: Apache-2.0
// The parts of read_facts, one for each place that is read. Each fills its members of Facts and
// leaves what it cannot learn unknown. Not for use outside this folder.
#pragma once

#include "base/fd.h"
#include "base/root.h"
#include "host/facts.h"
#include "host/read_facts.h"

namespace outboard::host {

/// /proc: kernel module, node parameters, major numbers, bound GPUs, MIG layout.
void read_proc(int proc, Facts& facts);

/// /sys: PCI device ids, NUMA and DRM nodes of the GPUs in `facts`; with `whole_bus` also GPUs that
/// are not bound. Sorts the GPUs.
void read_bus(int sys, bool whole_bus, Facts& facts);

/// Device nodes, and links in char/ that are missing. Needs the GPUs' DRM nodes.
void read_nodes(int dev, Facts& facts);

/// Files of the driver. Needs the kernel module's version.
void read_driver_files(const Root& root, int sys, const ReadOptions& options, Facts& facts);

}  // namespace outboard::host
