// SPDX-License-Identifier: Apache-2.0
// Reads the machine. Takes about a millisecond, because it runs at every start of a container: no
// process is started, no library loaded, no GPU woken. Sources: /proc/driver/nvidia and
// /proc/driver/nvidia-caps (as the driver's kernel module prints them since 340), /proc/devices,
// /sys/bus/pci, the device nodes and the files below the driver root.
#pragma once

#include <string>

#include "base/result.h"
#include "host/facts.h"

namespace outboard::host {

struct ReadOptions {
  /// Also look for GPUs that no NVIDIA driver has bound. It costs a read for every PCI device; a
  /// caller that only wants usable GPUs saves that.
  bool whole_bus = true;
  /// Where the list of the driver's files is kept between calls (driver_memo.h); empty: searched
  /// for each time.
  std::string memo_directory = {};
  /// Find out who could change the driver's files (DriverFile::distrust); not on a simulated
  /// machine.
  bool check_owners = false;
};

/// A machine without a driver, without GPUs or with a cold driver gives facts that say so. The only
/// errors are roots that cannot be opened.
Result<Facts> read_facts(const Roots& roots, const ReadOptions& options = {});

}  // namespace outboard::host
