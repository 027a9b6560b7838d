// SPDX-License-Identifier: Apache-2.0
// The simulated /proc. Whoever reads it must find what a real machine would show, white space
// included.
#include "sim/machine_files.h"

#include "base/text.h"

namespace outboard::sim {

namespace {

constexpr const char* kDriver = "proc/driver/nvidia";
constexpr int kAllRead = 0444;
constexpr int kOwnerRead = 0400;

void write_version(Tree& tree, const std::string& driver) {
  tree.file(cat(kDriver, "/version"),
            cat("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  ", driver,
                "  Release Build  (simulated)  Tue Sep 23 09:55:41 UTC 2025\n"
                "GCC version:  gcc version 12.2.0 (Debian 12.2.0-14+deb12u1) \n"));
}

void write_parameters(Tree& tree) {
  tree.file(
      cat(kDriver, "/params"),
      "ResmanDebugLevel: 4294967295\nRmLogonRC: 1\nModifyDeviceFiles: 1\nDeviceFileUID: 0\n"
      "DeviceFileGID: 0\nDeviceFileMode: 438\nInitializeSystemMemoryAllocations: 1\n"
      "UsePageAttributeTable: 4294967295\nEnableMSI: 1\nEnablePCIeGen3: 0\n"
      "MemoryPoolSize: 0\nKMallocHeapMaxSize: 0\nVMallocHeapMaxSize: 0\nIgnoreMMIOCheck: 0\n"
      "EnableStreamMemOPs: 0\nEnableUserNUMAManagement: 1\nNvLinkDisable: 0\n"
      "RmProfilingAdminOnly: 1\nPreserveVideoMemoryAllocations: 0\nEnableS0ixPowerManagement: 0\n"
      "S0ixPowerManagementVideoMemoryThreshold: 256\nDynamicPowerManagement: 3\n"
      "DynamicPowerManagementVideoMemoryThreshold: 200\nRegisterPCIDriver: 1\n"
      "EnablePCIERelaxedOrderingMode: 0\nEnableResizableBar: 0\nEnableGpuFirmware: 18\n"
      "EnableGpuFirmwareLogs: 2\nRmNvlinkBandwidthLinkCount: 0\nEnableDbgBreakpoint: 0\n"
      "OpenRmEnableUnsupportedGpus: 1\nDmaRemapPeerMmio: 1\nImexChannelCount: 2048\n"
      "CreateImexChannel0: 0\nGrdmaPciTopoCheckOverride: 0\nRegistryDwords: \"\"\n"
      "RegistryDwordsPerDevice: \"\"\nRmMsg: \"\"\nGpuBlacklist: \"\"\nTemporaryFilePath: \"\"\n"
      "ExcludedGpus: \"\"\n",
      kAllRead);
}

void write_information(Tree& tree, const sim_gpu& gpu, int irq, const std::string& driver) {
  tree.file(cat(kDriver, "/gpus/", gpu.pci, "/information"),
            cat("Model: \t\t ", gpu.name, "\nIRQ:   \t\t ", irq, "\nGPU UUID: \t ", gpu.uuid,
                "\nVideo BIOS: \t 96.00.cf.00.01\nBus Type: \t PCIe\nDMA Size: \t 52 bits\n"
                "DMA Mask: \t 0xfffffffffffff\nBus Location: \t ",
                gpu.pci, "\nDevice Minor: \t ", gpu.minor, "\nGPU Firmware: \t ", driver,
                "\nGPU Excluded:\t No\n"),
            kAllRead);
}

void write_capability(Tree& tree, const std::string& path, uint32_t minor, int mode) {
  tree.file(cat(kDriver, "/capabilities/", path),
            cat("DeviceFileMinor: ", minor, "\nDeviceFileMode: ", mode, "\nDeviceFileModify: 1\n"),
            kAllRead);
}

void write_capabilities(Tree& tree, const Profile& profile) {
  write_capability(tree, "mig/config", 1, kOwnerRead);
  write_capability(tree, "mig/monitor", 2, kAllRead);
  for (const sim_gpu& gpu : profile.gpus) {
    for (uint32_t i = 0; i < gpu.mig_count; i++) {
      const sim_mig& mig = gpu.mig[i];
      const std::string base = cat("gpu", gpu.minor, "/mig/gi", mig.gpu_instance);
      write_capability(tree, base + "/access", mig.gpu_instance_cap, kAllRead);
      write_capability(tree, cat(base, "/ci", mig.compute_instance, "/access"),
                       mig.compute_instance_cap, kAllRead);
    }
  }
}

/// Every instance that could be, for 32 GPUs, as the driver lists them.
void write_mig_minors(Tree& tree) {
  std::string text = "config 1\nmonitor 2\n";
  for (uint32_t gpu = 0; gpu < 32; gpu++) {
    for (uint32_t instance = 0; instance < 15; instance++) {
      const std::string base = cat("gpu", gpu, "/gi", instance);
      text += cat(base, "/access ", mig_cap_minor(gpu, instance, std::nullopt), "\n");
      for (uint32_t compute = 0; compute < 8; compute++) {
        text += cat(base, "/ci", compute, "/access ", mig_cap_minor(gpu, instance, compute), "\n");
      }
    }
  }
  tree.file("proc/driver/nvidia-caps/mig-minors", text, kAllRead);
}

}  // namespace

void write_proc(Tree& tree, const Profile& profile, const HostMachine& host, const Majors& majors) {
  tree.file("proc/devices", simulated_proc_devices(host.proc_devices, majors, profile.has_driver),
            kAllRead);
  tree.file("proc/sys/kernel/random/boot_id", host.new_boot_id + "\n", kAllRead);
  tree.file("proc/sys/kernel/osrelease", host.kernel_release + "\n");
  if (!profile.has_driver) {
    tree.file("proc/modules", "", kAllRead);
    return;
  }
  tree.file("proc/modules",
            "nvidia_uvm 2076672 0 - Live 0x0000000000000000 (O)\n"
            "nvidia_drm 139264 0 - Live 0x0000000000000000 (O)\n"
            "nvidia_modeset 1638400 1 nvidia_drm, Live 0x0000000000000000 (O)\n"
            "nvidia 14376960 2 nvidia_uvm,nvidia_modeset, Live 0x0000000000000000 (O)\n",
            kAllRead);
  write_version(tree, profile.driver.version);
  write_parameters(tree);
  tree.file(cat(kDriver, "/registry"), "Binary: \"\"\n", kAllRead);
  int irq = 201;
  for (const sim_gpu& gpu : profile.gpus)
    write_information(tree, gpu, irq++, profile.driver.version);
  write_capabilities(tree, profile);
  write_mig_minors(tree);
}

}  // namespace outboard::sim
