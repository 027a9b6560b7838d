// SPDX-License-Identifier: Apache-2.0
// All running containers that were given a GPU.
#include <algorithm>

#include "base/files.h"
#include "base/text.h"
#include "base/unix_http.h"
#include "doctor/read_engines.h"
#include "doctor/running_containers.h"

namespace outboard::doctor {

namespace {

// A machine that runs more of them is told about these.
constexpr size_t kMost = 50;
constexpr std::chrono::milliseconds kPatience{200};

std::vector<ContainerPlace> all_places(bool& denied) {
  std::vector<ContainerPlace> all;
  auto add = [&](ContainerPlace place) {
    if (!is_alive(place.pid)) return;
    // Podman's and CRI-O's have a state of runc's or crun's as well.
    bool known = std::any_of(all.begin(), all.end(),
                             [&](const ContainerPlace& other) { return other.pid == place.pid; });
    if (!known) all.push_back(std::move(place));
  };
  for (const std::string& tasks : task_directories(denied)) {
    for (ContainerPlace& place : bundles_of_containerd(tasks)) add(std::move(place));
  }
  for (bool of_crio : {true, false}) {
    for (ContainerPlace& place : bundles_of_storage(kStorageBundles, of_crio))
      add(std::move(place));
  }
  for (const std::string& root : runtime_roots()) {
    auto ids = list_directory(root);
    if (!ids) continue;
    for (const std::string& id : *ids) {
      if (auto place = state_of_runtime(root, id)) add(std::move(*place));
    }
  }
  return all;
}

// Docker alone knows what its containers are called.
void name_docker(const Places& places, std::vector<ContainerFacts>& containers) {
  std::string socket = docker_endpoint(places);
  if (socket.empty() || socket[0] != '/' || !path_exists(socket)) return;
  auto answer = get_from_socket(socket, "/containers/json", kPatience);
  if (!answer) return;
  for (const json::Value& entry : answer->body.items()) {
    std::vector<std::string> names = entry["Names"].as_strings();
    if (names.empty()) continue;
    for (ContainerFacts& container : containers) {
      if (container.place.id == entry["Id"].text())
        container.place.name = names[0][0] == '/' ? names[0].substr(1) : names[0];
    }
  }
}

}  // namespace

void read_containers(const Places& places, Facts& facts) {
  // The containers of this kernel have the nodes of this machine, not of one in a directory.
  if (places.system != "/") return;
  std::vector<ContainerFacts>& containers = facts.containers;
  for (ContainerPlace& place : all_places(facts.containers_denied)) {
    ContainerFacts container;
    container.place = std::move(place);
    if (!read_container_files(container) || !was_given_gpu(container)) continue;
    // An id of 64 digits is shown as the engines show it.
    ContainerPlace& named = container.place;
    if (named.id.size() == 64) named.name = named.id.substr(0, 12);
    containers.push_back(std::move(container));
    if (containers.size() == kMost) break;
  }
  if (std::any_of(containers.begin(), containers.end(),
                  [](const ContainerFacts& one) { return one.place.engine == "docker"; }))
    name_docker(places, containers);
  ask_systemd_about(containers);
}

}  // namespace outboard::doctor
