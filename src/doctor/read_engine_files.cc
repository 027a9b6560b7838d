// SPDX-License-Identifier: Apache-2.0
// Podman, containerd, CRI-O and NVIDIA's toolkit: their programs, sockets and configuration files.
#include <algorithm>

#include "base/files.h"
#include "base/process.h"
#include "base/text.h"
#include "doctor/read_engines.h"
#include "doctor/toml_document.h"
#include "doctor/unix_http.h"

namespace outboard::doctor {

namespace {

std::optional<std::string> program_below(const Places& places, const std::string& name) {
  const auto directories = program_directories(places);
  return find_program(name, &directories);
}

bool runtime_exists(const Places& places, const std::string& path) {
  if (path.empty()) return false;
  if (path[0] == '/') return path_exists(join_path(places.system, path.substr(1)));
  return program_below(places, path).has_value();
}

// The file, then what lies in the directory beside it, in the order of names: each later one counts
// before the earlier ones.
std::vector<json::Value> read_files(const Places& places, const std::vector<std::string>& files,
                                    const std::string& directory, EngineFiles& engine) {
  std::vector<std::string> paths;
  for (const std::string& file : files) paths.push_back(join_path(places.system, file));
  if (auto names = list_directory(join_path(places.system, directory))) {
    for (const std::string& name : *names)
      paths.push_back(join_path(join_path(places.system, directory), name));
  }
  std::vector<json::Value> documents;
  for (const std::string& path : paths) {
    auto text = read_file(path, 4U << 20);
    if (!text && text.error().code == ErrorCode::kNotFound) continue;
    auto value = text ? parse_toml(*text, path) : Result<json::Value>(text.error());
    ConfigFile file{path, {}};
    if (value) {
      documents.push_back(std::move(*value));
    } else {
      file.error = value.error().text;
    }
    engine.files.push_back(std::move(file));
  }
  return documents;
}

void add_runtime(EngineFiles& engine, EngineRuntime runtime) {
  for (EngineRuntime& known : engine.runtimes) {
    if (known.name == runtime.name) {
      known = std::move(runtime);
      return;
    }
  }
  engine.runtimes.push_back(std::move(runtime));
}

void set_default(EngineFiles& engine, const json::Value& name) {
  if (!name.text().empty()) engine.default_runtime = name.text();
}

void read_socket(const Places& places, const std::string& path, EngineFiles& engine) {
  std::string socket = join_path(places.system, path);
  engine.socket = path_exists(socket);
  if (!engine.socket) return;
  auto error = connection_error(socket);
  if (error && error->code != ErrorCode::kDenied) engine.silent = error->text;
}

}  // namespace

// containers.conf(5): [engine] runtime, [engine.runtimes] NAME = [paths, the first that exists].
void read_podman(const Places& places, Facts& facts) {
  EngineFiles& podman = facts.podman;
  podman.program = program_below(places, "podman");
  for (const json::Value& document : read_files(
           places, {"usr/share/containers/containers.conf", "etc/containers/containers.conf"},
           "etc/containers/containers.conf.d", podman)) {
    set_default(podman, document["engine"]["runtime"]);
    for (const auto& [name, paths] : document["engine"]["runtimes"].members()) {
      auto list = paths.as_strings();
      bool found = std::any_of(list.begin(), list.end(), [&](const std::string& path) {
        return runtime_exists(places, path);
      });
      add_runtime(podman, {name, list.empty() ? std::string() : list.front(), found});
    }
  }
}

// The CRI plugin's section, of version 2 and of version 3 of the file (containerd 1.x and 2.x).
void read_containerd(const Places& places, Facts& facts) {
  EngineFiles& containerd = facts.containerd;
  containerd.program = program_below(places, "containerd");
  read_socket(places, "run/containerd/containerd.sock", containerd);
  for (const json::Value& document :
       read_files(places, {"etc/containerd/config.toml"}, "etc/containerd/conf.d", containerd)) {
    for (const char* plugin : {"io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime"}) {
      const json::Value& section = document["plugins"][plugin]["containerd"];
      set_default(containerd, section["default_runtime_name"]);
      for (const auto& [name, runtime] : section["runtimes"].members()) {
        const std::string& binary = runtime["options"]["BinaryName"].text();
        if (!binary.empty())
          add_runtime(containerd, {name, binary, runtime_exists(places, binary)});
      }
    }
  }
}

// crio.conf(5): [crio.runtime.runtimes.NAME] runtime_path; without one NAME is searched.
void read_crio(const Places& places, Facts& facts) {
  EngineFiles& crio = facts.crio;
  crio.program = program_below(places, "crio");
  read_socket(places, "run/crio/crio.sock", crio);
  for (const json::Value& document :
       read_files(places, {"etc/crio/crio.conf"}, "etc/crio/crio.conf.d", crio)) {
    set_default(crio, document["crio"]["runtime"]["default_runtime"]);
    for (const auto& [name, runtime] : document["crio"]["runtime"]["runtimes"].members()) {
      const std::string& given = runtime["runtime_path"].text();
      std::string path = given.empty() ? name : given;
      add_runtime(crio, {name, path, runtime_exists(places, path)});
    }
  }
}

void read_toolkit(const Places& places, Facts& facts) {
  ToolkitFacts& toolkit = facts.toolkit;
  for (const char* name : {"nvidia-container-runtime", "nvidia-container-cli", "nvidia-ctk"}) {
    if (auto path = program_below(places, name)) toolkit.programs.push_back(*path);
  }
  for (const char* hook : {"usr/share/containers/oci/hooks.d/oci-nvidia-hook.json",
                           "etc/containers/oci/hooks.d/oci-nvidia-hook.json"}) {
    std::string path = join_path(places.system, hook);
    if (path_exists(path)) toolkit.podman_hook = path;
  }
  ConfigFile file{join_path(places.system, "etc/nvidia-container-runtime/config.toml"), {}};
  auto text = read_file(file.path, 1U << 20);
  if (!text && text.error().code == ErrorCode::kNotFound) return;
  auto value = text ? parse_toml(*text, file.path) : Result<json::Value>(text.error());
  if (value) {
    toolkit.keys = std::move(*value);
  } else {
    file.error = value.error().text;
  }
  toolkit.config = std::move(file);
  // "@" says that the path is the host's.
  const std::string& ldconfig = toolkit.keys["nvidia-container-cli"]["ldconfig"].text();
  if (ldconfig.rfind('@', 0) == 0 &&
      !path_exists(join_path(places.system, ldconfig.substr(ldconfig.find('/') + 1))))
    toolkit.missing_ldconfig = ldconfig;
}

}  // namespace outboard::doctor
