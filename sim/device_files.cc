// SPDX-License-Identifier: Apache-2.0
// The simulated /sys/bus/pci and /dev.
#include <cstdio>

#include "base/text.h"
#include "sim/machine_files.h"

namespace outboard::sim {

namespace {

constexpr unsigned kRenderBase = 128;
constexpr unsigned kDrmRenderMinor = 128;
constexpr gid_t kVideoGroup = 44;  // Debian's and Ubuntu's fixed number of the group video

std::string hex(unsigned number, int digits) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%0*x\n", digits, number);
  return text;
}

/// The function lies below its host bridge; /sys/bus/pci/devices has links to it.
std::string device_directory(const std::string& pci) {
  return cat("sys/devices/pci", pci.substr(0, 7), "/", pci);
}

struct PciFunction {
  std::string pci;
  unsigned vendor = 0;
  unsigned device = 0;
  unsigned class_code = 0;
  int numa_node = -1;
};

void write_function(Tree& tree, const PciFunction& function) {
  const std::string directory = device_directory(function.pci);
  tree.file(directory + "/vendor", hex(function.vendor, 4), 0444);
  tree.file(directory + "/device", hex(function.device, 4), 0444);
  tree.file(directory + "/class", hex(function.class_code, 6), 0444);
  tree.file(directory + "/numa_node", cat(function.numa_node, "\n"));
  tree.link(cat("sys/bus/pci/devices/", function.pci), cat("../../../", directory.substr(4)));
}

void write_drm(Tree& tree, const std::string& pci, int card) {
  const std::string drm = device_directory(pci) + "/drm";
  tree.directory(cat(drm, "/card", card));
  tree.directory(cat(drm, "/renderD", kRenderBase + static_cast<unsigned>(card)));
}

/// A node and the link in /dev/char, without which runc's rules for it are lost in systemd's.
void write_node(Tree& tree, const std::string& name, unsigned major, unsigned minor, mode_t mode,
                gid_t group = 0) {
  tree.node("dev/" + name, major, minor, mode, group);
  tree.link(cat("dev/char/", major, ":", minor), "../" + name);
}

void write_drm_nodes(Tree& tree, const std::string& pci, int card, unsigned major) {
  const auto number = static_cast<unsigned>(card);
  const std::string render = cat("renderD", kRenderBase + number);
  write_node(tree, cat("dri/card", card), major, number, 0660, kVideoGroup);
  write_node(tree, "dri/" + render, major, kDrmRenderMinor + number, 0666);
  tree.link(cat("dev/dri/by-path/pci-", pci, "-card"), cat("../card", card));
  tree.link(cat("dev/dri/by-path/pci-", pci, "-render"), "../" + render);
}

void write_capability_nodes(Tree& tree, const Profile& profile, unsigned major) {
  const auto node = [&](uint32_t minor, mode_t mode) {
    write_node(tree, cat("nvidia-caps/nvidia-cap", minor), major, minor, mode);
  };
  bool has_mig = false;
  for (const sim_gpu& gpu : profile.gpus) has_mig = has_mig || gpu.max_mig > 0;
  if (!has_mig) return;
  node(1, 0400);
  node(2, 0444);
  for (const sim_gpu& gpu : profile.gpus) {
    for (uint32_t i = 0; i < gpu.mig_count; i++) {
      node(gpu.mig[i].gpu_instance_cap, 0444);
      node(gpu.mig[i].compute_instance_cap, 0444);
    }
  }
}

void write_driver_nodes(Tree& tree, const Profile& profile, const Majors& majors) {
  for (const sim_gpu& gpu : profile.gpus) {
    write_node(tree, cat("nvidia", gpu.minor), majors.nvidia, gpu.minor, 0666);
  }
  write_node(tree, "nvidia-modeset", majors.nvidia, 254, 0666);
  write_node(tree, "nvidiactl", majors.nvidia, 255, 0666);
  write_node(tree, "nvidia-uvm", majors.uvm, 0, 0666);
  write_node(tree, "nvidia-uvm-tools", majors.uvm, 1, 0666);
  write_capability_nodes(tree, profile, majors.caps);
  if (profile.nvswitches == 0) return;
  for (unsigned i = 0; i < profile.nvswitches; i++) {
    write_node(tree, cat("nvidia-nvswitch", i), majors.nvswitch, i, 0666);
  }
  write_node(tree, "nvidia-nvswitchctl", majors.nvswitch, 255, 0666);
  write_node(tree, "nvidia-nvlink", majors.nvlink, 0, 0666);
}

}  // namespace

int drm_card_of(const Profile& profile, size_t index) {
  int taken = 0;
  for (const OtherPciDevice& other : profile.others) taken += other.drm_card ? 1 : 0;
  return taken + static_cast<int>(index);
}

void write_sys(Tree& tree, const Profile& profile) {
  tree.directory("sys/bus/pci/devices");
  for (size_t i = 0; i < profile.gpus.size(); i++) {
    const sim_gpu& gpu = profile.gpus[i];
    write_function(tree, {.pci = gpu.pci,
                          .vendor = 0x10de,
                          .device = gpu.pci_device,
                          .class_code = profile.is_server ? 0x030200U : 0x030000U,
                          .numa_node = profile.numa_nodes[i]});
    write_drm(tree, gpu.pci, drm_card_of(profile, i));
  }
  for (const OtherPciDevice& other : profile.others) {
    write_function(tree, {.pci = other.pci,
                          .vendor = other.vendor,
                          .device = other.device,
                          .class_code = other.class_code});
    if (other.drm_card)
      tree.directory(cat(device_directory(other.pci), "/drm/card", *other.drm_card));
  }
  if (profile.has_driver) {
    tree.file("sys/module/nvidia/version", cat(profile.driver.version, "\n"), 0444);
  }
}

void write_dev(Tree& tree, const Profile& profile, const Majors& majors) {
  tree.directory("dev/char");
  for (const OtherPciDevice& other : profile.others) {
    if (!other.drm_card) continue;
    const auto card = static_cast<unsigned>(*other.drm_card);
    write_node(tree, cat("dri/card", card), majors.drm, card, 0660, kVideoGroup);
    tree.link(cat("dev/dri/by-path/pci-", other.pci, "-card"), cat("../card", card));
  }
  for (size_t i = 0; i < profile.gpus.size(); i++) {
    write_drm_nodes(tree, profile.gpus[i].pci, drm_card_of(profile, i), majors.drm);
  }
  if (profile.has_driver) write_driver_nodes(tree, profile, majors);
}

}  // namespace outboard::sim
