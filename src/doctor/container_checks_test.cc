// SPDX-License-Identifier: Apache-2.0
// What doctor says about a running container and from inside one, on facts that are healthy and on
// facts with one fault each. Real containers: test/engines/doctor_engines.sh.
#include <cerrno>

#include "doctor/driver_mounts.h"
#include "doctor/find_container.h"
#include "doctor/read_engines.h"
#include "test/fixtures/doctor_machine.h"

using namespace outboard;
using namespace outboard::doctor;

namespace {

Findings ask(const std::vector<Check>& table, std::string_view id, const Facts& facts) {
  for (const Check& check : table) {
    if (check.id == id) return check.look(facts);
  }
  FAIL("no check " << id);
  return {};
}

Severity worst(const Findings& findings) {
  Severity severity = Severity::kOk;
  for (const Finding& finding : findings) severity = std::max(severity, finding.severity);
  return severity;
}

Facts with_container() {
  Facts facts;
  facts.machine.module_version = "580.95.05";
  facts.machine.nodes = {{"/dev/nvidia-uvm", "/dev/nvidia-uvm", 'c', 510, 0, 0666, 0, 0},
                         {"/dev/nvidia0", "/dev/nvidia0", 'c', 195, 0, 0666, 0, 0}};
  ContainerFacts& container = facts.container;
  container.place = {"job", "docker", "0123", 42, "/run/b"};
  container.started = 1000.0;
  container.spec = *json::parse(
      R"({"annotations": {"io.outboard.edit": "{}"},
          "linux": {"devices": [{"path": "/dev/nvidia0"}, {"path": "/dev/nvidia-uvm"}]},
          "mounts": [{"destination": "/usr/lib/libcuda.so.580.95.05"}]})",
      "config.json");
  container.nodes = {{"/dev/nvidia0", 195, 0}, {"/dev/nvidia-uvm", 510, 0}};
  container.mounts = {{"/usr/lib/libcuda.so.580.95.05", false, "580.95.05"}};
  container.rules = parse_device_rules("c 1:3 rwm\nc 195:0 rw\nc 510:* rwm\n");
  return facts;
}

std::string said(std::string_view id, const Facts& facts) {
  std::string text;
  for (const Finding& finding : ask(container_checks(), id, facts))
    text += cat(severity_name(finding.severity), ": ", finding.what, " [", finding.mend, "]\n");
  return text;
}

}  // namespace

TEST_CASE("a healthy container") {
  Facts facts = with_container();
  for (const Check& check : container_checks()) {
    INFO(check.id);
    CHECK(worst(check.look(facts)) == Severity::kOk);
  }
  CHECK(said("container-gpu", facts) ==
        "ok: given by Outboard: nvidia0, nvidia-uvm; 1 files of the driver []\n");
  CHECK(said("container-nodes", facts) == "ok: 2 nodes in its /dev, as the host's are []\n");
  CHECK(said("container-rules", facts) == "ok: its cgroup allows every node []\n");
  CHECK(said("container-driver", facts) == "ok: driver 580.95.05, as the kernel module []\n");
}

TEST_CASE("who gave the GPU") {
  Facts facts = with_container();
  facts.container.spec = *json::parse(
      R"({"linux": {"devices": [{"path": "/dev/nvidia0"}]}, "hooks": {"createContainer": [
          {"path": "/usr/bin/other"}, {"path": "/usr/bin/nvidia-cdi-hook"}]}})",
      "config.json");
  CHECK(said("container-gpu", facts) ==
        "ok: given by NVIDIA's toolkit: nvidia0; 0 files of the driver []\n");
  // The hook of legacy mode adds what the specification does not have.
  facts.container.spec = *json::parse(
      R"({"hooks": {"prestart": [{"path": "/usr/bin/nvidia-container-runtime-hook"}]}})",
      "config.json");
  CHECK(holds(said("container-gpu", facts), "given by NVIDIA's toolkit: nvidia0, nvidia-uvm; "));
  facts.container.spec =
      *json::parse(R"({"linux": {"devices": [{"path": "/dev/nvidia0"}]}})", "config.json");
  CHECK(holds(said("container-gpu", facts), "ok: given by its engine: nvidia0; "));
}

TEST_CASE("a container without a GPU, and one of which nothing can be read") {
  Facts facts = with_container();
  facts.container.spec = json::Value::object();
  facts.container.nodes->clear();
  CHECK(holds(said("container-gpu", facts), "error: it was started without a GPU"));
  facts.container.spec.reset();
  facts.container.spec_error = "open '/run/b/config.json': Permission denied";
  facts.container.nodes.reset();
  facts.container.mounts.reset();
  CHECK(holds(said("container-gpu", facts), "unknown: open '/run/b/config.json'"));
  for (const Check& check : container_checks()) {
    INFO(check.id);
    CHECK(worst(check.look(facts)) == Severity::kUnknown);
  }
}

TEST_CASE("a container's nodes that are gone or have another number") {
  Facts facts = with_container();
  facts.container.nodes->pop_back();
  CHECK(holds(said("container-nodes", facts),
              "error: given to it, but not in its /dev: /dev/nvidia-uvm [docker restart job]"));
  CHECK(holds(said("container-nodes", facts), "warning: it has no /dev/nvidia-uvm"));
  facts = with_container();
  facts.machine.nodes[0].major = 511;
  CHECK(holds(said("container-nodes", facts),
              "its /dev/nvidia-uvm is 510:0, the host's is 511:0 now"));
}

TEST_CASE("a container's device rules") {
  Facts facts = with_container();
  facts.container.rules = parse_device_rules("c 1:3 rwm\nc 510:0 r\nb 195:0 rwm\nbad line\n");
  CHECK(holds(said("container-rules", facts),
              "its cgroup does not allow: /dev/nvidia0, /dev/nvidia-uvm"));
  // Links are for systemd, which does not manage this one.
  CHECK(holds(said("container-rules", facts), " [docker restart job]"));
  facts.container.scope = "docker-0123.scope";
  CHECK(holds(said("container-rules", facts), "doctor --fix char-links' makes the links"));
  facts.container.scope.clear();
  facts.container.rules = parse_device_rules("a *:* rwm\n");
  CHECK(worst(ask(container_checks(), "container-rules", facts)) == Severity::kOk);

  facts.container.scope = "docker-0123.scope";
  facts.container.allowed_by_systemd = "/dev/char/195:0 rw";
  CHECK(holds(said("container-rules", facts), "lacks: /dev/nvidia-uvm; the next"));
  facts.container.allowed_by_systemd = "";
  CHECK(worst(ask(container_checks(), "container-rules", facts)) == Severity::kOk);

  facts.container.rules.reset();
  CHECK(holds(said("container-rules", facts), "unknown: what a cgroup of version 2 allows"));
  facts.container.scope = "docker-0123.scope";
  facts.container.allowed_by_systemd = "/dev/char/195:0 rw\n/dev/char/510:0 rw";
  CHECK(worst(ask(container_checks(), "container-rules", facts)) == Severity::kOk);
  facts.machine.majors = {{"nvidia", 195}, {"nvidia-uvm", 510}};
  facts.container.allowed_by_systemd = "char-nvidia* rwm";
  CHECK(worst(ask(container_checks(), "container-rules", facts)) == Severity::kOk);
  facts.container.allowed_by_systemd = "char-nvidia rwm\nchar-510 rw";
  CHECK(worst(ask(container_checks(), "container-rules", facts)) == Severity::kOk);
  // What runc puts into every list lets nobody open a node.
  facts.container.allowed_by_systemd = "char-* m\nblock-* m\nchar-pts rwm\n/dev/char/510:0 r";
  CHECK(holds(said("container-rules", facts), "lacks: /dev/nvidia0, /dev/nvidia-uvm; "));
  facts.container.allowed_by_systemd = "/dev/char/195:0 rw\n/dev/null rwm\nchar-* m";
  CHECK(holds(said("container-rules", facts),
              "warning: systemd's list of devices for docker-0123.scope lacks: /dev/nvidia-uvm; "
              "the next 'systemctl daemon-reload' takes them away"));
  facts.container.reloaded = 2000.0;
  CHECK(holds(said("container-rules", facts), "error: systemd's list"));
  CHECK(holds(said("container-rules", facts), "put in force by a 'systemctl daemon-reload' since"));
}

TEST_CASE("a driver that was upgraded since the container started") {
  Facts facts = with_container();
  facts.container.mounts->at(0).deleted = true;
  CHECK(holds(said("container-driver", facts), "warning: these files of the driver have been"));
  facts.machine.module_version = "590.44.01";
  CHECK(holds(said("container-driver", facts),
              "error: it was started with driver 580.95.05, the kernel module is 590.44.01 now"));
}

TEST_CASE("the driver's version of a container whose files are mounted by their SONAME") {
  auto mounts = driver_mounts(
      "100 99 0:50 / / rw - overlay overlay rw\n"
      "101 100 8:1 /usr/lib/libcuda.so.535.54.03 /usr/lib/libcuda.so.1 ro - ext4 /dev/sda1 rw\n"
      "102 100 8:1 /usr/lib/libnvidia-ml.so.535.54.03//deleted /usr/lib/libnvidia-ml.so.1 ro - "
      "ext4 /dev/sda1 rw\n"
      "103 100 8:1 /usr/bin/nvidia-smi /usr/bin/nvidia-smi ro - ext4 /dev/sda1 rw\n"
      "104 100 0:5 /nvidia0 /dev/nvidia0 rw - devtmpfs udev rw\n"
      "105 100 8:1 /home /home rw - ext4 /dev/sda1 rw\n"
      "cut off\n");
  REQUIRE(mounts.size() == 3);
  CHECK(mounts[0].target == "/usr/lib/libcuda.so.1");
  CHECK(mounts[0].version == "535.54.03");
  CHECK_FALSE(mounts[0].deleted);
  CHECK(mounts[1].deleted);
  CHECK(mounts[1].version == "535.54.03");
  CHECK_FALSE(mounts[2].version);
  Facts facts = with_container();
  facts.container.mounts = mounts;
  CHECK(holds(said("container-driver", facts),
              "error: it was started with driver 535.54.03, the kernel module is 580.95.05 now"));
  facts.container.mounts = {mounts[2]};
  CHECK(holds(said("container-driver", facts), "ok: no file of the driver with a version"));
}

TEST_CASE("all containers: those that lost their GPU or will, by name") {
  auto says = [](const Facts& facts) {
    std::string text;
    for (const Finding& finding : ask(checks(), "containers", facts))
      text += cat(severity_name(finding.severity), ": ", finding.what, " [", finding.mend, "]\n");
    return text;
  };
  Facts facts = with_container();
  CHECK(says(facts) == "ok: no running container was given a GPU []\n");
  facts.containers_denied = true;
  CHECK(says(facts) == "unknown: running containers may be looked at by root alone []\n");
  ContainerFacts good = facts.container, lost = facts.container, small = facts.container;
  // A container that was never given /dev/nvidia-uvm has lost nothing.
  small.nodes->pop_back();
  small.spec.reset();
  facts.containers = {good, small};
  CHECK(says(facts) == "ok: 2 with a GPU, and they keep it []\n");
  lost.place.name = "lost";
  lost.rules.reset();
  lost.scope = "docker-0123.scope";
  lost.allowed_by_systemd = "/dev/char/195:0 rw";
  facts.containers = {good, lost};
  CHECK(holds(says(facts), "warning: docker container 'lost': systemd's list of devices for"));
  CHECK(holds(says(facts), "'sudo outboard doctor --container lost' looks closer]"));
  facts.containers[1].reloaded = 2000.0;
  CHECK(holds(says(facts), "error: docker container 'lost': systemd's list"));
  facts.machine.module_version = "590.44.01";
  CHECK(holds(says(facts), "error: docker container 'job': it was started with driver 580.95.05"));
  facts.containers.assign(12, good);
  CHECK(holds(says(facts), "warning: 2 more containers are like these"));
}

TEST_CASE("who was given a GPU, and who merely sees the host's /dev") {
  ContainerFacts container = with_container().container;
  CHECK(was_given_gpu(container));
  container.spec = json::Value::object();
  CHECK(was_given_gpu(container));  // by its mounts
  container.mounts->clear();
  CHECK_FALSE(was_given_gpu(container));
}

TEST_CASE("the scope of a container is the host's, whatever runs in it") {
  CHECK(scope_of("/system.slice/docker-0123.scope") == "docker-0123.scope");
  CHECK(scope_of("/machine.slice/libpod-0123.scope/container/init.scope") == "libpod-0123.scope");
  CHECK(scope_of("/kubepods.slice/kubepods-pod1.slice/cri-containerd-1.scope/--host=x.scope") ==
        "cri-containerd-1.scope");
  CHECK(scope_of("/docker/0123").empty());
  CHECK(scope_of("/a.slice/.scope").empty());
  CHECK(scope_of("").empty());
}

TEST_CASE("systemd's answer about many scopes") {
  auto lists = device_lists(
      "Id=a.scope\nDeviceAllow=/dev/char/195:0 rw\nDeviceAllow=char-* m\n\n"
      "DeviceAllow=/dev/null rwm\nId=b.scope\n\nId=c.scope\n",
      {"b.scope", "", "a.scope", "c.scope"});
  CHECK(lists == std::vector<std::string>{"/dev/null rwm", "", "/dev/char/195:0 rw\nchar-* m", ""});
}

TEST_CASE("a driver that is mounted for this namespace, and one of a container that is seen") {
  const std::string in_container =
      "61 50 8:1 /usr/lib/x86_64-linux-gnu/libcuda.so.580.95.05 "
      "/usr/lib/x86_64-linux-gnu/libcuda.so.1 ro,nosuid - ext4 /dev/sda1 rw\n";
  CHECK(brings_driver(driver_mounts(in_container)));
  // What leaked out of a container, or is below a root that is laid out on the host.
  const std::string on_host =
      "61 50 8:1 /usr/lib/x86_64-linux-gnu/libcuda.so.580.95.05 "
      "/var/lib/docker/overlay2/0/merged/usr/lib/x86_64-linux-gnu/libcuda.so.580.95.05 ro - ext4 "
      "/dev/sda1 rw\n";
  REQUIRE(driver_mounts(on_host).size() == 1);
  CHECK_FALSE(brings_driver(driver_mounts(on_host)));
  CHECK_FALSE(brings_driver({}));
}

TEST_CASE("cgroups of containers, and of a host's services") {
  for (const char* text : {"0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-1.scope\n",
                           "4:devices:/docker/0123\n0::/\n", "0::/system.slice/docker-01.scope\n",
                           "0::/machine.slice/libpod-0123.scope\n", "0::/lxc.payload.web/init\n"}) {
    INFO(text);
    CHECK(is_container_cgroup(text));
  }
  for (const char* text : {"0::/\n", "0::/system.slice/docker.service\n",
                           "0::/user.slice/user-0.slice/session-1.scope\n", ""}) {
    INFO(text);
    CHECK_FALSE(is_container_cgroup(text));
  }
}

TEST_CASE("names that are no container's are refused before anybody is asked") {
  for (const char* name : {"", "../x", "a/b", "-x\n", ".hidden", "a?all=1"}) {
    INFO(name);
    auto place = find_container(name, "", {});
    REQUIRE_FALSE(place);
    CHECK(place.error().code == ErrorCode::kUsage);
  }
}

TEST_CASE("inside a container: healthy, and each fault") {
  Facts facts;
  facts.machine.module_version = "580.95.05";
  InsideFacts& inside = facts.inside;
  auto library = [](const std::string& path, const char* version, const char* by) {
    return LoadedLibrary{path, path, std::string(version), by};
  };
  inside.libcuda = library("/usr/lib/libcuda.so.580.95.05", "580.95.05", "ld.so.cache");
  inside.nodes = {{"/dev/nvidia0", 0}, {"/dev/nvidia-uvm", 0}, {"/dev/nvidiactl", 0}};
  auto finding = [&](std::string_view id) { return ask(inside_checks(), id, facts).at(0); };
  for (const Check& check : inside_checks()) {
    INFO(check.id);
    CHECK(worst(check.look(facts)) == Severity::kOk);
  }

  inside.libcuda = library("/usr/lib/libcuda.so.570.1.2", "570.1.2", "LD_LIBRARY_PATH");
  CHECK(finding("inside-libcuda").severity == Severity::kError);
  CHECK(holds(finding("inside-libcuda").mend, "out of LD_LIBRARY_PATH"));
  inside.libcuda = library("/usr/local/cuda/compat/libcuda.so.570.1.2", "570.1.2", "ld.so.cache");
  CHECK(holds(finding("inside-libcuda").consequence, "803"));
  inside.libcuda = library("/usr/local/cuda/compat/libcuda.so.590.1.2", "590.1.2", "ld.so.cache");
  CHECK(finding("inside-libcuda").severity == Severity::kWarning);
  CHECK(holds(finding("inside-libcuda").consequence, "804"));
  facts.machine.gpus = {{.pci = "0000:18:00.0", .minor = 0, .model = "NVIDIA H200"},
                        {.pci = "0000:2a:00.0", .minor = 1, .model = "NVIDIA GeForce RTX 4090"}};
  facts.machine.module_version = "570.195.03";
  inside.libcuda =
      library("/usr/local/cuda/compat/libcuda.so.580.82.07", "580.82.07", "ld.so.cache");
  CHECK(finding("inside-libcuda").severity == Severity::kOk);
  CHECK(holds(finding("inside-libcuda").what, "forward compatibility"));
  inside.nodes.push_back({"/dev/nvidia1", 0});
  CHECK(finding("inside-libcuda").severity == Severity::kWarning);
  inside.nodes.pop_back();
  facts.machine.module_version = "580.95.05";
  inside.libcuda.reset();
  CHECK(holds(finding("inside-libcuda").what, "no libcuda.so.1"));

  for (auto [error, text] : {std::pair{EPERM, "EPERM"},
                             {ENXIO, "ENXIO"},
                             {EACCES, "EACCES"},
                             {ENODEV, "ENODEV"},
                             {EIO, "Input/output error"}}) {
    inside.nodes[0].error = error;
    CHECK(holds(finding("inside-nodes").what, text));
  }
  inside.nodes = {{"/dev/nvidia0", 0}, {"/dev/nvidia-modeset", ENXIO}};
  CHECK(finding("inside-nodes").severity == Severity::kNote);
  inside.nodes = {{"/dev/nvidia0", 0}};
  CHECK(finding("inside-uvm").severity == Severity::kError);
  inside.nodes.clear();
  inside.visible = "void";
  CHECK(holds(finding("inside-gpu").what, "was given no GPU (NVIDIA_VISIBLE_DEVICES is 'void')"));
  inside.mounted_driver = true;
  CHECK(holds(finding("inside-gpu").what, "files of the driver, but no node"));
}

TEST_CASE("inside: what is read") {
  if (!can_make_nodes()) return;
  TestMachine machine;
  CHECK_FALSE(is_inside_container(machine.places()));
  Facts facts;
  read_inside(machine.places(), facts);
  REQUIRE(facts.inside.libcuda);
  CHECK(facts.inside.libcuda->version == "580.95.05");
  REQUIRE(facts.inside.nodes.size() > 4);
  for (const OpenedNode& node : facts.inside.nodes) CHECK(node.error != 0);  // no driver is there
  std::string other = machine.path("other");
  machine.write("other/libcuda.so.999.88.77", "")
      .link("other/libcuda.so.1", "libcuda.so.999.88.77");
  REQUIRE(::setenv("LD_LIBRARY_PATH", other.c_str(), 1) == 0);
  read_inside(machine.places(), facts);
  ::unsetenv("LD_LIBRARY_PATH");
  CHECK(facts.inside.libcuda->version == "999.88.77");
  CHECK(facts.inside.libcuda->by == "LD_LIBRARY_PATH");
}
