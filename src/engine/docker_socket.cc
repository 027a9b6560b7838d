// SPDX-License-Identifier: Apache-2.0
#include "engine/docker_socket.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "base/files.h"
#include "base/text.h"
#include "base/unix_http.h"

namespace outboard::engine {

namespace {

constexpr const char* kSystemSocket = "/var/run/docker.sock";
constexpr std::chrono::milliseconds kPatience{2000};

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT: one thread
  return value ? value : "";
}

bool may_use_context() {
  if (!variable("DOCKER_CONTEXT").empty()) return true;
  std::string directory = variable("DOCKER_CONFIG");
  if (directory.empty()) directory = join_path(variable("HOME"), ".docker");
  auto text = read_file(join_path(directory, "config.json"), 4U << 20);
  if (!text) return text.error().code != ErrorCode::kNotFound;
  return text->find("currentContext") != std::string::npos;
}

/// What needs no escaping in a path, and is no path of its own.
bool is_plain_name(const std::string& image) {
  return !image.empty() && image.front() != '/' && image.find("..") == std::string::npos &&
         std::all_of(image.begin(), image.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("._-/:@").find(c) != std::string_view::npos;
         });
}

}  // namespace

std::optional<std::string> docker_socket() {
  constexpr std::string_view kUnix = "unix://";
  std::string host = variable("DOCKER_HOST");
  if (!host.empty()) {
    if (host.compare(0, kUnix.size(), kUnix) != 0) return std::nullopt;
    return host.substr(kUnix.size());
  }
  if (may_use_context()) return std::nullopt;
  return kSystemSocket;
}

std::optional<bool> docker_has_image(const std::string& image) {
  auto socket = docker_socket();
  if (!socket || !is_plain_name(image)) return std::nullopt;
  auto answer = get_from_socket(*socket, cat("/images/", image, "/json"), kPatience);
  if (answer) {
    if (answer->body["Id"].text().empty()) return std::nullopt;
    return true;
  }
  // "No such image: NAME" of the daemon; a path that a proxy does not know says something else.
  bool missing = answer.error().code == ErrorCode::kNotFound &&
                 lower(answer.error().text).find("no such image") != std::string::npos;
  return missing ? std::optional(false) : std::nullopt;
}

}  // namespace outboard::engine
