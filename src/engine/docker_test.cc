// SPDX-License-Identifier: Apache-2.0
// The pure parts of the engines docker and podman: what a daemon says of itself, argument order,
// archives, exit codes.
#include "engine/docker.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "engine/docker_attach.h"
#include "engine/docker_image.h"
#include "engine/podman.h"
#include "engine/tar.h"

using namespace outboard;          // NOLINT: a test
using namespace outboard::engine;  // NOLINT

namespace {

const HostIdentity kHere{"6.1.0", "box"};

Result<DockerDaemon> info(const std::string& members, const std::string& kernel = "6.1.0",
                          const std::string& name = "box") {
  auto parsed = json::parse(cat("{\"KernelVersion\":\"", kernel, "\",\"Name\":\"", name, "\"",
                                members.empty() ? "" : ",", members, "}"),
                            "docker info");
  REQUIRE(parsed);
  return read_docker_info(*parsed, kHere, "/usr/bin/docker");
}

RunWords words_of(const std::vector<std::string>& list) {
  auto words = split_run_words(list, {});
  REQUIRE(words);
  return *words;
}

GpuHooks gpus() {
  GpuHooks hooks;
  hooks.visible_devices = "GPU-1";
  return hooks;
}

}  // namespace

TEST_CASE("runtimes that are ours are found by their program's name, ours by name first") {
  auto daemon = info(
      R"("Runtimes":{"runc":{"path":"runc"},"nvidia":{"path":"/opt/outboard-runtime"},)"
      R"("default":{"path":"/opt/outboard-runtime","runtimeArgs":["--outboard-entry=default"]},)"
      R"("outboard":{"path":"outboard-runtime"},"fake":{"path":"/usr/bin/nvidia-container-runtime"}})");
  REQUIRE(daemon);
  CHECK(daemon->outboard_runtimes == std::vector<std::string>{"outboard", "nvidia"});
  CHECK(info("")->outboard_runtimes.empty());
}

TEST_CASE("a daemon whose containers are in a user namespace") {
  auto rootless = info(R"("SecurityOptions":["name=seccomp,profile=default","name=rootless"])");
  CHECK(rootless->rootless);
  CHECK(rootless->user_namespace);
  auto remapped = info(R"("SecurityOptions":["name=userns"])");
  CHECK(!remapped->rootless);
  CHECK(remapped->user_namespace);
  CHECK(!info("")->user_namespace);
}

TEST_CASE("a daemon elsewhere is refused with the reason") {
  auto other_kernel = info("", "5.10.0");
  REQUIRE(!other_kernel);
  CHECK(other_kernel.error().code == ErrorCode::kUnsupported);
  CHECK(other_kernel.error().text.find("'5.10.0'") != std::string::npos);
  CHECK(info("", "6.1.0", "other").error().text.find("'other'") != std::string::npos);
  CHECK(info(R"("OperatingSystem":"Docker Desktop")").error().text.find("virtual machine") !=
        std::string::npos);
}

TEST_CASE("no daemon: why, and what to do") {
  auto none =
      info(R"("ServerErrors":["Cannot connect to the Docker daemon at unix:///x. Is"])", "");
  CHECK(none.error().text == "the docker daemon does not answer at 'unix:///x'");
  CHECK(none.error().hint.find("systemctl start docker") != std::string::npos);
  auto remote = info(
      R"("ServerErrors":["Cannot connect to the Docker daemon at tcp://10.0.0.1:2375. Is the docker daemon running?"])",
      "");
  CHECK(remote.error().text == "the docker daemon does not answer at 'tcp://10.0.0.1:2375'");
  CHECK(remote.error().hint.find("DOCKER_HOST") != std::string::npos);
  auto newer = info(
      R"("ServerErrors":["failed to connect to the docker API at tcp://10.0.0.1:1; check it"])",
      "");
  CHECK(newer.error().text == "the docker daemon does not answer at 'tcp://10.0.0.1:1'");
  auto denied = info(R"("ServerErrors":["permission denied while trying to connect"])", "");
  CHECK(denied.error().code == ErrorCode::kDenied);
  CHECK(denied.error().hint.find("group 'docker'") != std::string::npos);
}

TEST_CASE("arguments of the registered way") {
  DockerDaemon daemon{"docker", {"outboard"}};
  GpuHooks hooks = gpus();
  RunWords words = words_of({"-it", "--runtime", "outboard", "-e", "A=1", "img", "cmd", "-x"});
  CHECK(registered_argv(daemon, "outboard", words, hooks) ==
        std::vector<std::string>{"docker", "run", "--runtime=outboard",
                                 "--env=NVIDIA_VISIBLE_DEVICES=GPU-1", "--interactive", "--tty",
                                 "--env=A=1", "img", "cmd", "-x"});
  hooks.capabilities = "all";
  CHECK(registered_argv(daemon, "outboard", words, hooks)[4] ==
        "--env=NVIDIA_DRIVER_CAPABILITIES=all");
}

TEST_CASE("arguments of podman") {
  Podman podman{"podman", "/opt/outboard-runtime"};
  GpuHooks hooks = gpus();
  RunWords words = words_of({"--rm", "img", "cmd"});
  CHECK(podman_argv(podman, words, &hooks, "") ==
        std::vector<std::string>{"podman", "--runtime", "/opt/outboard-runtime", "run",
                                 "--env=NVIDIA_VISIBLE_DEVICES=GPU-1", "--rm", "img", "cmd"});
  CHECK(podman_argv(podman, words, &hooks, "/p.toml")[3] ==
        "--runtime-flag=outboard-config=/p.toml");
  CHECK(podman_argv(podman, words, nullptr, "") ==
        std::vector<std::string>{"podman", "run", "--rm", "img", "cmd"});
}

TEST_CASE("an archive of one file is read back") {
  std::string content(1000, 'c');
  std::string archive = tar_of_file("ld.so.cache", content);
  CHECK(archive.size() % 512 == 0);
  auto entry = first_tar_entry(archive);
  REQUIRE(entry);
  CHECK(entry->type == '0');
  CHECK(entry->content == content);
  // A pax header in front, as Go's tar writes it.
  std::string pax = tar_of_file("x", "30 mtime=1.5\n").substr(0, 1024);
  pax[156] = 'x';
  std::string both = pax + archive;
  entry = first_tar_entry(both);
  REQUIRE(entry);
  CHECK(entry->content == content);
}

TEST_CASE("what is no archive, or a cut one, is nothing or shorter") {
  CHECK(!first_tar_entry(""));
  CHECK(!first_tar_entry(std::string(2048, '\0')));
  CHECK(!first_tar_entry(std::string(2048, 'x')));
  std::string archive = tar_of_file("a", std::string(1000, 'c'));
  auto cut = first_tar_entry(std::string_view(archive).substr(0, 600));
  REQUIRE(cut);
  CHECK(cut->content.size() == 88);
  std::string header_only = tar_of_file("a", std::string(1000, 'c')).substr(0, 512);
  header_only[156] = 'x';
  CHECK(!first_tar_entry(header_only));
}

TEST_CASE("exit codes of containers that could not be started, and one line of docker's words") {
  CHECK(code_of_failed_start("exec: \"x\": executable file not found in $PATH") == 127);
  CHECK(code_of_failed_start("exec: \"/etc\": permission denied") == 126);
  CHECK(code_of_failed_start("exec: \"/etc\": is a directory: unknown") == 126);
  CHECK(code_of_failed_start("no space left on device") == 125);
  Error error =
      docker_failure("start", "Error response from daemon: it broke\nError: failed to start: x\n");
  CHECK(error.text == "docker: start: it broke");
}
