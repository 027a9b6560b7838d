// SPDX-License-Identifier: Apache-2.0
#include "doctor/driver_mounts.h"

#include <algorithm>

#include "base/files.h"
#include "base/text.h"
#include "host/driver_files.h"

namespace outboard::doctor {

namespace {

// The kernel adds it to the source of a mount whose file exists no more.
constexpr std::string_view kDeleted = "//deleted";

std::optional<std::string> version_in(std::string_view path) {
  std::string name = file_name_of(path);
  auto versioned = host::versioned_name(name);
  return versioned ? std::optional<std::string>(versioned->version) : std::nullopt;
}

bool concerns_driver(std::string_view path) {
  return path.find("nvidia") != std::string_view::npos ||
         path.find("/libcuda") != std::string_view::npos;
}

}  // namespace

std::vector<SeenMount> driver_mounts(std::string_view mountinfo) {
  std::vector<SeenMount> mounts;
  for (std::string_view line : split(mountinfo, '\n')) {
    auto fields = words(line);
    if (fields.size() < 6) continue;
    std::string_view source = fields[3];
    bool deleted = source.size() > kDeleted.size() &&
                   source.substr(source.size() - kDeleted.size()) == kDeleted;
    if (deleted) source.remove_suffix(kDeleted.size());
    auto version = version_in(source);
    if (!version) version = version_in(fields[4]);
    // Nodes are bind mounts in a user namespace; they are looked at as nodes.
    if (fields[4].substr(0, 5) == "/dev/") continue;
    if (!version && !concerns_driver(fields[4])) continue;
    mounts.push_back({std::string(fields[4]), deleted, std::move(version)});
  }
  return mounts;
}

bool brings_driver(const std::vector<SeenMount>& mounts) {
  return std::any_of(mounts.begin(), mounts.end(), [](const SeenMount& mount) {
    return mount.version && (mount.target.starts_with("/usr/") || mount.target.starts_with("/lib"));
  });
}

bool is_container_cgroup(std::string_view cgroup) {
  // Docker, Podman, containerd's and CRI-O's pods, LXC; by cgroupfs and by systemd.
  static constexpr std::string_view kParts[] = {"/docker/",  "/docker-",        "/libpod-",
                                                "/kubepods", "/kubelet",        "/crio-",
                                                "/lxc/",     "/cri-containerd", "/lxc.payload"};
  return std::any_of(std::begin(kParts), std::end(kParts), [&](std::string_view part) {
    return cgroup.find(part) != std::string_view::npos;
  });
}

}  // namespace outboard::doctor
