// SPDX-License-Identifier: Apache-2.0
#include "engine/docker_socket.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <thread>

#include "base/files.h"
#include "engine/directories.h"
#include "test/scratch.h"

using namespace outboard;
using engine::docker_has_image;
using engine::docker_socket;

namespace {

using test::Scratch;

/// The environment that decides, put back afterwards.
class Environment {
 public:
  explicit Environment(const std::string& home) {
    for (const char* name : kNames) {
      const char* value = std::getenv(name);
      before_.push_back(value ? std::optional<std::string>(value) : std::nullopt);
      ::unsetenv(name);
    }
    ::setenv("HOME", home.c_str(), 1);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() {
    for (size_t i = 0; i < before_.size(); i++) {
      if (before_[i]) {
        ::setenv(kNames[i], before_[i]->c_str(), 1);
      } else {
        ::unsetenv(kNames[i]);
      }
    }
  }

 private:
  static constexpr const char* kNames[] = {"HOME", "DOCKER_HOST", "DOCKER_CONTEXT",
                                           "DOCKER_CONFIG"};
  std::vector<std::optional<std::string>> before_;
};

/// Answers one request on a socket; what was asked.
std::string serve(const std::string& path, const std::string& response,
                  std::optional<bool>& answer) {
  ::unlink(path.c_str());
  int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(listener, 1) == 0);
  std::string asked;
  std::thread server([&] {
    int peer = ::accept(listener, nullptr, nullptr);
    char request[512];
    ssize_t got = ::recv(peer, request, sizeof request, 0);
    if (got > 0) asked.assign(request, static_cast<size_t>(got));
    [[maybe_unused]] ssize_t sent = ::send(peer, response.data(), response.size(), MSG_NOSIGNAL);
    ::close(peer);
  });
  answer = docker_has_image("registry:5000/team/image:tag");
  server.join();
  ::close(listener);
  return asked.substr(0, asked.find("\r\n"));
}

}  // namespace

TEST_CASE("the socket that the docker command would use, and when that is not certain") {
  Scratch scratch;
  Environment environment(scratch.path);
  CHECK(docker_socket() == "/var/run/docker.sock");
  ::setenv("DOCKER_HOST", "unix:///run/other.sock", 1);
  CHECK(docker_socket() == "/run/other.sock");
  ::setenv("DOCKER_HOST", "tcp://10.0.0.1:2375", 1);
  CHECK_FALSE(docker_socket());
  ::unsetenv("DOCKER_HOST");
  ::setenv("DOCKER_CONTEXT", "far", 1);
  CHECK_FALSE(docker_socket());
  ::unsetenv("DOCKER_CONTEXT");
  REQUIRE(make_directories(scratch.path + "/.docker"));
  REQUIRE(replace_file(scratch.path + "/.docker/config.json", R"({"auths": {}})"));
  CHECK(docker_socket() == "/var/run/docker.sock");
  REQUIRE(replace_file(scratch.path + "/.docker/config.json", R"({"currentContext": "far"})"));
  CHECK_FALSE(docker_socket());
}

TEST_CASE("an image is there, is not, or must be asked for otherwise") {
  Scratch scratch;
  Environment environment(scratch.path);
  std::string path = scratch.path + "/s";
  ::setenv("DOCKER_HOST", ("unix://" + path).c_str(), 1);
  CHECK_FALSE(docker_has_image("image"));  // no socket
  std::optional<bool> answer;
  CHECK(serve(path, "HTTP/1.0 200 OK\r\n\r\n{\"Id\":\"sha256:1\"}", answer) ==
        "GET /images/registry:5000/team/image:tag/json HTTP/1.0");
  CHECK(answer == true);
  serve(path, "HTTP/1.0 404 Not Found\r\n\r\n{\"message\":\"No such image: image:latest\"}",
        answer);
  CHECK(answer == false);
  serve(path, "HTTP/1.0 404 Not Found\r\n\r\n{\"message\":\"page not found\"}", answer);
  CHECK_FALSE(answer);
  serve(path, "HTTP/1.0 500 Error\r\n\r\n{\"message\":\"No such image\"}", answer);
  CHECK_FALSE(answer);
  serve(path, "HTTP/1.0 200 OK\r\n\r\n{}", answer);
  CHECK_FALSE(answer);
  serve(path, "no HTTP", answer);
  CHECK_FALSE(answer);
  for (const char* name : {"", "/abs", "a/../../info", "a b", "a?b", "a%2fb"}) {
    INFO(name);
    CHECK_FALSE(docker_has_image(name));
  }
}
