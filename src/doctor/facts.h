// SPDX-License-Identifier: Apache-2.0
// What the checks look at: a snapshot in parts, types only. Checks are not asked about a part that
// could not be read; inside a part, unknown is "nothing".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "doctor/container_facts.h"
#include "doctor/engine_facts.h"
#include "doctor/own_facts.h"
#include "host/facts.h"

namespace outboard::doctor {

/// Parts of the snapshot, each read at once by one function (read_parts.h), in the order in which
/// the members of Facts stand.
enum class Part {
  kOwn,
  kMachine,
  kKernel,
  kPci,
  kProcesses,
  kSystem,
  kSecurity,
  kLog,
  kLimits,
  kNvml,
  kDocker,
  kCdi,
  kPodman,
  kContainerd,
  kCrio,
  kStores,
  kToolkit,
  kContainer,
  kContainers,
  kInside,
};
inline constexpr int kPartCount = 20;

/// A loaded kernel module, from /proc/modules.
struct Module {
  std::string name;
  std::optional<uint32_t> users;  ///< the reference count; "-" on a kernel without unloading
  std::vector<std::string> used_by;
};

struct KernelFacts {
  std::optional<std::vector<Module>> modules;
  std::optional<std::string> command_line;  ///< /proc/cmdline
  /// Files nvidia.ko* below lib/modules/RELEASE; nothing if that directory cannot be read.
  std::optional<std::vector<std::string>> driver_modules;
  /// Whether the first of them carries a signature; nothing for a compressed one.
  std::optional<bool> module_signed;
};

/// A GPU as the PCI bus shows it, beyond host::GpuFact.
struct PciGpu {
  std::string pci;
  std::string name;  ///< from our table, else from the system's pci.ids, else "device 10de:2335"
  std::optional<std::string> driver;  ///< name of the kernel driver that is bound; nothing: none
  std::optional<uint32_t> link_width, maximum_link_width;  ///< PCI Express lanes
  std::optional<std::string> iommu_type;                   ///< "DMA", "DMA-FQ", "identity"
  std::vector<std::string> bridges;                        ///< above it, the root port first
};

/// A PCI bridge that could send requests between GPUs up to the root (Access Control Services).
struct PciBridge {
  std::string pci;
  /// ACS Control Register, nothing without the capability.
  std::optional<uint16_t> acs_control;
};

struct PciFacts {
  std::vector<PciGpu> gpus;
  std::vector<PciBridge> bridges;
  bool bridges_readable = false;  ///< extended configuration space takes CAP_SYS_ADMIN
  size_t nvswitches = 0;          ///< NVIDIA bridge devices (class 0680)
  bool infiniband = false;        ///< /sys/class/infiniband has entries
};

struct Process {
  uint32_t pid = 0;
  std::string name;                     ///< /proc/PID/comm: at most 15 characters
  bool holds_driver = false;            ///< has a node of the driver open
  std::optional<uint64_t> memory_lock;  ///< soft limit of locked memory in bytes; max: unlimited
};

struct ProcessFacts {
  std::vector<Process> processes;
  bool all_descriptors = false;  ///< every process's descriptors could be read
};

/// A rule that brings hot-plugged memory online, in a udev rules file that is in force.
struct MemoryRule {
  std::string file;  ///< path on the host
  std::string name;  ///< its name, by which /etc/udev/rules.d overrides it
};

enum class Cgroups { kNone, kV1, kHybrid, kV2 };

/// Of /etc/os-release (os-release(5)); empty: unknown.
struct Distribution {
  std::string id;                 ///< "debian"
  std::vector<std::string> like;  ///< ID_LIKE: "ubuntu", "debian", the closest first
  std::string version;            ///< VERSION_ID: "12", "24.04"
};

struct SystemFacts {
  std::string month;  ///< of now, "2026-11"
  Distribution distribution;
  bool systemd = false;  ///< /run/systemd/system exists
  /// What they say about their versions; asked only where links in /dev/char are missing.
  std::optional<std::string> systemd_version, runc_version;
  std::optional<Cgroups> cgroups;              ///< nothing: /sys/fs/cgroup cannot be read
  std::optional<std::string> kubelet_cgroups;  ///< cgroupDriver of kubelet's configuration
  bool wsl = false;                            ///< the kernel is Windows Subsystem for Linux's
  bool wsl_gpu = false;                        ///< /dev/dxg
  bool wsl_driver = false;                     ///< /usr/lib/wsl/lib has libcuda.so.1
  std::optional<std::string> tegra_release;    ///< first line of /etc/nv_tegra_release
  std::optional<std::string> tegra_model;      ///< of the device tree, where it names a Tegra
  bool persistence_socket = false;             ///< /run/nvidia-persistenced/socket
  bool fabric_socket = false;                  ///< /run/nvidia-fabricmanager has entries
  bool imex_nodes = false;  ///< /etc/nvidia-imex/nodes_config.cfg names hosts of an NVLink domain
  std::vector<MemoryRule> memory_rules;
  /// Paths under which the driver root's ld.so.cache has libcuda.so.1 for 64 bit programs; nothing:
  /// no cache, or one that cannot be read.
  std::optional<std::vector<std::string>> cached_libcuda;
  std::optional<std::string> cached_version;  ///< driver version of the first of them
  std::optional<std::string> cache_error;
  bool has_ldconfig = false;
  size_t driver_mounts = 0;  ///< lines of mountinfo that name a file of the driver
};

struct SecurityFacts {
  std::optional<bool> secure_boot;
  std::optional<std::string> lockdown;  ///< "none", "integrity", "confidentiality"
  std::optional<bool> selinux_enforcing;
  std::map<std::string, bool> selinux_booleans;  ///< those that concern containers and devices
  bool apparmor = false;
  /// Denials that concern the driver, oldest first, from /var/log/audit/audit.log: where auditd
  /// runs the kernel log has none.
  std::vector<std::string> audit;
};

/// One record of the kernel log.
struct LogLine {
  std::optional<double> seconds;  ///< since boot
  std::string text;
};

struct LogFacts {
  std::vector<LogLine> lines;          ///< those that concern drivers, oldest first
  bool none = false;                   ///< a simulated machine has no kernel of its own
  std::optional<std::string> unknown;  ///< why it could not be read
};

/// A directory in which an engine keeps its images.
struct ImageStore {
  std::string owner;  ///< "Docker", "Podman", "containerd", "Outboard"
  std::string path;
  uint64_t free_bytes = 0;
  uint64_t total_bytes = 0;
  std::optional<uint64_t> free_files, total_files;  ///< inodes, where the file system counts them
};

struct LimitFacts {
  std::optional<uint64_t> shared_memory;  ///< size of the file system at /dev/shm in bytes
  std::optional<uint64_t> memory;         ///< of the machine in bytes
};

struct NvmlFacts {
  std::optional<host::NvmlAnswer> answer;
  std::optional<std::string> error;  ///< why there is none, where it was asked
};

struct Facts {
  /// Parts that could not be read, and why; their checks are answered with it and not asked.
  std::map<Part, std::string> unread;
  bool root = false;  ///< this process is root in the first user namespace
  OwnFacts own;
  host::Facts machine;
  KernelFacts kernel;
  PciFacts pci;
  ProcessFacts processes;
  SystemFacts system;
  SecurityFacts security;
  LogFacts log;
  LimitFacts limits;
  NvmlFacts nvml;
  DockerFacts docker;
  CdiFacts cdi;
  EngineFiles podman, containerd, crio;
  /// That Kubernetes distributions bring along: k3s, RKE2, k0s, MicroK8s.
  std::vector<EngineFiles> bundled_containerds;
  std::vector<ImageStore> stores;
  ToolkitFacts toolkit;
  ContainerFacts container;
  std::vector<ContainerFacts> containers;  ///< all that run and were given a GPU
  bool containers_denied = false;          ///< not all could be looked at
  InsideFacts inside;
  std::string engine;  ///< the one that --engine names, or empty

  /// With the rows of compat.d, where they were read.
  const compat::Tables& tables() const {
    return own.tables ? *own.tables : compat::built_in_tables();
  }
};

}  // namespace outboard::doctor
