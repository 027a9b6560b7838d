// SPDX-License-Identifier: Apache-2.0
// Whether this host has a driver that a container could use: installed, loaded, and of one version.
#include "base/text.h"
#include "plan/plan.h"

namespace outboard::plan {

Result<void> check_driver(const host::Facts& facts) {
  bool loaded = facts.module_version.has_value();
  if (!loaded && !facts.library_version) {
    return make_error(ErrorCode::kNotFound,
                      cat("no NVIDIA driver on this host (no libcuda in driver root '",
                          printable(facts.roots.driver), "', no ", printable(facts.roots.proc),
                          "/driver/nvidia/version)"),
                      "install the driver, or name its place with root under [driver] in "
                      "/etc/outboard/config.toml");
  }
  if (!loaded) {
    return make_error(
        ErrorCode::kNotFound,
        cat("the NVIDIA kernel module is not loaded (driver libraries ",
            printable(*facts.library_version), " are installed)"),
        "run 'sudo modprobe nvidia'; if that fails, 'sudo dmesg | grep -i nvrm' says why");
  }
  if (!facts.library_version) {
    return make_error(
        ErrorCode::kNotFound,
        cat("the NVIDIA kernel module ", printable(*facts.module_version),
            " is loaded, but its libraries are not in driver root '", printable(facts.roots.driver),
            "'"),
        "install the libraries of the same version, or name their place with root under [driver] "
        "in /etc/outboard/config.toml");
  }
  if (facts.module_version && *facts.module_version != *facts.library_version) {
    bool module_older = compare_versions(*facts.module_version, *facts.library_version) < 0;
    return make_error(ErrorCode::kConflict,
                      cat("the NVIDIA kernel module is version ", printable(*facts.module_version),
                          ", the driver libraries are version ", printable(*facts.library_version),
                          ": they must be equal, and the ",
                          module_older ? "kernel module is" : "libraries are", " older"),
                      module_older
                          ? "reboot, or stop all GPU programs and reload the modules ('sudo rmmod "
                            "nvidia_uvm nvidia_drm nvidia_modeset nvidia', 'sudo modprobe nvidia')"
                          : "install the libraries of the kernel module's version, or reboot into "
                            "the installed driver's module");
  }
  return {};
}

}  // namespace outboard::plan
