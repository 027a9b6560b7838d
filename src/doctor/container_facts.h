// SPDX-License-Identifier: Apache-2.0
// A running container as the host sees it, and a container's own view from inside: types only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace outboard::doctor {

/// Where a container was found.
struct ContainerPlace {
  std::string name;    ///< as the user gave it
  std::string engine;  ///< "docker", "podman", "containerd", "crio", "runc", "crun"
  std::string id;
  uint32_t pid = 0;    ///< of its first process, on the host
  std::string bundle;  ///< directory with config.json; empty: unknown
};

/// A device node in a container's /dev, or one of the host's.
struct SeenNode {
  std::string path;
  uint32_t major = 0;
  uint32_t minor = 0;
};

/// A line of the container's mountinfo that concerns the driver.
struct SeenMount {
  std::string target;
  bool deleted = false;                ///< the file that was mounted exists no more
  std::optional<std::string> version;  ///< of the driver, in the name of the file or of the target
};

/// A rule of the cgroup's list of devices: "c 195:0 rwm", "a *:* rwm".
struct DeviceRule {
  char type = 'a';
  std::optional<uint32_t> major, minor;  ///< nothing: all
  std::string access;
};

struct ContainerFacts {
  ContainerPlace place;
  std::optional<double> started;    ///< seconds since 1970
  std::optional<json::Value> spec;  ///< the OCI specification it was started with
  std::optional<std::string> spec_error;
  std::optional<std::vector<SeenNode>> nodes;  ///< in its /dev; nothing: may not be looked at
  std::optional<std::vector<SeenMount>> mounts;
  std::optional<std::vector<DeviceRule>> rules;   ///< cgroup v1: devices.list
  std::string scope;                              ///< systemd's unit of its cgroup, or empty
  std::optional<std::string> allowed_by_systemd;  ///< DeviceAllow of the scope, as systemctl shows
  std::optional<double> reloaded;                 ///< when systemd last read its units
};

/// True if it was given the driver's nodes by its specification, or files of the driver as mounts:
/// a container that merely sees the host's /dev was not.
bool was_given_gpu(const ContainerFacts& container);

/// A library as the dynamic loader finds it.
struct LoadedLibrary {
  std::string path;
  std::string real_path;
  std::optional<std::string> version;  ///< driver version in the file's name, or its mount's source
  std::string by;                      ///< "LD_LIBRARY_PATH", "ld.so.cache" or "a usual directory"
};

struct OpenedNode {
  std::string path;
  int error = 0;  ///< errno of open(2); 0: it opens
};

struct InsideFacts {
  std::optional<LoadedLibrary> libcuda;
  std::vector<OpenedNode> nodes;
  std::optional<std::string> visible;  ///< NVIDIA_VISIBLE_DEVICES
  bool mounted_driver = false;         ///< the driver's files are mounts: somebody gave a GPU
};

/// "c 195:* rwm" by line. Lines that are none are left out. Pure.
std::vector<DeviceRule> parse_device_rules(std::string_view text);
/// The scope that the host's systemd made for a container, of the path of its cgroup; empty: none.
/// Scopes below it are those of a systemd in the container. Pure.
std::string scope_of(std::string_view path);
/// Of what `systemctl show --property=Id,DeviceAllow` prints, the list of each scope, by line.
/// Pure.
std::vector<std::string> device_lists(std::string_view shown,
                                      const std::vector<std::string>& scopes);
bool allows(const std::vector<DeviceRule>& rules, uint32_t major, uint32_t minor);

}  // namespace outboard::doctor
