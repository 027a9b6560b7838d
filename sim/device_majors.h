// SPDX-License-Identifier: Apache-2.0
// Major numbers for simulated device nodes: such that no node can ever reach a real device, not
// even when a real driver is loaded later. The kernel's list of device numbers
// (Documentation/admin-guide/devices.txt) sets character majors 60 to 63 and 120 to 127 aside for
// local use and never gives them to a driver; of these only those are taken that /proc/devices does
// not name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace outboard::sim {

struct Majors {
  unsigned nvidia = 0;  ///< nvidiaN, nvidiactl, nvidia-modeset (195 for the real driver)
  unsigned uvm = 0;
  unsigned caps = 0;
  unsigned imex = 0;
  unsigned nvswitch = 0;
  unsigned nvlink = 0;
  unsigned drm = 0;  ///< 226 for real graphics
};

/// Numbers of the character devices in the text of /proc/devices.
std::vector<unsigned> used_majors(std::string_view proc_devices);

/// kUnsupported: too few local numbers are free.
Result<Majors> free_majors(std::string_view proc_devices);

/// The machine's own text of /proc/devices with the simulated driver's lines in it, in order, and
/// without a real NVIDIA driver's. `with_driver` false: without the simulated ones, too.
std::string simulated_proc_devices(std::string_view proc_devices, const Majors& majors,
                                   bool with_driver);

}  // namespace outboard::sim
