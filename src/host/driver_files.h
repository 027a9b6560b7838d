// SPDX-License-Identifier: Apache-2.0
// Which files belong to a driver, by name and by place. Facts of packaging: NVIDIA's .run
// installer, Debian, Ubuntu, Fedora, SUSE, Arch, NixOS, the driver containers of the GPU operator,
// and Google's COS. Names follow the capability tables of libnvidia-container (src/nvc_info.c) and
// the driver discovery of NVIDIA Container Toolkit 1.20 (pkg/nvcdi/driver-nvml.go). No I/O.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outboard::host {

/// Directories below which a whole driver may have been put, inside the driver root.
const std::vector<std::string>& driver_prefixes();
/// Directories with libraries, most specific system first; for "/" and for each prefix.
const std::vector<std::string>& library_directories();
/// Names of library directories below a prefix.
const std::vector<std::string>& prefix_library_directories();
const std::vector<std::string>& program_directories();
const std::vector<std::string>& program_names();
const std::vector<std::string>& xorg_module_directories();
/// Directories that hold configuration, and the files to look for in each.
const std::vector<std::string>& configuration_bases();
struct ConfigurationFiles {
  std::string directory;
  std::vector<std::string> names;
};
const std::vector<ConfigurationFiles>& configuration_files();

/// "libcuda.so.535.104.05" is base "libcuda.so" and that version. Driver versions have two or three
/// numbers, the first of three digits or more, which tells them from other versions.
struct VersionedName {
  std::string_view base;
  std::string_view version;
};
std::optional<VersionedName> versioned_name(std::string_view file_name);

/// A library of the driver that carries a version of its own: "libnvidia-egl-gbm.so.1.1.0". Its
/// base name, or nothing.
std::optional<std::string_view> special_library(std::string_view file_name);

/// A name in ld.so.cache that shows where a driver lies.
bool is_driver_soname(std::string_view soname);

}  // namespace outboard::host
