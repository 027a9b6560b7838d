// SPDX-License-Identifier: Apache-2.0
// What the machine offers, as one value: types only. Every later stage works from this and touches
// nothing else, so a snapshot written by `outboard capture` gives the same answers anywhere.
// Unknown is "nothing", never 0 or "".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace outboard::host {

/// Where the machine is looked at. Each is an absolute host path; "/" , "/dev", "/proc", "/sys" on
/// an ordinary machine.
struct Roots {
  std::string driver = "/";  ///< libraries, programs, firmware, configuration of the driver
  std::string dev = "/dev";  ///< directory with the device nodes
  std::string proc = "/proc";
  std::string sys = "/sys";

  bool operator==(const Roots&) const = default;
};

/// A device node in the dev root, or one that the driver would have (see `present`).
struct DeviceNode {
  std::string path;  ///< as a container names it: "/dev/nvidia0", "/dev/nvidia-caps/nvidia-cap1"
  std::string host_path;  ///< where it lies on the host, in the dev root
  char type = 'c';        ///< 'c'; anything else at that path is recorded as 'f' (not a device)
  uint32_t major = 0;
  uint32_t minor = 0;
  uint32_t mode = 0;  ///< permission bits only
  uint32_t uid = 0;
  uint32_t gid = 0;

  bool operator==(const DeviceNode&) const = default;
};

/// A GPU as /proc and /sys show it. Memory and names of its MIG devices are not among these facts:
/// NVML knows them (NvmlAnswer).
struct GpuFact {
  std::string pci;                   ///< "0000:65:00.0", lower case, domain of four digits or more
  std::optional<uint32_t> minor;     ///< N of /dev/nvidiaN; nothing without a loaded driver
  std::optional<std::string> uuid;   ///< "GPU-..."; nothing while /proc prints "GPU-????????-..."
                                     ///< (nobody has opened it yet)
  std::optional<std::string> model;  ///< "NVIDIA H200"
  std::optional<uint32_t> pci_device;  ///< PCI device id, for example 0x2335
  std::optional<bool> excluded;        ///< "GPU Excluded: Yes": the driver leaves it alone
  bool bound = false;                  ///< listed in /proc/driver/nvidia/gpus
  std::vector<std::string> drm_nodes;  ///< "/dev/dri/card1", "/dev/dri/renderD128"
  std::optional<int> numa_node;

  bool operator==(const GpuFact&) const = default;
};

/// One MIG capability from /proc/driver/nvidia/capabilities: access to a GPU instance, or (with
/// `compute_instance`) to a compute instance in it, is access to
/// /dev/nvidia-caps/nvidia-cap<minor>.
struct MigCapability {
  uint32_t gpu_minor = 0;
  uint32_t gpu_instance = 0;
  std::optional<uint32_t> compute_instance;
  uint32_t cap_minor = 0;

  bool operator==(const MigCapability&) const = default;
};

enum class FileKind { kLibrary, kProgram, kFirmware, kConfiguration, kXorgModule, kSocket };

/// A file of the driver. `path` is inside the driver root, symbolic links resolved; a container's
/// path is the plan's business.
struct DriverFile {
  FileKind kind = FileKind::kLibrary;
  std::string path;
  std::string name;  ///< libraries: file name without version ("libcuda.so"); else the file name
  std::optional<std::string> soname;  ///< libraries: DT_SONAME of the ELF file
  int elf_class = 0;                  ///< libraries: 64 or 32; else 0
  std::optional<std::string>
      version;  ///< libraries: driver version in the file name ("535.104.05")
  /// The path in the driver root under which it was found, where that is a symbolic link
  /// ("/usr/share/vulkan/icd.d/nvidia_icd.json" while `path` is
  /// "/etc/nvidia/current/nvidia_icd.json"): it says what the file is for. Nothing: the same as
  /// `path`.
  std::optional<std::string> found_as = std::nullopt;
  /// Why somebody who is not root could change it ("owned by user 1000"); nothing: nobody could, or
  /// it was not looked at (a simulated machine, a reader who is not root).
  std::optional<std::string> distrust = std::nullopt;

  bool operator==(const DriverFile&) const = default;
};

/// What /proc/driver/nvidia/params says about the mode and owner of nodes.
struct NodeParameters {
  bool modify = true;
  uint32_t mode = 0666;
  uint32_t uid = 0;
  uint32_t gid = 0;

  bool operator==(const NodeParameters&) const = default;
};

/// A line of /proc/devices that concerns the driver: "nvidia-uvm" and its major number.
struct MajorNumber {
  std::string name;
  uint32_t major = 0;

  bool operator==(const MajorNumber&) const = default;
};

struct Facts {
  Roots roots;
  bool simulated = false;  ///< the driver root carries the marker of `outboard sim create`
  std::optional<std::string> boot_id;
  std::optional<std::string> kernel;  ///< release, as uname -r
  std::optional<std::string>
      module_version;  ///< of the loaded kernel module, /proc/driver/nvidia/version
  std::optional<std::string> module_flavor;  ///< "open" or "proprietary"
  std::optional<std::string>
      library_version;  ///< of libcuda or libnvidia-ml in the driver root (the 64 bit one)
  std::vector<std::string>
      driver_library_directories;  ///< directories in the driver root where the libraries lie
  std::optional<NodeParameters> node_parameters;
  std::vector<MajorNumber> majors;
  std::vector<GpuFact> gpus;  ///< by PCI bus id, which is also NVML's order
  std::vector<MigCapability> mig;
  std::optional<uint32_t>
      mig_config_minor;  ///< N of the nvidia-capN that may change the MIG layout
  std::optional<uint32_t>
      mig_monitor_minor;          ///< N of the nvidia-capN that may look into all MIG devices
  std::vector<DeviceNode> nodes;  ///< every driver node that exists, by path
  std::vector<DriverFile> files;  ///< by kind, then path
  std::vector<std::string>
      missing_char_links;  ///< "MAJOR:MINOR" of nodes without a link in <dev>/char

  bool operator==(const Facts&) const = default;
};

/// A MIG device, as NVML sees it.
struct NvmlMig {
  uint32_t index = 0;   ///< on its GPU, as in "0:1"
  std::string uuid;     ///< "MIG-..."
  std::string profile;  ///< "1g.10gb"
  uint32_t gpu_instance = 0;
  uint32_t compute_instance = 0;
  std::optional<uint64_t> memory_mib;

  bool operator==(const NvmlMig&) const = default;
};

/// A GPU's state at the moment of asking. Of no use later, so it is never kept.
struct NvmlHealth {
  std::optional<bool> persistence;           ///< persistence mode
  std::optional<uint32_t> temperature;       ///< of the GPU, degrees Celsius
  std::optional<uint64_t> clock_reasons;     ///< nvmlClocksEventReason* bits
  std::optional<bool> ecc;                   ///< the memory's errors are found and corrected
  std::optional<bool> ecc_after_reboot;      ///< the same after the next reboot
  std::optional<uint64_t> uncorrected;       ///< uncorrectable memory errors since the last reset
  std::optional<uint64_t> uncorrected_ever;  ///< in the card's life
  std::optional<uint32_t> retired_pages;     ///< of memory, up to Turing
  std::optional<uint32_t> remapped_rows;     ///< of memory, since Ampere
  std::optional<bool> retirement_pending;    ///< pages or rows go out of use at the next reset
  std::optional<bool> remapping_failed;

  bool operator==(const NvmlHealth&) const = default;
};

struct NvmlGpu {
  uint32_t index = 0;
  std::string pci;
  std::optional<std::string> uuid;
  std::optional<std::string> name;
  std::optional<std::string> brand;
  std::optional<uint32_t> minor;
  std::optional<uint64_t> memory_mib;
  std::optional<std::string> compute_capability;  ///< "9.0"
  std::optional<bool> mig_enabled;
  std::vector<NvmlMig> mig;
  std::optional<NvmlHealth> health = std::nullopt;  ///< only where it was asked for

  bool operator==(const NvmlGpu&) const = default;
};

/// What the helper program `outboard-nvml` answered, now or earlier in this boot.
struct NvmlAnswer {
  std::optional<std::string> driver_version;
  std::optional<std::string> cuda_version;  ///< "13.0", the highest that the driver supports
  std::vector<NvmlGpu> gpus;

  bool operator==(const NvmlAnswer&) const = default;
};

}  // namespace outboard::host
