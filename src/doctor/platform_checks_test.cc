// SPDX-License-Identifier: Apache-2.0
// WSL and Jetson, what SELinux, AppArmor and Secure Boot keep out, a loader cache of another
// driver, IMEX: each on a machine where it is found and on one where it is not.
#include "test/fixtures/doctor_machine.h"

using namespace outboard;
using namespace outboard::doctor;

namespace {

constexpr const char* kWslKernel = "5.15.153.1-microsoft-standard-WSL2\n";

}  // namespace

TEST_CASE("WSL with its GPU, without one, and with a Linux driver inside") {
  if (!can_make_nodes()) return;
  TestMachine machine("none");
  machine.write("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
  CHECK(machine.ask("wsl").severity() == Severity::kOk);
  machine.write("proc/sys/kernel/osrelease", kWslKernel);
  CHECK(holds(machine.said("wsl"), "without a GPU: there is no /dev/dxg [install NVIDIA's driver"));
  CHECK(machine.ask("gpu-present").severity() == Severity::kOk);
  machine.write("dev/dxg", "");
  CHECK(holds(machine.said("wsl"), "the GPU is behind /dev/dxg"));
  CHECK(holds(machine.said("wsl"), "/usr/lib/wsl/lib has no libcuda.so.1"));
  machine.write("usr/lib/wsl/lib/libcuda.so.1", "");
  CHECK(machine.ask("wsl").findings.size() == 1);

  TestMachine installed("h200x1");
  installed.write("proc/sys/kernel/osrelease", kWslKernel).write("dev/dxg", "");
  CHECK(holds(installed.said("wsl"), "a Linux driver 580.95.05 is installed inside WSL"));
}

TEST_CASE("a Jetson by its release file or its device tree, and one with a discrete GPU") {
  if (!can_make_nodes()) return;
  TestMachine machine("none");
  std::string compatible("nvidia,p3737-0000+p3701-0005\0nvidia,tegra234\0", 45);
  machine.write("proc/device-tree/compatible", std::string("raspberrypi,4-model-b\0brcm\0", 27));
  CHECK(machine.ask("jetson").severity() == Severity::kOk);
  machine.write("proc/device-tree/compatible", compatible)
      .write("proc/device-tree/model", std::string("NVIDIA Jetson AGX Orin\0", 23));
  CHECK(holds(machine.said("jetson"), "error: this is a Jetson (NVIDIA Jetson AGX Orin), whose"));
  machine.write("etc/nv_tegra_release", "# R36 (release), REVISION: 4.3\n");
  CHECK(holds(machine.said("jetson"), "(NVIDIA Jetson AGX Orin, # R36 (release), REVISION: 4.3)"));

  TestMachine discrete("rtx4090x2");
  discrete.write("proc/device-tree/compatible", compatible);
  CHECK(holds(discrete.said("jetson"), "note: this is a Jetson (a board with a Tegra)"));
}

TEST_CASE("denials since boot that auditd keeps out of the kernel log") {
  if (!can_make_nodes()) return;
  TestMachine machine("h200x1");
  const char* log = "var/log/audit/audit.log";
  machine.write("dev/kmsg", "6,1,1,-;nothing\n")
      .write("proc/stat", "cpu 1 2\nbtime 1732170000\n")
      .write("sys/fs/selinux/enforce", "1")
      .write("sys/module/apparmor/parameters/enabled", "Y\n")
      .write(log,
             "type=AVC msg=audit(1732170001.1:1): avc:  denied  { read } for  pid=1 comm=\"sh\" "
             "name=\"other\" tcontext=system_u:object_r:etc_t:s0\n"
             "type=AVC msg=audit(1732160000.1:1): avc:  denied  { read } for  pid=1 comm=\"sh\" "
             "name=\"nvidia0\"\n");
  CHECK(machine.ask("selinux").severity() == Severity::kOk);
  CHECK(machine.ask("apparmor").severity() == Severity::kOk);
  machine.append(log,
                 "type=AVC msg=audit(1732170002.1:2): avc:  denied  { read write } for  pid=9 "
                 "comm=\"python3\" path=\"/dev/nvidiactl\" dev=\"devtmpfs\" "
                 "scontext=system_u:system_r:container_t:s0:c1,c2 "
                 "tcontext=system_u:object_r:xserver_misc_device_t:s0 tclass=chr_file\n");
  CHECK(
      holds(machine.said("selinux"),
            "error: SELinux has denied access to a node of the driver (latest: comm python3, path "
            "/dev/nvidiactl, scontext system_u:system_r:container_t:s0:c1,c2, tcontext "
            "system_u:object_r:xserver_misc_device_t:s0)"));
  machine.append(log,
                 "type=AVC msg=audit(1732170003.1:3): apparmor=\"DENIED\" operation=\"open\" "
                 "profile=\"docker-default\" name=\"/dev/nvidia0\" pid=3 comm=\"x\" "
                 "denied_mask=\"wr\"\n");
  CHECK(holds(machine.said("apparmor"),
              "(latest: profile docker-default, name /dev/nvidia0, comm x, denied_mask wr)"));
}

TEST_CASE("Secure Boot with a module that carries no signature") {
  if (!can_make_nodes()) return;
  TestMachine machine("h200x1");
  const char* module = "lib/modules/6.1.0-test/updates/dkms/nvidia.ko";
  machine.remove("proc/driver/nvidia")
      .write("dev/kmsg", "6,1,1,-;nothing\n")
      .write("proc/sys/kernel/osrelease", "6.1.0-test\n")
      .write("sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
             std::string("\6\0\0\0\1", 5))
      .write(module, "ELF, and so on");
  CHECK(holds(machine.said("secure-boot"),
              "error: Secure Boot is on, and the driver's module "
              "'/lib/modules/6.1.0-test/updates/dkms/nvidia.ko' is not signed"));
  machine.write(module, "ELF, and so on~Module signature appended~\n");
  CHECK(
      holds(machine.said("secure-boot"), "warning: Secure Boot is on, and the driver's module is"));
  machine.remove(module).write(cat(module, ".xz"), "?");
  CHECK(machine.ask("secure-boot").severity() == Severity::kWarning);
}

TEST_CASE("a loader cache that leads to another driver") {
  if (!can_make_nodes()) return;
  TestMachine machine("h200x1");
  CHECK(machine.ask("ld-cache").severity() == Severity::kOk);
  Facts facts;
  facts.machine.module_version = facts.machine.library_version = "590.44.01";
  facts.system.cached_libcuda = {"/usr/local/cuda/compat/libcuda.so.1"};
  facts.system.cached_version = "580.95.05";
  Findings findings = find_check("ld-cache")->look(facts);
  CHECK(findings.at(0).severity == Severity::kWarning);
  CHECK(holds(findings.at(0).what, "of driver 580.95.05, the kernel module is 590.44.01"));
  facts.system.cached_version = "590.44.01";
  CHECK(find_check("ld-cache")->look(facts).at(0).severity == Severity::kOk);
  machine.remove("proc/driver/nvidia");
  CHECK(machine.ask("ld-cache").severity() == Severity::kOk);
}

TEST_CASE("IMEX: its daemon and its channels") {
  if (!can_make_nodes()) return;
  TestMachine machine("h200x1");
  const char* hosts = "etc/nvidia-imex/nodes_config.cfg";
  CHECK(machine.ask("imex").severity() == Severity::kOk);
  machine.write(hosts, "# one host by line\n\n");
  CHECK(machine.ask("imex").severity() == Severity::kOk);
  machine.write(machine.gpu() + "/device", "0x2941\n");  // GB200
  CHECK(machine.mended("imex") == Severity::kNote);
  CHECK(holds(machine.said("imex"), "note: the IMEX daemon does not run, and no hosts"));
  machine.write(hosts, "# one host by line\n10.0.0.1\n10.0.0.2\n");
  CHECK(
      holds(machine.said("imex"), "error: /etc/nvidia-imex/nodes_config.cfg names hosts, and the"));
  machine.write("proc/90/comm", "nvidia-imex\n");
  CHECK(machine.ask("imex").severity() == Severity::kOk);
}
