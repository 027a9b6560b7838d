// SPDX-License-Identifier: Apache-2.0
// containerd: its program's version, who listens on its socket, and what its configuration tells
// the CRI plugin (which Kubernetes uses; Docker and nerdctl have settings of their own).
//
// Facts: containerd-config.toml(5), docs/cri/config.md of 1.6 to 2.2: the CRI plugin is
// "io.containerd.grpc.v1.cri" in a file of version 2 and "io.containerd.cri.v1.runtime" in one of
// version 3; 1.7 reads CDI if enable_cdi is true, 2.0 unless it is false; an import replaces a
// plugin's whole section before 2.1 and changes single keys since. "containerd config dump" gives
// the same answer (test/engines/doctor_engines.sh compares them), but not for a containerd that
// lies outside of the system's directories.
#include <glob.h>

#include <algorithm>
#include <deque>

#include "base/files.h"
#include "base/text.h"
#include "doctor/cdi_spec.h"
#include "doctor/daemon_process.h"
#include "doctor/engine_files.h"
#include "doctor/read_engines.h"

namespace outboard::doctor {

namespace {

constexpr size_t kMostFiles = 100;
constexpr const char* kPlugins[] = {"cri", "io.containerd.grpc.v1.cri",
                                    "io.containerd.cri.v1.runtime"};

struct Bundled {
  const char* name;
  const char* config;
  const char* socket;
  const char* unit;
};
// Where distributions of Kubernetes keep the containerd that they bring along: documentation of
// k3s and RKE2 ("Advanced Options"), k0s ("Runtime"), MicroK8s ("Configuring services").
constexpr Bundled kBundled[] = {
    {"containerd of k3s", "var/lib/rancher/k3s/agent/etc/containerd/config.toml",
     "run/k3s/containerd/containerd.sock", "k3s"},
    {"containerd of RKE2", "var/lib/rancher/rke2/agent/etc/containerd/config.toml",
     "run/k3s/containerd/containerd.sock", "rke2-server"},
    {"containerd of k0s", "etc/k0s/containerd.toml", "run/k0s/containerd.sock", "k0scontroller"},
    {"containerd of MicroK8s (a snap)", "var/snap/microk8s/current/args/containerd.toml",
     "var/snap/microk8s/common/run/containerd.sock", "snap.microk8s.daemon-containerd"},
};

void merge(json::Value& into, const json::Value& from) {
  if (!into.is_object() || !from.is_object()) {
    into = from;
    return;
  }
  for (const auto& [name, value] : from.members()) merge(into.at(name), value);
}

// The files that `imports` names, as they lie below the machine.
std::vector<std::string> imported(const Places& places, const std::string& parent,
                                  const json::Value& document, EngineFiles& engine) {
  std::vector<std::string> paths;
  for (const std::string& name : document["imports"].as_strings()) {
    if (name.empty()) continue;
    std::string path = name[0] == '/' ? join_path(places.system, name.substr(1))
                                      : join_path(directory_of(parent), name);
    if (path.find('*') == std::string::npos) {
      if (!path_exists(path)) {
        engine.files.push_back(
            {path, cat("'", path, "', which '", parent, "' imports, does not exist"), 0});
      }
      paths.push_back(std::move(path));
      continue;
    }
    glob_t matches{};
    if (::glob(path.c_str(), GLOB_ERR, nullptr, &matches) == 0) {
      for (size_t i = 0; i < matches.gl_pathc; i++) paths.emplace_back(matches.gl_pathv[i]);
    }
    ::globfree(&matches);
  }
  return paths;
}

// All files as one.
json::Value effective(const Places& places, const std::string& file, EngineFiles& engine) {
  json::Value all = json::Value::object();
  std::deque<std::string> pending = {file};
  std::vector<std::string> seen;
  while (!pending.empty() && seen.size() < kMostFiles) {
    std::string path = std::move(pending.front());
    pending.pop_front();
    if (std::find(seen.begin(), seen.end(), path) != seen.end()) continue;
    seen.push_back(path);
    auto document = read_document(path, engine);
    if (!document) continue;
    for (std::string& next : imported(places, path, *document, engine))
      pending.push_back(std::move(next));
    bool whole = engine.version ? compare_versions(*engine.version, "2.1") < 0
                                : (*document)["version"].as_int().value_or(1) < 3;
    for (const auto& [name, value] : document->members()) {
      if (name != "plugins") {
        merge(all.at(name), value);
        continue;
      }
      for (const auto& [plugin, section] : value.members()) {
        json::Value& known = all.at(name).at(plugin);
        if (whole) known = json::Value();
        merge(known, section);
      }
    }
  }
  return all;
}

void read_plugin(const Places& places, const json::Value& plugin, EngineFiles& engine,
                 std::vector<std::string>& directories) {
  if (auto flag = plugin["enable_cdi"].as_bool()) engine.cdi.switched_on = flag;
  if (plugin["cdi_spec_dirs"].is_array()) directories = plugin["cdi_spec_dirs"].as_strings();
  const json::Value& section = plugin["containerd"];
  set_text(engine.default_runtime, section["default_runtime_name"]);
  for (const auto& [name, runtime] : section["runtimes"].members()) {
    const std::string& type = runtime["runtime_type"].text();
    std::string binary = runtime["options"]["BinaryName"].text();
    bool systemd = runtime["options"]["SystemdCgroup"].as_bool().value_or(false);
    bool is_runc = type.empty() || type.rfind("io.containerd.runc.", 0) == 0;
    // Another shim finds its program by itself.
    bool found = binary.empty() && !is_runc;
    if (binary.empty() && is_runc) binary = "runc";
    add_runtime(engine, {name, binary, found || runtime_exists(places, binary), systemd});
  }
}

void read_config(const Places& places, const std::string& file, EngineFiles& engine) {
  json::Value config = effective(places, file, engine);
  std::vector<std::string> directories;
  for (const char* name : kPlugins) {
    read_plugin(places, config["plugins"][name], engine, directories);
    for (const std::string& off : config["disabled_plugins"].as_strings())
      engine.plugin_off |= off == name;
  }
  // Without being told the plugin has this one; before 2.0 a table of runtimes takes it away.
  bool has_runc = std::any_of(engine.runtimes.begin(), engine.runtimes.end(),
                              [](const EngineRuntime& runtime) { return runtime.name == "runc"; });
  bool kept = engine.version ? compare_versions(*engine.version, "2.0") >= 0
                             : config["version"].as_int().value_or(1) >= 3;
  if (!has_runc && (kept || engine.runtimes.empty()))
    engine.runtimes.push_back({"runc", "runc", runtime_exists(places, "runc")});
  if (engine.default_runtime.empty()) engine.default_runtime = "runc";
  set_text(engine.store, config["root"]);
  engine.systemd_cgroups =
      !engine.plugin_off &&
      std::any_of(engine.runtimes.begin(), engine.runtimes.end(),
                  [](const EngineRuntime& runtime) { return runtime.systemd; });
  if (directories.empty()) directories = usual_cdi_directories();
  read_cdi_directories(places, std::move(directories), engine.cdi);
  const std::string& address = config["grpc"]["address"].text();
  if (engine.socket.empty() && !address.empty() && address[0] == '/')
    read_socket(places, address.substr(1), engine);
}

}  // namespace

void read_containerd(const Places& places, Facts& facts) {
  EngineFiles& containerd = facts.containerd;
  containerd.name = "containerd";
  containerd.unit = "containerd";
  containerd.program = program_below(places, "containerd");
  if (containerd.program) {
    read_socket(places, "run/containerd/containerd.sock", containerd);
    ask_version(places, containerd);
    std::string file = join_path(places.system, "etc/containerd/config.toml");
    if (containerd.process && places.system == "/") {
      auto named = option_of(containerd.process->argv, "--config");
      if (!named) named = option_of(containerd.process->argv, "-c");
      if (named) file = *named;
    }
    read_config(places, file, containerd);
  }
  for (const Bundled& bundled : kBundled) {
    std::string file = join_path(places.system, bundled.config);
    if (!path_exists(file)) continue;
    EngineFiles engine;
    engine.name = bundled.name;
    engine.unit = bundled.unit;
    read_socket(places, bundled.socket, engine);
    read_config(places, file, engine);
    facts.bundled_containerds.push_back(std::move(engine));
  }
}

}  // namespace outboard::doctor
