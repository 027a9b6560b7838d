// SPDX-License-Identifier: Apache-2.0
// Which directories count as image stores.
#include <sys/wait.h>
#include <unistd.h>

#include "doctor/read_engines.h"
#include "test/fixtures/doctor_machine.h"

using namespace outboard;
using namespace outboard::doctor;

namespace {

// "Docker PATH", with paths below the machine's top as they are in it.
std::vector<std::string> stores_of(const TestMachine& machine, Facts facts) {
  Places places = machine.places();
  read_docker(places, facts);
  read_containerd(places, facts);
  read_crio(places, facts);
  read_stores(places, facts);
  std::vector<std::string> list;
  for (const ImageStore& store : facts.stores) {
    bool inside = store.path.starts_with(machine.top());
    list.push_back(
        cat(store.owner, " ", inside ? store.path.substr(machine.top().size()) : store.path));
  }
  return list;
}

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("image stores lie where the engines' files say, else in the usual places") {
  if (!can_make_nodes()) return;
  TestMachine machine("h200x1");
  auto make = [&](const char* path) { REQUIRE(make_directories(machine.path(path))); };
  CHECK(stores_of(machine, {}).empty());
  CHECK(machine.said("disk-space").find("ok: there is no image store") == 0);
  for (const char* path : {"var/lib/docker", "var/lib/containers", "var/lib/containerd"})
    make(path);
  CHECK(stores_of(machine, {}) == List{"Docker /var/lib/docker", "containerd /var/lib/containerd",
                                       "Podman /var/lib/containers"});

  for (const char* path : {"data/docker", "data/podman", "data/containerd", "data/crio", "usr/bin"})
    make(path);
  machine.write("etc/docker/daemon.json", R"({"data-root": "/data/docker"})")
      .write("usr/share/containers/storage.conf", "[storage]\ngraphroot = \"/elsewhere\"\n")
      .write("etc/containers/storage.conf", "[storage]\ngraphroot = \"/data/podman\"\n")
      .write("etc/containerd/config.toml", "version = 2\nroot = \"/data/containerd\"\n")
      .write("etc/crio/crio.conf", "[crio]\nroot = \"/data/crio\"\n");
  for (const char* program : {"usr/bin/containerd", "usr/bin/crio"}) {
    machine.write(program, "");
    REQUIRE(::chmod(machine.path(program).c_str(), 0755) == 0);
  }
  CHECK(stores_of(machine, {}) == List{"Docker /data/docker", "containerd /data/containerd",
                                       "Podman /data/podman", "CRI-O /data/crio"});
  CHECK(machine.said("disk-space").find("/data/docker'") != std::string::npos);
  machine.write("etc/docker/daemon.json", R"({"graph": "/data/crio"})").remove("etc/crio");
  CHECK(stores_of(machine, {}).front() == "Docker /data/crio");
}

TEST_CASE("a Docker that answers says itself where its images lie") {
  json::Value answer = json::Value::object();
  answer.set("DockerRootDir", "/proc/self");
  Facts facts;
  facts.docker.info = docker_info(answer, std::nullopt);
  facts.docker.config = *json::parse(R"({"data-root": "/dev"})", "daemon.json");
  read_stores(Places{}, facts);
  REQUIRE_FALSE(facts.stores.empty());
  CHECK(facts.stores.front().path == "/proc/self");
}

TEST_CASE("an ordinary user's stores") {
  test::Scratch scratch;
  REQUIRE(make_directories(scratch.path + "/config/containers"));
  REQUIRE(make_directories(scratch.path + "/images"));
  REQUIRE(make_directories(scratch.path + "/data/docker"));
  REQUIRE(replace_file(scratch.path + "/config/containers/storage.conf",
                       "[storage]\ndriver = \"overlay\"\ngraphroot = \"$HOME/images\"\n"));
  REQUIRE(::chmod(scratch.path.c_str(), 0755) == 0);
  // In a child, which may become another user and has variables of its own.
  Facts facts;
  pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && ::seteuid(1000) != 0) ::_exit(9);
    ::setenv("HOME", scratch.path.c_str(), 1);
    ::setenv("XDG_CONFIG_HOME", (scratch.path + "/config").c_str(), 1);
    ::setenv("XDG_DATA_HOME", (scratch.path + "/data").c_str(), 1);
    ::unsetenv("CONTAINERS_STORAGE_CONF");
    read_stores(Places{}, facts);
    int seen = 0;
    for (const ImageStore& store : facts.stores) {
      if (store.owner == "rootless Podman" && store.path == scratch.path + "/images") seen |= 1;
      if (store.owner == "rootless Docker" && store.path == scratch.path + "/data/docker")
        seen |= 2;
    }
    ::_exit(seen);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 3);
}
