// SPDX-License-Identifier: Apache-2.0
// Every check on a machine where it passes and on one where it does not; every mend that --fix runs
// makes its check pass.
#include <sys/stat.h>

#include "test/fixtures/doctor_machine.h"

using namespace outboard;
using namespace outboard::doctor;

namespace {

void unload(TestMachine& machine) {
  machine.remove("proc/driver/nvidia").write("proc/modules", "");
}

void uninstall(TestMachine& machine) {
  unload(machine);
  machine.remove("usr/lib/x86_64-linux-gnu");
}

}  // namespace

TEST_CASE("a healthy machine passes every check") {
  if (!can_make_nodes()) return;
  TestMachine machine;
  std::vector<const Check*> list;
  for (const Check& check : checks()) list.push_back(&check);
  auto results = run_checks(list, machine.places(), machine.patient());
  REQUIRE(results);
  for (const CheckResult& result : *results) {
    INFO(result.check->id);
    for (const Finding& finding : result.findings) {
      INFO(finding.what);
      CHECK(finding.severity <= Severity::kUnknown);
    }
  }
}

TEST_CASE("platforms are recognised") {
  if (!can_make_nodes()) return;
  TestMachine machine("none");
  CHECK(machine.ask("wsl").severity() == Severity::kOk);
  CHECK(machine.ask("jetson").severity() == Severity::kOk);
  machine.remove("sys/bus/pci").write("dev/dxg", "");
  CHECK(machine.ask("wsl").severity() == Severity::kError);
  CHECK(machine.ask("gpu-present").severity() == Severity::kOk);
  machine.remove("dev/dxg");
  CHECK(machine.ask("gpu-present").severity() == Severity::kError);
  machine.write("etc/nv_tegra_release", "# R36 (release), REVISION: 4.3, GCID: 1\nsecond line\n");
  CHECK(holds(machine.said("jetson"), "R36 (release), REVISION: 4.3"));
  CHECK(machine.ask("gpu-present").severity() == Severity::kOk);
}

TEST_CASE("a GPU without a driver is named, with the distribution's way to a driver") {
  if (!can_make_nodes()) return;
  TestMachine machine("h200x1");
  CHECK(machine.ask("driver-installed").severity() == Severity::kOk);
  uninstall(machine);
  machine.write("etc/os-release", "NAME=\"x\"\nID=ubuntu\n");
  std::string said = machine.said("driver-installed");
  CHECK(holds(said, "H200"));
  CHECK(holds(said, "Hopper, compute capability 9.0"));
  CHECK(holds(said, "ubuntu-drivers"));
  CHECK(holds(said, "; it runs CUDA 11.8 and newer, "));
  CHECK_FALSE(holds(said, "the last that drives"));
  CHECK(machine.ask("module-loaded").severity() == Severity::kOk);  // one cause, one finding

  // The distribution's newest driver is not for every card.
  machine.write(machine.gpu() + "/device", "0x102d\n");
  said = machine.said("driver-installed");
  CHECK(holds(said, "Tesla K80"));
  CHECK(holds(said,
              "['sudo apt install nvidia-driver-470'; branch 470 is the last that drives Kepler"));
  machine.remove("etc/os-release")
      .write("usr/lib/os-release",
             "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID='9.4'\n")
      .write(machine.gpu() + "/device", "0x1b80\n");  // GTX 1080
  CHECK(holds(machine.said("driver-installed"), "nvidia-driver:580-dkms', then "));
  machine.write(machine.gpu() + "/device", "0x0191\n");
  said = machine.said("driver-installed");
  CHECK(holds(said, "GeForce 8800 GTX (Tesla, compute capability 1.0)"));
  CHECK(holds(said, "no package of PyTorch"));

  // A card that the table does not know is named from the system's own pci.ids.
  machine.write(machine.gpu() + "/device", "0xfffe\n");
  CHECK(holds(machine.said("driver-installed"), "10de:fffe (unknown to this program"));
  machine.write(
      "usr/share/misc/pci.ids",
      "0e11  Other\n\tfffe  Wrong\n10de  NVIDIA Corporation\n\tfffd  No\n\tfffe  GX100 [Later]\n"
      "\t\t1028 0000  Sub\n10df  Next\n");
  CHECK(holds(machine.said("driver-installed"), "NVIDIA GX100 [Later] at"));
}

TEST_CASE("nouveau and vfio-pci are found where they have a GPU") {
  if (!can_make_nodes()) return;
  TestMachine machine("h200x1");
  CHECK(machine.ask("other-driver").severity() == Severity::kOk);
  std::string device = machine.gpu();
  machine.link(device + "/driver", "../../../bus/pci/drivers/nvidia");
  CHECK(machine.ask("other-driver").severity() == Severity::kOk);
  machine.append("proc/modules", "nouveau 2076672 0 - Live 0x0000000000000000\n");
  CHECK(machine.ask("other-driver").severity() == Severity::kWarning);
  machine.remove(device + "/driver").link(device + "/driver", "../../../bus/pci/drivers/nouveau");
  CHECK(holds(machine.said("other-driver"), "error: the kernel driver 'nouveau' has "));
  machine.remove(device + "/driver").link(device + "/driver", "../../../bus/pci/drivers/vfio-pci");
  CHECK(holds(machine.said("other-driver"), "for a virtual machine"));
}

TEST_CASE("a module that is not loaded, or not built for this kernel") {
  if (!can_make_nodes()) return;
  TestMachine machine("h200x1");
  CHECK(machine.ask("module-loaded").severity() == Severity::kOk);
  CHECK(machine.ask("module-built").severity() == Severity::kOk);
  unload(machine);
  CheckResult loaded = machine.ask("module-loaded");
  CHECK(loaded.severity() == Severity::kError);
  CHECK(loaded.findings.front().steps.empty());  // never on a simulated machine
  CHECK(machine.ask("module-built").severity() == Severity::kUnknown);
  machine.write("proc/sys/kernel/osrelease", "6.1.0-test\n")
      .write("lib/modules/6.1.0-test/kernel/fs/ext4.ko", "");
  CHECK(holds(machine.said("module-built"), "no nvidia kernel module for kernel 6.1.0-test"));
  for (const char* place : {"updates/dkms/nvidia.ko.xz", "kernel/nvidia-570/nvidia.ko.zst",
                            "extra/nvidia/nvidia.ko", "updates/dkms/nvidia-current.ko"}) {
    machine.write(cat("lib/modules/6.1.0-test/", place), "");
    CHECK(machine.ask("module-built").severity() == Severity::kOk);
    machine.remove(cat("lib/modules/6.1.0-test/", place));
  }
}

TEST_CASE("parts of the driver of different versions, and who holds the module") {
  if (!can_make_nodes()) return;
  TestMachine machine("h200x1");
  CHECK(machine.ask("driver-version").severity() == Severity::kOk);
  CHECK(machine.ask("driver-libraries").severity() == Severity::kOk);
  machine.replace("proc/driver/nvidia/version", "580.95.05", "575.57.08");
  CHECK(holds(machine.said("driver-version"),
              "error: the kernel module is 575.57.08, the libraries are 580.95.05; no program uses "
              "the module now [reboot"));
  machine.write("proc/4711/comm", "python3\n").link("proc/4711/fd/3", machine.path("dev/nvidia0"));
  machine.write("proc/4712/comm", "sshd\n").link("proc/4712/fd/3", "/dev/null");
  CHECK(holds(machine.said("driver-version"), "in use by python3 (4711) ["));
  machine.replace("proc/driver/nvidia/version", "575.57.08", "590.44.01");
  CHECK(holds(machine.said("driver-version"), "install the libraries"));
  machine.remove("usr/lib/x86_64-linux-gnu");
  CHECK(machine.ask("driver-version").severity() == Severity::kOk);
  CHECK(machine.ask("driver-libraries").severity() == Severity::kError);
}

TEST_CASE("a GPU that the driver leaves alone") {
  if (!can_make_nodes()) return;
  TestMachine machine;
  CHECK(machine.ask("gpus-used").severity() == Severity::kOk);
  std::string gpu = list_directory(machine.path("proc/driver/nvidia/gpus"))->front();
  std::string information = cat("proc/driver/nvidia/gpus/", gpu, "/information");
  machine.replace(information, "GPU Excluded:\t No", "GPU Excluded:\t Yes");
  CHECK(machine.ask("gpus-used").severity() == Severity::kNote);
  machine.remove(cat("proc/driver/nvidia/gpus/", gpu));
  CHECK(holds(machine.said("gpus-used"), "error: the driver does not use NVIDIA "));
}

TEST_CASE("files of the driver that others can change") {
  if (!can_make_nodes()) return;
  Facts facts;
  facts.root = true;
  facts.machine.files = {{host::FileKind::kLibrary, "/usr/lib/libcuda.so.1", "libcuda.so"}};
  const Check& check = *find_check("driver-owner");
  CHECK(check.look(facts).empty());
  facts.machine.files[0].distrust = "owned by user 1000";
  REQUIRE(check.look(facts).size() == 1);
  CHECK(check.look(facts)[0].what ==
        "the driver's file '/usr/lib/libcuda.so.1' is owned by user 1000");
  facts.root = false;
  CHECK(check.look(facts)[0].severity == Severity::kOk);
}

TEST_CASE("missing nodes are made with the kernel's numbers, and linked") {
  if (!can_make_nodes()) return;
  TestMachine machine("a100x8-mig");
  CHECK(machine.ask("nodes").severity() == Severity::kOk);
  machine.remove("dev/nvidia1").remove("dev/nvidia-caps").remove("dev/char");
  CHECK(machine.ask("nodes").severity() == Severity::kError);
  CHECK(machine.mended("nodes") == Severity::kOk);
  struct stat status;
  REQUIRE(::stat(machine.path("dev/nvidia1").c_str(), &status) == 0);
  CHECK(minor(status.st_rdev) == 1);
  CHECK((status.st_mode & 07777) == 0666);

  CHECK(machine.ask("nvidia-uvm").severity() == Severity::kOk);
  machine.remove("dev/nvidia-uvm").remove("dev/nvidia-uvm-tools");
  CHECK(holds(machine.said("nvidia-uvm"), "nvidia-uvm-tools"));
  CHECK(machine.mended("nvidia-uvm") == Severity::kOk);
  CHECK(machine.ask("node-numbers").severity() == Severity::kOk);

  machine.remove("dev/nvidia0")
      .replace("proc/driver/nvidia/params", "ModifyDeviceFiles: 1", "ModifyDeviceFiles: 0");
  CheckResult forbidden = machine.ask("nodes");
  CHECK(forbidden.severity() == Severity::kError);
  CHECK(forbidden.findings.front().steps.empty());
  CHECK(holds(forbidden.findings.front().mend, "ModifyDeviceFiles"));
}

TEST_CASE("nvidia-uvm that is not loaded") {
  if (!can_make_nodes()) return;
  TestMachine machine("h200x1");
  std::string devices = *read_file(machine.path("proc/devices")), kept;
  for (std::string_view line : split(devices, '\n')) {
    if (line.find("nvidia-uvm") == std::string_view::npos) kept += cat(line, "\n");
  }
  machine.write("proc/devices", kept);
  CHECK(holds(machine.said("nvidia-uvm"), "error: the kernel module nvidia-uvm is not loaded"));
}

TEST_CASE("nodes with wrong numbers and modes are put right") {
  if (!can_make_nodes()) return;
  TestMachine machine("h200x1");
  CHECK(machine.ask("node-numbers").severity() == Severity::kOk);
  machine.renumber("dev/nvidia-uvm", 7);
  CHECK(holds(machine.said("node-numbers"), ":7, the kernel's is "));
  // One cause, one finding: nobody links the wrong number, or changes the mode of the old node.
  REQUIRE(::chmod(machine.path("dev/nvidia-uvm").c_str(), 0600) == 0);
  CHECK(machine.ask("char-links").severity() == Severity::kOk);
  CHECK(machine.ask("node-modes").severity() == Severity::kOk);
  CHECK(machine.mended("node-numbers") == Severity::kOk);
  machine.remove("dev/nvidia0").write("dev/nvidia0", "");
  CHECK(holds(machine.said("node-numbers"), "is a file and no device"));
  CHECK(machine.ask("node-numbers").findings.front().steps.empty());

  CHECK(machine.ask("node-modes").severity() == Severity::kOk);
  REQUIRE(::chmod(machine.path("dev/nvidiactl").c_str(), 0600) == 0);
  REQUIRE(::chown(machine.path("dev/nvidiactl").c_str(), 0, 44) == 0);
  CHECK(holds(machine.said("node-modes"),
              "is 0600 of 0:44, the driver's parameters say 0666 of 0:0"));
  CHECK(machine.mended("node-modes") == Severity::kOk);
}

TEST_CASE("links in /dev/char") {
  if (!can_make_nodes()) return;
  TestMachine machine;
  CHECK(machine.ask("char-links").severity() == Severity::kOk);
  machine.remove("dev/char");
  CHECK(holds(machine.said("char-links"), "note: no link in "));
  REQUIRE(make_directories(machine.path("run/systemd/system")));
  auto consequence = [&] { return machine.ask("char-links").findings.front().consequence; };
  CHECK(holds(consequence(), "no engine here leaves its containers' cgroups to systemd"));
  machine.write("usr/bin/podman", "").write("usr/bin/crun", "");
  for (const char* name : {"usr/bin/podman", "usr/bin/crun"})
    REQUIRE(::chmod(machine.path(name).c_str(), 0755) == 0);
  CHECK(holds(machine.said("char-links"), "warning: no link in "));
  CHECK(holds(machine.said("char-links"), "; of Podman systemd makes the cgroups"));
  machine.write("etc/containers/containers.conf", "[engine]\ncgroup_manager = \"cgroupfs\"\n");
  CHECK(machine.ask("char-links").severity() == Severity::kNote);
  machine.remove("etc/containers/containers.conf");
  CHECK(machine.mended("char-links") == Severity::kOk);
}

TEST_CASE("links in /dev/char matter to Docker under systemd, with some versions of runc alone") {
  Facts facts;
  facts.machine.missing_char_links = {"195:0"};
  facts.system.systemd = true;
  auto severity = [&] { return find_check("char-links")->look(facts).front().severity; };
  CHECK(severity() == Severity::kNote);
  facts.docker.client = "/usr/bin/docker";  // which could not be asked
  CHECK(severity() == Severity::kWarning);
  facts.docker.info.emplace();
  facts.docker.info->cgroup_driver = "cgroupfs";
  CHECK(severity() == Severity::kNote);
  facts.docker.info->cgroup_driver = "systemd";
  CHECK(severity() == Severity::kWarning);
  facts.system.systemd_version = "252";
  for (const char* harmless : {"1.1.2", "1.1.7", "1.3.6+ds1"}) {
    facts.system.runc_version = harmless;
    CHECK(severity() == Severity::kNote);
  }
  facts.system.runc_version = "1.1.5+ds1";
  CHECK(severity() == Severity::kWarning);
  facts.docker.info->runc = "1.2.4";
  CHECK(severity() == Severity::kNote);
  facts.system.systemd_version = "239";
  CHECK(severity() == Severity::kWarning);
}
