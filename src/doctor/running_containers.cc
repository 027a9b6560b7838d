// SPDX-License-Identifier: Apache-2.0
#include "doctor/running_containers.h"

#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "base/files.h"
#include "base/text.h"
#include "engine/directories.h"

namespace outboard::doctor {

namespace {

constexpr std::string_view kTasks = "io.containerd.runtime.v2.task";
constexpr size_t kSpecLimit = 16U << 20;

uint32_t read_pid(const std::string& file) {
  auto text = read_file(file, 64);
  return text ? parse_number<uint32_t>(trim(*text)).value_or(0) : 0;
}

json::Value spec_of(const ContainerPlace& place) {
  std::string file = place.bundle + "/config.json";
  auto text = read_file(file, kSpecLimit);
  auto spec = text ? json::parse(*text, file) : Result<json::Value>(text.error());
  return spec ? std::move(*spec) : json::Value::object();
}

bool is_of_crio(const json::Value& spec) {
  const auto& annotations = spec["annotations"].members();
  return std::any_of(annotations.begin(), annotations.end(), [](const auto& entry) {
    return entry.first.rfind("io.kubernetes.cri-o.", 0) == 0;
  });
}

}  // namespace

Error not_running(const ContainerPlace& place) {
  return make_error(
      ErrorCode::kConflict,
      cat("the ", place.engine, " container '", printable(place.name), "' does not run"),
      cat("'outboard explain --error' explains why it did not start; 'outboard "
          "doctor' looks at the machine"));
}

bool is_alive(uint32_t pid) {
  return pid != 0 && path_exists(cat("/proc/", pid));
}

std::vector<ContainerPlace> bundles_of_containerd(const std::string& tasks) {
  std::vector<ContainerPlace> list;
  auto spaces = list_directory(tasks);
  if (!spaces) return list;
  for (const std::string& space : *spaces) {
    auto ids = list_directory(join_path(tasks, space));
    if (!ids) continue;
    for (const std::string& id : *ids) {
      std::string bundle = join_path(join_path(tasks, space), id);
      if (!path_exists(bundle + "/config.json")) continue;
      list.push_back({id, space == "moby" ? "docker" : "containerd", id,
                      read_pid(bundle + "/init.pid"), bundle});
    }
  }
  return list;
}

std::vector<ContainerPlace> bundles_of_storage(const std::string& storage, bool of_crio) {
  std::vector<ContainerPlace> list;
  auto ids = list_directory(storage);
  if (!ids) return list;
  for (const std::string& id : *ids) {
    std::string bundle = cat(storage, "/", id, "/userdata");
    ContainerPlace place{id, of_crio ? "crio" : "podman", id, read_pid(bundle + "/pidfile"),
                         bundle};
    if (path_exists(bundle + "/config.json") && is_of_crio(spec_of(place)) == of_crio)
      list.push_back(std::move(place));
  }
  return list;
}

std::vector<std::string> task_directories(bool& denied) {
  std::vector<std::string> found;
  auto processes = list_directory("/proc");
  if (!processes) return found;
  for (const std::string& pid : *processes) {
    if (pid[0] < '0' || pid[0] > '9') continue;
    // "containerd-shim-runc-v2", of which comm keeps 15 characters
    auto comm = read_file(cat("/proc/", pid, "/comm"), 64);
    if (!comm || trim(*comm) != "containerd-shim") continue;
    char target[PATH_MAX];
    ssize_t length = ::readlink(cat("/proc/", pid, "/cwd").c_str(), target, sizeof target);
    if (length <= 0) {
      denied = true;
      continue;
    }
    std::string tasks =
        directory_of(directory_of(std::string_view(target, static_cast<size_t>(length))));
    if (file_name_of(tasks) != kTasks || !path_exists(tasks)) continue;
    if (std::find(found.begin(), found.end(), tasks) == found.end()) found.push_back(tasks);
  }
  return found;
}

std::optional<ContainerPlace> state_of_runtime(const std::string& root, const std::string& id) {
  std::string directory = join_path(root, id);
  ContainerPlace place{id, "", id, 0, {}};
  if (auto text = read_file(directory + "/state.json", kSpecLimit)) {
    auto state = json::parse(*text, "state.json");
    if (!state) return std::nullopt;
    place.engine = "runc";
    place.pid = static_cast<uint32_t>((*state)["init_process_pid"].as_uint().value_or(0));
    for (const std::string& label : (*state)["config"]["labels"].as_strings()) {
      if (label.rfind("bundle=", 0) == 0) place.bundle = label.substr(7);
    }
  } else if (auto status = read_file(directory + "/status", kSpecLimit)) {
    auto state = json::parse(*status, "status");
    if (!state) return std::nullopt;
    place.engine = "crun";
    place.pid = static_cast<uint32_t>((*state)["pid"].as_uint().value_or(0));
    place.bundle = (*state)["bundle"].text();
  }
  if (place.pid == 0) return std::nullopt;
  return place;
}

std::vector<std::string> runtime_roots() {
  std::vector<std::string> roots = {"/run/runc", "/run/crun", engine::directories().runtime};
  if (const char* own = ::getenv("XDG_RUNTIME_DIR")) {
    roots.push_back(cat(own, "/runc"));
    roots.push_back(cat(own, "/crun"));
  }
  return roots;
}

std::vector<std::string> names_in_annotations(const json::Value& spec) {
  const json::Value& notes = spec["annotations"];
  for (const char* key :
       {"io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"}) {
    if (notes[key].text() == "sandbox") return {};
  }
  std::vector<std::string> names;
  for (const char* key :
       {"io.kubernetes.cri.container-name", "io.kubernetes.cri.sandbox-name",
        "io.kubernetes.container.name", "io.kubernetes.pod.name", "nerdctl/name"}) {
    if (!notes[key].text().empty()) names.push_back(notes[key].text());
  }
  return names;
}

Result<std::optional<ContainerPlace>> choose_container(const std::string& name,
                                                       const std::vector<ContainerPlace>& list) {
  std::vector<ContainerPlace> exact, named, begun;
  for (const ContainerPlace& place : list) {
    if (place.id == name) {
      exact.push_back(place);
      continue;
    }
    auto names = names_in_annotations(spec_of(place));
    if (std::find(names.begin(), names.end(), name) != names.end()) named.push_back(place);
    if (place.id.rfind(name, 0) == 0) begun.push_back(place);
  }
  for (auto* group : {&exact, &named, &begun}) {
    if (group->empty()) continue;
    std::vector<ContainerPlace> alive;
    std::copy_if(group->begin(), group->end(), std::back_inserter(alive),
                 [](const ContainerPlace& place) { return is_alive(place.pid); });
    if (alive.empty()) return not_running(group->front());
    if (alive.size() == 1) {
      alive.front().name = name;
      return std::optional(alive.front());
    }
    std::vector<std::string> ids;
    for (const ContainerPlace& place : alive) {
      auto names = names_in_annotations(spec_of(place));
      ids.push_back(
          printable(names.empty() ? place.id : cat(place.id, " (", join(names, ", "), ")"), 300));
      if (ids.size() == 5) break;
    }
    return make_error(ErrorCode::kUsage,
                      cat("'", printable(name), "' means ", alive.size(),
                          " running containers: ", join(ids, "; ")),
                      "give the id of one");
  }
  return std::optional<ContainerPlace>();
}

}  // namespace outboard::doctor
