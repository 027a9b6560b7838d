// SPDX-License-Identifier: Apache-2.0
// Podman: its program's version and what containers.conf tells it. "podman info" would say more,
// but takes a third of a second and makes its storage if there is none.
//
// Facts: containers.conf(5) of Podman 4.3 and of 5.4 (the search order, [engine]: runtime,
// runtimes, cgroup_manager, remote; cdi_spec_dirs stands in that of 5.4 only).
#include <unistd.h>

#include <algorithm>

#include "base/files.h"
#include "base/text.h"
#include "doctor/cdi_spec.h"
#include "doctor/engine_files.h"
#include "doctor/read_engines.h"

namespace outboard::doctor {

namespace {

bool is_new(const EngineFiles& podman) {
  return podman.version && compare_versions(*podman.version, "5.0") >= 0;
}

// A list replaces that of an earlier file, unless one of them holds {append=true}.
void set_list(std::vector<std::string>& list, bool& append, const json::Value& given) {
  if (!given.is_array()) return;
  for (const json::Value& item : given.items()) {
    if (auto flag = item["append"].as_bool()) append = *flag;
  }
  if (!append) list.clear();
  for (std::string& entry : given.as_strings()) list.push_back(std::move(entry));
}

// Podman looks for the first of these, if nothing is configured.
void choose_default(const Places& places, EngineFiles& podman) {
  for (const char* name : {"crun", "runc", "kata"}) {
    if (podman.default_runtime.empty() && runtime_exists(places, name))
      podman.default_runtime = name;
  }
}

bool systemd_by_default(const Places& places) {
  if (!path_exists(join_path(places.system, "run/systemd/system"))) return false;
  return ::geteuid() == 0 || path_exists(places.roots.sys + "/fs/cgroup/cgroup.controllers");
}

}  // namespace

std::vector<std::string> podman_files(const Places& places, bool users) {
  std::vector<std::string> paths;
  std::string chosen = places.system == "/" ? variable("CONTAINERS_CONF") : "";
  if (!chosen.empty()) {
    paths.push_back(chosen);
  } else {
    auto add = [&](const std::string& file) {
      paths.push_back(join_path(places.system, file));
      for (std::string& path : files_in(places, file + ".d", ".conf"))
        paths.push_back(std::move(path));
    };
    paths.push_back(join_path(places.system, "usr/share/containers/containers.conf"));
    add("etc/containers/containers.conf");
    std::string own = variable("XDG_CONFIG_HOME");
    if (own.empty()) own = variable("HOME") + "/.config";
    if (users && own[0] == '/') add(own.substr(1) + "/containers/containers.conf");
  }
  std::string last = places.system == "/" ? variable("CONTAINERS_CONF_OVERRIDE") : "";
  if (!last.empty()) paths.push_back(last);
  return paths;
}

void read_podman(const Places& places, Facts& facts) {
  EngineFiles& podman = facts.podman;
  podman.name = "Podman";
  podman.program = program_below(places, "podman");
  if (!podman.program) return;
  ask_version(places, podman);
  std::string manager;
  bool append = false, remote = false;
  std::vector<std::string> directories;
  // Before 5.0 the user's own files count for ordinary users only.
  for (const std::string& path : podman_files(places, ::geteuid() != 0 || is_new(podman))) {
    auto document = read_document(path, podman);
    if (!document) continue;
    const json::Value& engine = (*document)["engine"];
    set_text(podman.default_runtime, engine["runtime"]);
    set_text(manager, engine["cgroup_manager"]);
    remote = engine["remote"].as_bool().value_or(remote);
    set_list(directories, append, engine["cdi_spec_dirs"]);
    for (const auto& [name, paths] : engine["runtimes"].members()) {
      auto list = paths.as_strings();
      bool found = std::any_of(list.begin(), list.end(), [&](const std::string& candidate) {
        return runtime_exists(places, candidate);
      });
      add_runtime(podman, {name, list.empty() ? std::string() : list.front(), found});
    }
  }
  choose_default(places, podman);
  add_known_default(places, {"crun", "runc", "kata", "runsc", "krun", "youki"}, podman);
  podman.systemd_cgroups = manager.empty() ? systemd_by_default(places) : manager == "systemd";
  if (directories.empty() || (podman.version && !is_new(podman)))
    directories = usual_cdi_directories();
  read_cdi_directories(places, std::move(directories), podman.cdi);
  std::string host = places.system == "/" ? variable("CONTAINER_HOST") : "";
  if (!host.empty() && host.rfind("unix:", 0) != 0) {
    podman.elsewhere = cat("CONTAINER_HOST is '", printable(host), "'");
  } else if (remote) {
    podman.elsewhere = "remote is true in containers.conf";
  }
}

}  // namespace outboard::doctor
