// SPDX-License-Identifier: Apache-2.0
// Which driver files a mount namespace got from outside, and of which driver version.
#pragma once

#include <string_view>
#include <vector>

#include "doctor/container_facts.h"

namespace outboard::doctor {

/// Mounts of the driver's files in the text of a mountinfo file (proc_pid_mountinfo(5)), in its
/// order. The version is in the source's file name: the target may be a SONAME (Outboard) or carry
/// the version, too (NVIDIA's toolkit). Pure.
std::vector<SeenMount> driver_mounts(std::string_view mountinfo);

/// True if one of them lies where programs of that namespace look for the driver: they run in a
/// container. Mounts of containers that a host sees lie below its directories of containers. Pure.
bool brings_driver(const std::vector<SeenMount>& mounts);

/// Whether /proc/PID/cgroup is that of a process which an engine, a cluster or a container manager
/// put there. A container with a cgroup namespace of its own does not show it. Pure.
bool is_container_cgroup(std::string_view cgroup);

}  // namespace outboard::doctor
