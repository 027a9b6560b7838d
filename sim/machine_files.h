// SPDX-License-Identifier: Apache-2.0
// What the kernel and the NVIDIA kernel module show of a simulated machine: the trees proc, sys and
// dev. Formats are those that the open kernel module 580 prints (its sources: nv-procfs.c,
// nv-caps.c) and that sysfs has for PCI.
#pragma once

#include <string>

#include "sim/device_majors.h"
#include "sim/profiles.h"
#include "sim/tree.h"

namespace outboard::sim {

/// What is taken over from the machine this runs on.
struct HostMachine {
  std::string proc_devices;
  std::string kernel_release;
  std::string
      new_boot_id;  ///< a fresh one, so that nothing cached for an earlier machine is believed
};

void write_proc(Tree& tree, const Profile& profile, const HostMachine& host, const Majors& majors);
void write_sys(Tree& tree, const Profile& profile);
void write_dev(Tree& tree, const Profile& profile, const Majors& majors);

/// N of /dev/dri/cardN and of renderD(128+N - first) of the GPU at `index`.
int drm_card_of(const Profile& profile, size_t index);

}  // namespace outboard::sim
