// SPDX-License-Identifier: Apache-2.0
#include "doctor/find_container.h"

#include <limits.h>
#include <unistd.h>

#include <cstdlib>

#include "base/files.h"
#include "base/process.h"
#include "base/text.h"
#include "base/unix_http.h"
#include "doctor/read_engines.h"
#include "engine/directories.h"

namespace outboard::doctor {

namespace {

constexpr std::chrono::milliseconds kPatience{2000};

using Found = std::optional<ContainerPlace>;

Error not_running(const ContainerPlace& place) {
  return make_error(
      ErrorCode::kConflict,
      cat("the ", place.engine, " container '", printable(place.name), "' does not run"),
      cat("'outboard explain --error' explains why it did not start; 'outboard "
          "doctor' looks at the machine"));
}

// A name goes into a path of the engine's interface.
bool is_plain(const std::string& name) {
  return !name.empty() && name.size() < 256 && name[0] != '.' &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
             std::string::npos;
}

// containerd's shim, the parent of the container's first process, works in the bundle.
std::string bundle_of_parent(uint32_t pid) {
  auto stat = read_file(cat("/proc/", pid, "/stat"), 4096);
  if (!stat) return "";
  auto fields = words(std::string_view(*stat).substr(stat->rfind(')') + 1));
  if (fields.size() < 2) return "";
  char target[PATH_MAX];
  ssize_t length = ::readlink(cat("/proc/", fields[1], "/cwd").c_str(), target, sizeof target);
  std::string bundle = length > 0 ? std::string(target, static_cast<size_t>(length)) : "";
  return path_exists(bundle + "/config.json") ? bundle : "";
}

Result<Found> in_docker(const std::string& name, const Places& places) {
  std::string socket = docker_endpoint(places);
  if (socket.empty() || socket[0] != '/' || !path_exists(socket)) return Found();
  auto answer = get_from_socket(socket, cat("/containers/", name, "/json"), kPatience);
  if (!answer) {
    if (answer.error().code == ErrorCode::kNotFound) return Found();
    return std::move(answer).error().in("docker");
  }
  ContainerPlace place{name, "docker", answer->body["Id"].text(), 0, {}};
  auto pid = answer->body["State"]["Pid"].as_uint();
  if (!pid || *pid == 0) return not_running(place);
  place.pid = static_cast<uint32_t>(*pid);
  place.bundle = bundle_of_parent(place.pid);
  return Found(place);
}

Result<Found> in_podman(const std::string& name) {
  auto podman = find_program("podman");
  if (!podman) return Found();
  CaptureOptions options;
  options.deadline = kPatience;
  OB_TRY(Output output,
         run_captured({{*podman, "inspect", "--type", "container", "--format", "json", name}},
                      options));
  if (!output.status.success()) return Found();
  OB_TRY(json::Value list, json::parse(output.out, "the answer of podman"));
  if (list.items().empty()) return Found();
  const json::Value& first = list.items().front();
  ContainerPlace place{name, "podman", first["Id"].text(), 0,
                       directory_of(first["OCIConfigPath"].text())};
  auto pid = first["State"]["Pid"].as_uint();
  if (!pid || *pid == 0) return not_running(place);
  place.pid = static_cast<uint32_t>(*pid);
  return Found(place);
}

// runc keeps ROOT/ID/state.json with init_process_pid and the bundle among the labels of its
// configuration (libcontainer 1.0 to 1.3), crun ROOT/ID/status with pid and bundle (1.8 to 1.21).
Found in_low_level(const std::string& name) {
  std::vector<std::string> roots = {"/run/runc", "/run/crun", engine::directories().runtime};
  if (const char* own = ::getenv("XDG_RUNTIME_DIR")) {
    roots.push_back(cat(own, "/runc"));
    roots.push_back(cat(own, "/crun"));
  }
  for (const std::string& root : roots) {
    std::string directory = join_path(root, name);
    ContainerPlace place{name, "", name, 0, {}};
    if (auto text = read_file(directory + "/state.json", 16U << 20)) {
      auto state = json::parse(*text, "state.json");
      if (!state) continue;
      place.engine = "runc";
      place.pid = static_cast<uint32_t>((*state)["init_process_pid"].as_uint().value_or(0));
      for (const std::string& label : (*state)["config"]["labels"].as_strings()) {
        if (label.rfind("bundle=", 0) == 0) place.bundle = label.substr(7);
      }
    } else if (auto status = read_file(directory + "/status", 16U << 20)) {
      auto state = json::parse(*status, "status");
      if (!state) continue;
      place.engine = "crun";
      place.pid = static_cast<uint32_t>((*state)["pid"].as_uint().value_or(0));
      place.bundle = (*state)["bundle"].text();
    }
    if (place.pid != 0) return place;
  }
  return std::nullopt;
}

}  // namespace

Result<ContainerPlace> find_container(const std::string& name, const std::string& engine,
                                      const Places& places) {
  if (!is_plain(name)) {
    return make_error(ErrorCode::kUsage, cat("'", printable(name), "' is no container's name"),
                      "give the name or id that 'docker ps' or 'podman ps' shows");
  }
  std::vector<std::string> failed;
  if (engine.empty() || engine == "docker") {
    auto found = in_docker(name, places);
    if (found && *found) return **found;
    if (!found && found.error().code == ErrorCode::kConflict) return std::move(found).error();
    if (!found) failed.push_back(found.error().text);
  }
  if (engine.empty() || engine == "podman") {
    auto found = in_podman(name);
    if (found && *found) return **found;
    if (!found && found.error().code == ErrorCode::kConflict) return std::move(found).error();
    if (!found) failed.push_back(found.error().text);
  }
  if (engine.empty()) {
    if (auto found = in_low_level(name)) return *found;
  }
  return make_error(
      ErrorCode::kNotFound,
      cat("no running container '", printable(name), "'",
          failed.empty() ? "" : cat("; not everybody could be asked: ", join(failed, "; "))),
      "give the name or id that 'docker ps', 'podman ps' or 'runc list' shows");
}

}  // namespace outboard::doctor
