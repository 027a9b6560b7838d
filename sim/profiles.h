// SPDX-License-Identifier: Apache-2.0
// The machines that can be simulated, as data. Models, PCI ids, memory and MIG profiles are those
// of the real products (pci.ids; "MIG User Guide", section Supported MIG Profiles); bus numbers and
// minor numbers are those of real servers (HGX H200, DGX A100). UUIDs are made up, the same at
// every creation.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sim/gpu_table.h"

namespace outboard::sim {

/// The driver that a simulated machine has: one of NVIDIA's versions and the CUDA version that it
/// reports.
struct SimulatedDriver {
  std::string version = "580.95.05";
  int cuda = 13000;  ///< 13000 is 13.0
};

/// A PCI function that is there besides the GPUs, for readers that believe too much.
struct OtherPciDevice {
  std::string pci;
  unsigned vendor = 0;
  unsigned device = 0;
  unsigned class_code = 0;      ///< base class, subclass and interface: 0x030000
  std::optional<int> drm_card;  ///< N of its /dev/dri/cardN
};

struct Profile {
  std::string name;
  bool has_driver = true;
  SimulatedDriver driver = {};
  bool is_server =
      false;  ///< 3D controllers on a board with NVSwitch, persistence daemon, fabric manager
  std::vector<sim_gpu> gpus;    ///< by PCI bus id, which is NVML's order; minors can be in another
  std::vector<int> numa_nodes;  ///< of each GPU
  std::vector<OtherPciDevice> others;
  unsigned nvswitches = 0;
};

std::vector<std::string> profile_names();

/// kNotFound with the nearest name and all names.
Result<Profile> find_profile(std::string_view name);

/// Minor number of /dev/nvidia-caps/nvidia-capN that the driver gives to a GPU instance, and with
/// `compute_instance` to a compute instance in it: /proc/driver/nvidia-caps/mig-minors counts 15
/// GPU instances of 8 compute instances for each GPU, from 3 on.
uint32_t mig_cap_minor(uint32_t gpu_minor, uint32_t gpu_instance,
                       std::optional<uint32_t> compute_instance);

}  // namespace outboard::sim
