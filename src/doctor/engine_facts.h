// SPDX-License-Identifier: Apache-2.0
// What the checks know about container engines and about CDI specifications.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace outboard::doctor {

/// A low-level runtime that an engine has registered.
struct EngineRuntime {
  std::string name;
  std::string path;  ///< as the engine has it; a name without "/" is searched in the engine's PATH
  bool found = false;    ///< the program exists where the engine looks
  bool systemd = false;  ///< containerd: its SystemdCgroup
};

/// A daemon's process, from /proc.
struct DaemonProcess {
  uint32_t pid = 0;
  std::string program;            ///< /proc/PID/exe
  std::string unit;               ///< systemd's unit of it ("docker.service"), or empty
  std::optional<double> started;  ///< seconds since 1970
  std::vector<std::string> argv;
  /// Its PATH; nothing where its environment may not be read.
  std::optional<std::vector<std::string>> search_path;
};

/// True if a file that changed then did so after the process had started. The kernel counts a
/// process's start in hundredths of a second, rounded down.
inline bool changed_after_start(double changed, const std::optional<DaemonProcess>& process) {
  constexpr double kClockStep = 0.1;
  return process && process->started && changed > *process->started + kClockStep;
}

/// A program that Docker looks for on its PATH when it starts.
struct FoundProgram {
  std::string path;
  double changed = 0;  ///< when its directory entry or file changed last, seconds since 1970
};

/// A device node that a CDI specification adds.
struct CdiNode {
  std::string path;                                ///< on the host
  std::optional<uint32_t> major, minor;            ///< as the specification says
  std::optional<uint32_t> real_major, real_minor;  ///< of the node; nothing: there is none
};

/// A CDI specification that concerns NVIDIA devices.
struct CdiSpec {
  std::string file;
  std::string directory;             ///< where its file lies, symbolic links resolved
  std::optional<std::string> error;  ///< why it could not be read or understood
  bool broken = false;               ///< an engine does not understand it either
  std::string kind;                  ///< "nvidia.com/gpu"
  /// The CDI version that a reader must know: its cdiVersion ("0.5.0"), or that of its newest
  /// field.
  std::string version;
  std::string newest_field;  ///< "additionalGids"; empty: cdiVersion itself asks for it
  std::vector<std::string> devices;
  std::vector<CdiNode> nodes;
  std::vector<std::string> missing_files;    ///< mount sources and hook programs that do not exist
  std::vector<std::string> driver_versions;  ///< of the libraries that it names, each once
};

struct CdiFacts {
  std::vector<CdiSpec> specs;
};

/// A configuration file of an engine, or of NVIDIA's toolkit.
struct ConfigFile {
  std::string path;
  std::optional<std::string> error;  ///< why it could not be read
  double changed = 0;                ///< when it was written last, seconds since 1970
};

/// What an engine does with CDI specifications.
struct EngineCdi {
  std::optional<bool> switched_on;       ///< as a file says; nothing: none says anything
  std::vector<std::string> directories;  ///< that it reads
  std::vector<std::string> places;       ///< the same on this machine, links resolved
  std::vector<CdiSpec> specs;            ///< in those that are not /etc/cdi or /var/run/cdi
};

/// Podman, containerd and CRI-O: what their files say, and what their program says about its
/// version. (None of them tells a client which runtimes it has.)
struct EngineFiles {
  std::string name;  ///< "Podman", "containerd", "containerd of k3s"
  std::string unit;  ///< systemd's unit of it; empty: it has no daemon
  std::optional<std::string> program;
  std::optional<std::string> version;     ///< "4.3.1"
  std::optional<std::string> no_version;  ///< why the program, which was asked, does not say it
  std::optional<std::string> elsewhere;   ///< the service that the client is told to use instead
  std::string socket;                     ///< where it exists
  std::optional<std::string> silent;      ///< there is a socket, but nobody listens: why
  std::optional<DaemonProcess> process;   ///< that listens there; nothing: not ours to see
  std::vector<ConfigFile> files;
  std::vector<EngineRuntime> runtimes;  ///< registered by a file; `found`: the program exists
  std::string default_runtime;
  std::optional<bool> systemd_cgroups;  ///< systemd makes its containers' cgroups
  std::string store;                    ///< where a file says that images lie, or empty
  bool plugin_off = false;              ///< containerd: the CRI plugin is switched off
  EngineCdi cdi;
};

/// NVIDIA's container toolkit.
struct ToolkitFacts {
  std::vector<std::string> programs;            ///< those of it that exist
  std::optional<std::string> podman_hook;       ///< an OCI hook of it that Podman and CRI-O run
  std::optional<ConfigFile> config;             ///< /etc/nvidia-container-runtime/config.toml
  json::Value keys;                             ///< its content
  std::optional<std::string> missing_ldconfig;  ///< the ldconfig that it names, if there is none
};

/// What the Docker daemon says about itself: GET /info (Engine API 1.40, Docker 19.03, and newer).
struct DockerInfo {
  std::string version;
  std::string operating_system;
  bool rootless = false;
  std::string default_runtime;
  std::vector<EngineRuntime> runtimes;
  std::vector<std::string> cdi_directories;  ///< Docker 25 and newer; none: CDI is off
  /// Docker 28.2 and newer, where it uses CDI: devices that it found ("nvidia.com/gpu=all").
  std::optional<std::vector<std::string>> cdi_devices;
  std::string cgroup_driver;        ///< "systemd", "cgroupfs", "none"
  std::string cgroup_version;       ///< "1", "2" (Docker 20.10 and newer)
  std::string root;                 ///< where its images lie, on this kernel
  std::optional<std::string> runc;  ///< version of its "runc" (Docker 25 and newer)
};

struct DockerFacts {
  std::optional<std::string> client;  ///< path of the docker command
  std::optional<std::string> server;  ///< path of dockerd
  std::string endpoint;               ///< "/run/docker.sock", or what DOCKER_HOST says
  bool remote = false;                ///< DOCKER_HOST names something else than a socket
  bool denied = false;                ///< the socket is not ours to open
  std::optional<std::string> error;   ///< why there is no answer; nothing where there is no socket
  std::optional<DockerInfo> info;
  std::optional<DaemonProcess> process;
  std::string config_file;
  std::optional<json::Value> config;
  std::optional<std::string> config_error;
  std::optional<FoundProgram> hook;      ///< nvidia-container-runtime-hook, on the daemon's PATH
  std::optional<FoundProgram> cdi_hook;  ///< nvidia-cdi-hook, likewise
  std::vector<std::string> cdi_places;   ///< its CDI directories on this machine, links resolved
  /// In directories that this daemon alone reads.
  std::vector<CdiSpec> cdi_specs;
};

}  // namespace outboard::doctor
