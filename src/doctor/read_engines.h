// SPDX-License-Identifier: Apache-2.0
// Reads what concerns container engines. Every function leaves what it cannot learn unknown and
// never fails; daemons are asked with a deadline.
#pragma once

#include "doctor/facts.h"
#include "doctor/places.h"

namespace outboard::doctor {

void read_docker(const Places& places, Facts& facts);
void read_cdi(const Places& places, Facts& facts);
void read_podman(const Places& places, Facts& facts);
void read_containerd(const Places& places, Facts& facts);
void read_crio(const Places& places, Facts& facts);
/// After the engines that it is about.
void read_stores(const Places& places, Facts& facts);
void read_toolkit(const Places& places, Facts& facts);
/// Of Places::container, on this kernel's real /proc and /sys.
void read_container(const Places& places, Facts& facts);
/// All that run and were given a GPU, on this kernel; none where the machine lies in a directory.
void read_containers(const Places& places, Facts& facts);
/// Fills what the files of /proc, /sys and the bundle say of `container.place`. False: it has
/// ended.
bool read_container_files(ContainerFacts& container);
/// Fills what systemd says of their scopes, by one question for all.
void ask_systemd_about(std::vector<ContainerFacts>& containers);
/// Opens every node of the driver, which starts its GPU.
void read_inside(const Places& places, Facts& facts);

/// True if this process runs in a container: Docker's, Podman's or Kubernetes' marker file, the
/// variable `container`, the cgroup of an engine, or files of the driver that are mounts. A machine
/// in a directory is none.
bool is_inside_container(const Places& places);

/// Path of the socket, or what DOCKER_HOST names in its place ("tcp://...").
std::string docker_endpoint(const Places& places);

/// The system's directories with programs, below the machine that is looked at.
std::vector<std::string> program_directories(const Places& places);

/// From the answer to GET /info. Looks for the programs of its runtimes where `process` would.
DockerInfo docker_info(const json::Value& answer, const std::optional<DaemonProcess>& process);

}  // namespace outboard::doctor
