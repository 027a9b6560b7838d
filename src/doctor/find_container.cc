// SPDX-License-Identifier: Apache-2.0
#include "doctor/find_container.h"

#include <limits.h>
#include <unistd.h>

#include <functional>
#include <utility>

#include "base/files.h"
#include "base/process.h"
#include "base/text.h"
#include "base/unix_http.h"
#include "doctor/read_engines.h"
#include "doctor/running_containers.h"

namespace outboard::doctor {

namespace {

constexpr std::chrono::milliseconds kPatience{2000};

using Found = std::optional<ContainerPlace>;

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
  if (socket.empty() || socket[0] != '/') {
    return make_error(ErrorCode::kUnsupported,
                      cat("docker: DOCKER_HOST is '", printable(socket, 200),
                          "', and only containers of this machine can be looked at"),
                      "run it on that machine");
  }
  if (!path_exists(socket)) return Found();
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
  auto list = json::parse(output.out, "the answer of podman");
  if (!list) return make_error(ErrorCode::kIo, list.error().text);
  if (list->items().empty()) return Found();
  const json::Value& first = list->items().front();
  ContainerPlace place{name, "podman", first["Id"].text(), 0,
                       directory_of(first["OCIConfigPath"].text())};
  auto pid = first["State"]["Pid"].as_uint();
  if (!pid || *pid == 0) return not_running(place);
  place.pid = static_cast<uint32_t>(*pid);
  return Found(place);
}

Found in_low_level(const std::string& name) {
  for (const std::string& root : runtime_roots()) {
    if (auto place = state_of_runtime(root, name)) return place;
  }
  return std::nullopt;
}

Result<Found> in_containerd(const std::string& name) {
  bool denied = false;
  std::vector<ContainerPlace> list;
  for (const std::string& tasks : task_directories(denied)) {
    for (ContainerPlace& place : bundles_of_containerd(tasks)) list.push_back(std::move(place));
  }
  OB_TRY(Found found, choose_container(name, list));
  if (!found && denied)
    return make_error(ErrorCode::kDenied, "containerd: its containers may be looked at by root",
                      "run it with sudo");
  return found;
}

Result<Found> in_crio(const std::string& name) {
  return choose_container(name, bundles_of_storage(kStorageBundles, true));
}

}  // namespace

Result<ContainerPlace> find_container(const std::string& name, const std::string& engine,
                                      const Places& places) {
  if (!is_plain(name)) {
    return make_error(ErrorCode::kUsage, cat("'", printable(name), "' is no container's name"),
                      "give the name or id that 'docker ps' or 'podman ps' shows");
  }
  std::vector<std::string> failed;
  const std::pair<const char*, std::function<Result<Found>()>> engines[] = {
      {"docker", [&] { return in_docker(name, places); }},
      {"podman", [&] { return in_podman(name); }},
      {"", [&] { return Result<Found>(in_low_level(name)); }},
      {"containerd", [&] { return in_containerd(name); }},
      {"crio", [&] { return in_crio(name); }},
  };
  for (const auto& [known, look] : engines) {
    if (!engine.empty() && engine != known) continue;
    Result<Found> found = look();
    if (found && *found) return **found;
    if (found) continue;
    ErrorCode code = found.error().code;
    if (code == ErrorCode::kConflict || code == ErrorCode::kUsage) return std::move(found).error();
    failed.push_back(found.error().text);
  }
  return make_error(
      ErrorCode::kNotFound,
      cat("no running container '", printable(name), "'",
          failed.empty() ? "" : cat("; not everybody could be asked: ", join(failed, "; "))),
      "give the name or id that 'docker ps', 'podman ps', 'runc list', 'nerdctl ps' or 'crictl ps' "
      "shows");
}

}  // namespace outboard::doctor
