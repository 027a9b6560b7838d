// SPDX-License-Identifier: Apache-2.0
// Control groups and what runs short: every check on a machine where it passes and on one where it
// does not.
#include <sys/stat.h>

#include <limits>

#include "doctor/read_engines.h"
#include "test/fixtures/doctor_machine.h"

using namespace outboard;
using namespace outboard::doctor;

TEST_CASE("control groups") {
  if (!can_make_nodes()) return;
  TestMachine machine("h200x1");
  CHECK(machine.said("cgroups") == "ok: a simulated machine has none of its own []\n");
  CHECK(worst("cgroups", Facts{}) == Severity::kUnknown);
  REQUIRE(make_directories(machine.path("sys/fs/cgroup")));
  CHECK(machine.ask("cgroups").severity() == Severity::kWarning);
  REQUIRE(make_directories(machine.path("sys/fs/cgroup/devices")));
  CHECK(holds(machine.said("cgroups"), "ok: cgroup v1 ["));
  REQUIRE(make_directories(machine.path("sys/fs/cgroup/unified")));
  CHECK(holds(machine.said("cgroups"), "v2 beside it"));
  machine.write("sys/fs/cgroup/cgroup.controllers", "cpu\n");
  CHECK(holds(machine.said("cgroups"), "ok: cgroup v2"));

  // Who manages them.
  machine.write("usr/bin/podman", "").write("usr/bin/crio", "").write("usr/bin/crun", "");
  for (const char* name : {"usr/bin/podman", "usr/bin/crio", "usr/bin/crun"})
    REQUIRE(::chmod(machine.path(name).c_str(), 0755) == 0);
  CHECK(machine.said("cgroups") == "ok: cgroup v2; CRI-O: systemd, Podman: cgroupfs []\n");
  machine.write("var/lib/kubelet/config.yaml",
                "kind: KubeletConfiguration\ncgroupDriver: systemd\n");
  CHECK(machine.ask("cgroups").severity() == Severity::kOk);
  machine.write("etc/crio/crio.conf", "[crio.runtime]\ncgroup_manager = \"cgroupfs\"\n");
  CHECK(holds(machine.said("cgroups"),
              "warning: kubelet's cgroup driver is systemd, CRI-O's is cgroupfs [set "));
  machine.write("var/lib/kubelet/config.yaml", "cgroupDriver: \"cgroupfs\"\n");
  CHECK(machine.ask("cgroups").severity() == Severity::kOk);
  machine.write("var/lib/kubelet/config.yaml", "  cgroupDriver: systemd\n");
  CHECK(machine.ask("cgroups").severity() == Severity::kOk);
}

TEST_CASE("the cgroup driver that Docker reports, and engines that tell kubelet theirs") {
  Facts facts;
  facts.system.cgroups = Cgroups::kV2;
  facts.docker.info = docker_info(
      *json::parse(R"({"CgroupDriver": "systemd", "CgroupVersion": "2"})", "info"), std::nullopt);
  auto said = [&] { return find_check("cgroups")->look(facts).at(0).what; };
  CHECK(said() == "cgroup v2; Docker: systemd (version 2)");
  facts.containerd.name = "containerd";
  facts.containerd.systemd_cgroups = false;
  facts.system.kubelet_cgroups = "systemd";
  CHECK(said() == "kubelet's cgroup driver is systemd, containerd's is cgroupfs");
  facts.containerd.version = "1.7.24~ds1";
  CHECK(worst("cgroups", facts) == Severity::kWarning);
  facts.containerd.version = "2.1.4";
  CHECK(said() == "cgroup v2; Docker: systemd (version 2), containerd: cgroupfs");
  facts.containerd.version.reset();
  facts.containerd.plugin_off = true;  // Kubernetes cannot use it
  CHECK(said() == "cgroup v2; Docker: systemd (version 2)");
}

TEST_CASE("shared memory, locked memory, disks and mounts") {
  Facts facts;
  CHECK(worst("shared-memory", facts) == Severity::kOk);
  facts.limits.shared_memory = 64U << 20;
  CHECK(worst("shared-memory", facts) == Severity::kWarning);
  CHECK(find_check("shared-memory")->look(facts)[0].steps.size() == 1);
  facts.machine.simulated = true;
  CHECK(find_check("shared-memory")->look(facts)[0].steps.empty());
  facts.limits.shared_memory = 2ULL << 30;
  CHECK(worst("shared-memory", facts) == Severity::kOk);

  facts.processes.processes = {{10, "dockerd", false, 8U << 20}};
  CHECK(worst("memory-lock", facts) == Severity::kOk);
  facts.pci.infiniband = true;
  CHECK(worst("memory-lock", facts) == Severity::kWarning);
  auto docker = [&](const char* text) { facts.docker.config = *json::parse(text, "daemon.json"); };
  docker(R"({"default-ulimits": {"memlock": {"Name": "memlock", "Hard": -1, "Soft": 65536}}})");
  CHECK(worst("memory-lock", facts) == Severity::kWarning);
  docker(R"({"default-ulimits": {"memlock": {"Name": "memlock", "Hard": -1, "Soft": -1}}})");
  CHECK(worst("memory-lock", facts) == Severity::kOk);
  docker(R"({"default-shm-size": "8G"})");
  CHECK(holds(find_check("shared-memory")->look(facts).at(0).what,
              "2 GiB; a /dev/shm of Docker's containers has 8G (default-shm-size)"));
  facts.processes.processes[0].memory_lock = std::numeric_limits<uint64_t>::max();
  CHECK(worst("memory-lock", facts) == Severity::kOk);

  facts.stores = {{"Docker", "/var/lib/docker", 50ULL << 30, 100ULL << 30, 90, 100}};
  CHECK(worst("disk-space", facts) == Severity::kOk);
  facts.stores[0].free_bytes = 5ULL << 30;
  CHECK(worst("disk-space", facts) == Severity::kWarning);
  facts.stores[0].free_bytes = 50ULL << 30;
  facts.stores[0].free_files = 0;
  CHECK(worst("disk-space", facts) == Severity::kWarning);

  if (!can_make_nodes()) return;
  TestMachine machine("h200x1");
  machine.write("proc/1/mountinfo", "1 2 0:1 / / rw - ext4 x rw\n");
  CHECK(machine.ask("driver-mounts").severity() == Severity::kOk);
  std::string many;
  for (int i = 0; i < 1001; i++) many += cat(i, " 2 0:1 / /x/libnvidia-ml.so.1 rw - ext4 x rw\n");
  machine.write("proc/1/mountinfo", many);
  CHECK(machine.ask("driver-mounts").severity() == Severity::kWarning);
  // From the files that the numbers come from.
  machine.write("sys/class/infiniband/mlx5_0/node_type", "1: CA\n")
      .write("proc/10/comm", "dockerd\n")
      .write("proc/10/limits",
             "Limit                     Soft Limit           Hard Limit           Units     \n"
             "Max locked memory         67108864             67108864             bytes     \n");
  CHECK(holds(machine.said("memory-lock"), "dockerd (10) may lock 65536 KiB"));
  machine.replace("proc/10/limits", "67108864             67108864 ",
                  "unlimited            unlimited");
  CHECK(machine.ask("memory-lock").severity() == Severity::kOk);
}
