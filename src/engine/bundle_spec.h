// SPDX-License-Identifier: Apache-2.0
// The OCI specification (config.json, runtime-spec 1.0) of a container of the built-in engine.
// Pure. Capabilities, masked paths, device rules and mounts are docker's defaults (moby,
// oci/defaults.go of 20.10 to 28) with two differences: /dev/shm may take half of the memory, since
// programs on several GPUs exchange data there, and system calls are filtered by a short list of
// refusals.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "engine/accounts.h"
#include "engine/container_options.h"

namespace outboard::engine {

struct BundleInput {
  std::vector<std::string> argv;
  std::vector<std::string> environment;
  std::string working_directory = "/";
  Account account;
  std::string hostname;
  std::string root;          ///< absolute host path of the root file system
  std::string cgroups_path;  ///< "/outboard/ID"; empty: none
  std::vector<Volume> volumes;
  bool terminal = false;
  bool read_only = false;
  bool host_network = true;
  bool cgroup_namespace = false;  ///< only with cgroup v2, as docker does
  /// In a user namespace: no cgroup is made or shown, and with the host's network, which does not
  /// belong to the namespace, /sys is the host's.
  bool rootless = false;
  bool terminal_group = true;  ///< group 5, Debian's and Docker's "tty", exists
};

json::Value bundle_spec(const BundleInput& input);

}  // namespace outboard::engine
