// SPDX-License-Identifier: Apache-2.0
// Where the engines keep their images, and how much room there is.
//
// Facts: dockerd(8) (data-root, before 17.05 graph; DockerRootDir of GET /info),
// containers-storage.conf(5) (/etc before /usr/share, the user's own file for an ordinary user;
// graphroot, rootless_storage_path, variables in both), containerd-config.toml(5) (root),
// crio.conf(5) (root), Docker's documentation of rootless mode (~/.local/share/docker).
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>

#include "base/files.h"
#include "base/text.h"
#include "doctor/engine_files.h"
#include "doctor/read_engines.h"
#include "doctor/toml_document.h"

namespace outboard::doctor {

namespace {

void add_store(const char* owner, const std::string& path, std::vector<ImageStore>& stores) {
  struct statvfs status;
  if (::statvfs(path.c_str(), &status) != 0) return;
  for (const ImageStore& known : stores) {
    if (known.path == path) return;
  }
  ImageStore store{owner,
                   path,
                   uint64_t{status.f_bavail} * status.f_frsize,
                   uint64_t{status.f_blocks} * status.f_frsize,
                   {},
                   {}};
  if (status.f_files > 0) {
    store.free_files = status.f_favail;
    store.total_files = status.f_files;
  }
  stores.push_back(std::move(store));
}

// A path of the system that is looked at.
std::string below(const Places& places, const std::string& path) {
  return join_path(places.system, path.substr(std::min(path.find_first_not_of('/'), path.size())));
}

std::string data_directory() {
  std::string data = variable("XDG_DATA_HOME");
  return !data.empty() && data[0] == '/' ? data : variable("HOME") + "/.local/share";
}

// "$HOME/images" or "/var/tmp/$UID/storage".
std::string expanded(std::string path) {
  const std::string uid = cat(::geteuid());
  for (const auto& [name, value] : {std::pair<const char*, std::string>{"HOME", variable("HOME")},
                                    {"USER", variable("USER")},
                                    {"UID", uid}}) {
    for (const std::string& mark : {cat("${", name, "}"), cat("$", name)}) {
      size_t at;
      while ((at = path.find(mark)) != std::string::npos && value.find(mark) == std::string::npos)
        path.replace(at, mark.size(), value);
    }
  }
  return path;
}

json::Value storage_section(const std::string& path) {
  auto text = read_file(path, 1U << 20);
  auto value = text ? parse_toml(*text, path) : Result<json::Value>(text.error());
  return value ? (*value)["storage"] : json::Value();
}

// The system's storage.conf; nothing said: an empty document.
json::Value system_storage(const Places& places) {
  for (const char* file : {"etc/containers/storage.conf", "usr/share/containers/storage.conf"}) {
    std::string path = join_path(places.system, file);
    if (path_exists(path)) return storage_section(path);
  }
  return json::Value::object();
}

std::string rootless_graphroot(const json::Value& system) {
  std::string chosen = variable("CONTAINERS_STORAGE_CONF");
  std::string own = variable("XDG_CONFIG_HOME");
  if (own.empty()) own = variable("HOME") + "/.config";
  json::Value user = storage_section(chosen.empty() ? own + "/containers/storage.conf" : chosen);
  for (const std::string* path : {&user["graphroot"].text(), &user["rootless_storage_path"].text(),
                                  &system["rootless_storage_path"].text()}) {
    if (!path->empty()) return expanded(*path);
  }
  return data_directory() + "/containers/storage";
}

std::string docker_root(const Places& places, const DockerFacts& docker) {
  // The daemon runs on this kernel, whatever machine is looked at.
  if (docker.info && !docker.info->root.empty()) return docker.info->root;
  if (docker.config) {
    for (const char* key : {"data-root", "graph"}) {
      if (const std::string& path = (*docker.config)[key].text(); !path.empty())
        return below(places, path);
    }
  }
  return below(places, "var/lib/docker");
}

}  // namespace

void read_stores(const Places& places, Facts& facts) {
  std::vector<ImageStore>& stores = facts.stores;
  bool rootless_docker = facts.docker.info && facts.docker.info->rootless;
  add_store(rootless_docker ? "rootless Docker" : "Docker", docker_root(places, facts.docker),
            stores);
  auto store_of = [&](const EngineFiles& engine, const char* usual) {
    return below(places, engine.store.empty() ? usual : engine.store);
  };
  add_store("containerd", store_of(facts.containerd, "var/lib/containerd"), stores);
  for (const EngineFiles& engine : facts.bundled_containerds) {
    if (!engine.store.empty()) add_store(engine.name.c_str(), store_of(engine, ""), stores);
  }
  json::Value storage = system_storage(places);
  const std::string& graph = storage["graphroot"].text();
  // The usual one is var/lib/containers/storage, which Podman makes when it is first used.
  add_store("Podman", below(places, graph.empty() ? "var/lib/containers" : graph), stores);
  if (!facts.crio.store.empty()) add_store("CRI-O", store_of(facts.crio, ""), stores);
  add_store("Outboard", below(places, "var/cache/outboard"), stores);
  if (::geteuid() == 0 || variable("HOME")[0] != '/') return;
  // A user's directories are where the user is, not below a machine in a directory.
  if (places.system != "/") return;
  std::string graphroot = rootless_graphroot(storage);
  add_store("rootless Podman", path_exists(graphroot) ? graphroot : directory_of(graphroot),
            stores);
  add_store("rootless Docker", data_directory() + "/docker", stores);
}

}  // namespace outboard::doctor
