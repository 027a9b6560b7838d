// SPDX-License-Identifier: Apache-2.0
// Docker: its programs, what the daemon says about itself, its process and its configuration.
#include <algorithm>

#include "base/files.h"
#include "base/process.h"
#include "base/text.h"
#include "base/unix_http.h"
#include "doctor/cdi_spec.h"
#include "doctor/daemon_process.h"
#include "doctor/engine_files.h"
#include "doctor/read_engines.h"

namespace outboard::doctor {

namespace {

constexpr std::chrono::milliseconds kPatience{600};

void read_config(const Places& places, DockerFacts& docker) {
  std::optional<std::string> named;
  if (docker.process) named = option_of(docker.process->argv, "--config-file");
  bool rootless = docker.info && docker.info->rootless;
  std::string home = variable("HOME") + "/.config/docker/daemon.json";
  docker.config_file = named      ? *named
                       : rootless ? home
                                  : join_path(places.system, "etc/docker/daemon.json");
  auto text = read_file(docker.config_file, 4U << 20);
  if (!text) {
    if (text.error().code != ErrorCode::kNotFound) docker.config_error = text.error().text;
    return;
  }
  if (trim(*text).empty()) return;
  auto parsed = json::parse(*text, docker.config_file);
  if (!parsed) {
    docker.config_error = parsed.error().text;
  } else if (!parsed->is_object()) {
    docker.config_error = cat(docker.config_file, ": not a JSON object");
  } else {
    docker.config = std::move(*parsed);
  }
}

// From the features that the runtime says it has (runtime-spec, features.md), which are JSON as
// text.
std::optional<std::string> runc_version(const json::Value& status) {
  auto features =
      json::parse(status["org.opencontainers.runtime-spec.features"].text(), "features of runc");
  if (!features) return std::nullopt;
  return (*features)["annotations"]["org.opencontainers.runc.version"].as_string();
}

}  // namespace

// Where the docker command would find its daemon: DOCKER_HOST, the system's socket, then that of a
// daemon without root (dockerd-rootless) and of Docker Desktop.
std::string docker_endpoint(const Places& places) {
  std::string chosen = variable("DOCKER_HOST");
  if (!chosen.empty()) return chosen.rfind("unix://", 0) == 0 ? chosen.substr(7) : chosen;
  std::string system = join_path(places.system, "run/docker.sock");
  if (path_exists(system) || places.system != "/") return system;
  for (const std::string& own : {variable("XDG_RUNTIME_DIR") + "/docker.sock",
                                 variable("HOME") + "/.docker/desktop/docker.sock"}) {
    if (own[0] == '/' && path_exists(own)) return own;
  }
  return system;
}

std::vector<std::string> program_directories(const Places& places) {
  std::vector<std::string> directories;
  for (const std::string& directory : system_program_directories())
    directories.push_back(join_path(places.system, directory.substr(1)));
  return directories;
}

DockerInfo docker_info(const json::Value& answer, const std::optional<DaemonProcess>& process) {
  DockerInfo info;
  info.version = answer["ServerVersion"].text();
  info.operating_system = answer["OperatingSystem"].text();
  info.default_runtime = answer["DefaultRuntime"].text();
  for (const std::string& option : answer["SecurityOptions"].as_strings())
    info.rootless |= option == "name=rootless";
  for (const auto& [name, runtime] : answer["Runtimes"].members()) {
    EngineRuntime entry{name, runtime["path"].text(), true};
    // Without a path it is a containerd shim, which containerd looks for.
    if (!entry.path.empty()) entry.found = find_for(process, entry.path).has_value();
    info.runtimes.push_back(std::move(entry));
  }
  info.cdi_directories = answer["CDISpecDirs"].as_strings();
  if (const json::Value& list = answer["DiscoveredDevices"]; list.is_array()) {
    info.cdi_devices.emplace();
    for (const json::Value& device : list.items()) {
      if (device["Source"].text() == "cdi") info.cdi_devices->push_back(device["ID"].text());
    }
  }
  // The list is left out where it is empty.
  bool lists = !info.cdi_directories.empty() && compare_versions(info.version, "28.2") >= 0;
  if (lists && !info.cdi_devices) info.cdi_devices.emplace();
  info.root = answer["DockerRootDir"].text();
  info.cgroup_version = answer["CgroupVersion"].text();
  info.cgroup_driver = answer["CgroupDriver"].text();
  info.runc = runc_version(answer["Runtimes"]["runc"]["status"]);
  return info;
}

void read_docker(const Places& places, Facts& facts) {
  DockerFacts& docker = facts.docker;
  const auto directories = program_directories(places);
  docker.client = find_program("docker", &directories);
  docker.server = find_program("dockerd", &directories);
  docker.endpoint = docker_endpoint(places);
  docker.remote = docker.endpoint.empty() || docker.endpoint[0] != '/';
  if (docker.remote) return;
  auto answer = get_from_socket(docker.endpoint, "/info", kPatience);
  if (!answer) {
    docker.denied = answer.error().code == ErrorCode::kDenied;
    if (path_exists(docker.endpoint)) docker.error = answer.error().text;
  }
  if (answer) docker.process = daemon_process(answer->pid);
  // systemd listens for a daemon that it starts on demand.
  if (docker.process && file_name_of(docker.process->program) != "dockerd") docker.process.reset();
  if (!docker.process && places.system == "/") docker.process = daemon_named("dockerd");
  if (answer) docker.info = docker_info(answer->body, docker.process);
  read_config(places, docker);
  docker.hook = find_for(docker.process, "nvidia-container-runtime-hook");
  docker.cdi_hook = find_for(docker.process, "nvidia-cdi-hook");
  if (!docker.info) return;
  const auto& usual = usual_cdi_directories();
  // The daemon is asked on this kernel, but a simulated machine's specifications are not its own.
  if (places.system != "/") docker.info->cdi_devices.reset();
  for (const std::string& directory : docker.info->cdi_directories) {
    bool is_usual = std::find(usual.begin(), usual.end(), directory) != usual.end();
    Places real = places;
    if (!is_usual) real.system = "/";
    docker.cdi_places.push_back(place_of_cdi_directory(real, directory));
    if (!is_usual) read_cdi_directory(places, docker.cdi_places.back(), docker.cdi_specs);
  }
}

}  // namespace outboard::doctor
