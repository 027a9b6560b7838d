// SPDX-License-Identifier: Apache-2.0
#include "host/driver_files.h"

#include <algorithm>

#include "base/text.h"

namespace outboard::host {

using Names = std::vector<std::string>;

const Names& driver_prefixes() {
  static const Names kPrefixes = {"/usr/local/nvidia", "/run/nvidia/driver",
                                  "/home/kubernetes/bin/nvidia"};
  return kPrefixes;
}

const Names& library_directories() {
  // 64 bit before 32 bit; the link farm of NixOS last.
  static const Names kDirectories = {
      "/usr/lib64",
      "/usr/lib/x86_64-linux-gnu",
      "/usr/lib/aarch64-linux-gnu",
      "/usr/lib64/nvidia/current",
      "/usr/lib/x86_64-linux-gnu/nvidia/current",
      "/usr/lib/aarch64-linux-gnu/nvidia/current",
      "/usr/lib/nvidia/current",
      "/lib64",
      "/lib/x86_64-linux-gnu",
      "/lib/aarch64-linux-gnu",
      "/usr/lib",
      "/usr/lib32",
      "/usr/lib/i386-linux-gnu",
      "/usr/lib/i386-linux-gnu/nvidia/current",
      "/usr/lib32/nvidia/current",
      "/lib/i386-linux-gnu",
      "/lib",
      "/run/opengl-driver/lib",
      "/run/opengl-driver-32/lib",
  };
  return kDirectories;
}

const Names& prefix_library_directories() {
  static const Names kDirectories = {
      "lib64",
      "usr/lib64",
      "usr/lib/x86_64-linux-gnu",
      "usr/lib/aarch64-linux-gnu",
      "lib",
      "usr/lib",
      "lib32",
      "usr/lib/i386-linux-gnu",
      "usr/lib32",
  };
  return kDirectories;
}

const Names& program_directories() {
  static const Names kDirectories = {"/usr/local/sbin",
                                     "/usr/local/bin",
                                     "/usr/sbin",
                                     "/usr/bin",
                                     "/sbin",
                                     "/bin",
                                     "/opt/bin",
                                     "/usr/lib/nvidia/current",
                                     "/run/current-system/sw/bin"};
  return kDirectories;
}

const Names& program_names() {
  static const Names kPrograms = {"nvidia-smi",
                                  "nvidia-debugdump",
                                  "nvidia-persistenced",
                                  "nvidia-cuda-mps-control",
                                  "nvidia-cuda-mps-server",
                                  "nv-fabricmanager",
                                  "nvidia-imex",
                                  "nvidia-imex-ctl",
                                  "nvidia-modprobe"};
  return kPrograms;
}

const Names& xorg_module_directories() {
  static const Names kDirectories = {"/usr/lib/xorg/modules/drivers",
                                     "/usr/lib/xorg/modules/extensions",
                                     "/usr/lib/xorg/modules",
                                     "/usr/lib64/xorg/modules/drivers",
                                     "/usr/lib64/xorg/modules/extensions",
                                     "/usr/lib64/xorg/modules",
                                     "/usr/lib/x86_64-linux-gnu/nvidia/xorg",
                                     "/usr/lib/aarch64-linux-gnu/nvidia/xorg",
                                     "/usr/lib/nvidia/current",
                                     "/usr/lib/nvidia/xorg"};
  return kDirectories;
}

const Names& configuration_bases() {
  static const Names kBases = {"/etc", "/usr/local/share", "/usr/share"};
  return kBases;
}

const std::vector<ConfigurationFiles>& configuration_files() {
  static const std::vector<ConfigurationFiles> kFiles = {
      {"glvnd/egl_vendor.d", {"10_nvidia.json"}},
      {"egl/egl_external_platform.d",
       {"15_nvidia_gbm.json", "10_nvidia_wayland.json", "09_nvidia_wayland2.json",
        "20_nvidia_xcb.json", "20_nvidia_xlib.json"}},
      {"vulkan/icd.d",
       {"nvidia_icd.json", "nvidia_icd.x86_64.json", "nvidia_icd.i686.json",
        "nvidia_icd.aarch64.json", "nvidia_layers.json"}},
      {"vulkan/implicit_layer.d", {"nvidia_layers.json"}},
      {"OpenCL/vendors", {"nvidia.icd"}},
      {"nvidia", {"nvoptix.bin"}},
      {"X11/xorg.conf.d", {"10-nvidia.conf", "nvidia-drm-outputclass.conf"}},
  };
  return kFiles;
}

std::optional<VersionedName> versioned_name(std::string_view name) {
  size_t so = name.find(".so.");
  if (so == std::string_view::npos) return std::nullopt;
  std::string_view version = name.substr(so + 4);
  if (version.size() < 5 || version[0] < '0' || version[0] > '9') return std::nullopt;
  auto parts = split(version, '.');
  if (parts.size() < 2 || parts.size() > 3 || parts[0].size() < 3 || parts[0].size() > 4)
    return std::nullopt;
  for (std::string_view part : parts) {
    if (part.empty() || !is_digits(part)) return std::nullopt;
  }
  return VersionedName{name.substr(0, so + 3), version};
}

std::optional<std::string_view> special_library(std::string_view name) {
  static constexpr std::string_view kSpecial[] = {
      "libnvidia-nvvm70.so",      "libnvidia-nvvm.so",         "libnvidia-egl-gbm.so",
      "libnvidia-egl-wayland.so", "libnvidia-egl-wayland2.so", "libnvidia-egl-xcb.so",
      "libnvidia-egl-xlib.so",    "libnvidia-api.so",
  };
  if (name.rfind("libnvidia-", 0) != 0) return std::nullopt;
  for (std::string_view base : kSpecial) {
    if (name.size() > base.size() + 1 && name.substr(0, base.size()) == base &&
        name[base.size()] == '.')
      return name.substr(0, base.size());
  }
  return std::nullopt;
}

bool is_driver_soname(std::string_view soname) {
  return soname == "libcuda.so.1" || soname.rfind("libnvidia-", 0) == 0 ||
         soname == "libGLX_nvidia.so.0" || soname == "libEGL_nvidia.so.0";
}

}  // namespace outboard::host
