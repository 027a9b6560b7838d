// SPDX-License-Identifier: Apache-2.0
// Containers by the files of containerd, CRI-O, runc and crun. A real containerd's:
// test/engines/doctor_containerd.sh.
#include "doctor/running_containers.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/files.h"
#include "base/text.h"
#include "doctor/find_container.h"
#include "test/fixtures/doctor_machine.h"

using namespace outboard;
using namespace outboard::doctor;

namespace {

struct Files {
  std::string path(const std::string& name) const { return join_path(scratch.path, name); }
  void write(const std::string& name, const std::string& text) {
    REQUIRE(make_directories(directory_of(path(name))));
    REQUIRE(replace_file(path(name), text));
  }
  // A container of containerd's CRI plugin; this process plays its first one.
  void pod_container(const std::string& id, const std::string& type, const std::string& container,
                     const std::string& pod, const std::string& pid) {
    std::string bundle = cat("tasks/k8s.io/", id, "/");
    std::string named = container.empty()
                            ? ""
                            : cat(R"("io.kubernetes.cri.container-name": ")", container, R"(", )");
    write(bundle + "config.json",
          cat(R"({"annotations": {)", named, R"("io.kubernetes.cri.sandbox-name": ")", pod,
              R"(", "io.kubernetes.cri.container-type": ")", type, R"("}})"));
    write(bundle + "init.pid", pid);
  }
  test::Scratch scratch;
};

std::string self() {
  return cat(::getpid());
}

std::string chosen(const std::string& name, const std::vector<ContainerPlace>& list) {
  auto found = choose_container(name, list);
  if (!found) {
    return cat(found.error().code == ErrorCode::kUsage ? "usage: " : "conflict: ",
               found.error().text);
  }
  return *found ? (*found)->id : "nobody";
}

}  // namespace

TEST_CASE("bundles of containerd by id, by the beginning of it, and by the names in Kubernetes") {
  Files files;
  files.pod_container("aa11", "sandbox", "", "train-0", self());
  files.pod_container("aa22", "container", "worker", "train-0", self());
  files.pod_container("bb33", "container", "worker", "train-1", self());
  files.pod_container("bb44", "container", "proxy", "train-1", self());
  files.pod_container("cc55", "container", "old", "gone", "4194999");
  files.write("tasks/default/plain/config.json", "{}");
  files.write("tasks/default/plain/init.pid", self());
  files.write("tasks/default/named/config.json", R"({"annotations": {"nerdctl/name": "job"}})");
  files.write("tasks/default/named/init.pid", self() + "\n");
  files.write("tasks/moby/dd66/config.json", "{}");
  files.write("tasks/default/half/init.pid", self());
  auto list = bundles_of_containerd(files.path("tasks"));
  REQUIRE(list.size() == 8);
  CHECK(list[0].id == "named");
  CHECK(list[0].engine == "containerd");
  CHECK(list[0].bundle == files.path("tasks/default/named"));
  CHECK(list[0].pid == static_cast<uint32_t>(::getpid()));
  CHECK(list.back().engine == "docker");
  CHECK(list.back().pid == 0);

  CHECK(chosen("plain", list) == "plain");
  CHECK(chosen("pla", list) == "plain");
  CHECK(chosen("job", list) == "named");
  CHECK(chosen("proxy", list) == "bb44");
  CHECK(chosen("train-0", list) == "aa22");  // not the pod's sandbox
  CHECK(chosen("aa11", list) == "aa11");
  CHECK(chosen("nothing", list) == "nobody");
  CHECK(chosen("train-1", list) ==
        "usage: 'train-1' means 2 running containers: bb33 (worker, train-1); bb44 (proxy, "
        "train-1)");
  CHECK(chosen("aa", list) ==
        "usage: 'aa' means 2 running containers: aa11; aa22 (worker, train-0)");
  CHECK(chosen("old", list) == "conflict: the containerd container 'cc55' does not run");
  auto place = choose_container("proxy", list);
  REQUIRE((place && *place));
  CHECK((*place)->name == "proxy");
  CHECK(bundles_of_containerd(files.path("none")).empty());
}

TEST_CASE("bundles of CRI-O and of Podman in one directory") {
  Files files;
  files.write("storage/aa/userdata/config.json",
              R"({"annotations": {"io.kubernetes.cri-o.ContainerType": "container",
                  "io.kubernetes.container.name": "worker", "io.kubernetes.pod.name": "train"}})");
  files.write("storage/aa/userdata/pidfile", self());
  files.write("storage/bb/userdata/config.json", R"({"annotations": {}})");
  files.write("storage/bb/userdata/pidfile", self());
  auto crio = bundles_of_storage(files.path("storage"), true);
  REQUIRE(crio.size() == 1);
  CHECK(crio[0].engine == "crio");
  CHECK(chosen("train", crio) == "aa");
  auto podman = bundles_of_storage(files.path("storage"), false);
  REQUIRE(podman.size() == 1);
  CHECK(podman[0].id == "bb");
  CHECK(podman[0].engine == "podman");
}

TEST_CASE("state of runc and crun") {
  Files files;
  files.write("runc/a/state.json",
              R"({"init_process_pid": 42, "config": {"labels": ["x=y", "bundle=/b"]}})");
  files.write("crun/b/status", R"({"pid": 43, "bundle": "/c"})");
  files.write("crun/c/status", "cut off");
  auto runc = state_of_runtime(files.path("runc"), "a");
  REQUIRE(runc);
  CHECK(runc->engine == "runc");
  CHECK(runc->pid == 42);
  CHECK(runc->bundle == "/b");
  auto crun = state_of_runtime(files.path("crun"), "b");
  REQUIRE(crun);
  CHECK(crun->engine == "crun");
  CHECK(crun->bundle == "/c");
  CHECK_FALSE(state_of_runtime(files.path("crun"), "c"));
  CHECK_FALSE(state_of_runtime(files.path("crun"), "none"));
}

TEST_CASE("a DOCKER_HOST on another machine is named, not passed over") {
  REQUIRE(::setenv("DOCKER_HOST", "tcp://192.0.2.1:2375", 1) == 0);
  auto place = find_container("no-such-container", "docker", {});
  ::unsetenv("DOCKER_HOST");
  REQUIRE_FALSE(place);
  CHECK(place.error().code == ErrorCode::kNotFound);
  CHECK(place.error().text.find("not everybody could be asked: docker: DOCKER_HOST is "
                                "'tcp://192.0.2.1:2375'") != std::string::npos);
}

TEST_CASE("an engine whose answer makes no sense is no reason to blame the command line") {
  Files files;
  files.write("podman", "#!/bin/sh\necho '<html>'\n");
  REQUIRE(::chmod(files.path("podman").c_str(), 0755) == 0);
  const char* path = ::getenv("PATH");
  std::string before = path ? path : "";
  REQUIRE(::setenv("PATH", files.scratch.path.c_str(), 1) == 0);
  auto place = find_container("no-such-container", "podman", {});
  REQUIRE(::setenv("PATH", before.c_str(), 1) == 0);
  REQUIRE_FALSE(place);
  CHECK(place.error().code == ErrorCode::kNotFound);
  CHECK(place.error().text.find("not everybody could be asked: the answer of podman") !=
        std::string::npos);
}
