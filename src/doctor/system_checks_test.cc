// SPDX-License-Identifier: Apache-2.0
// Services, the log, health and the system around: every check on a machine where it
// passes and on one where it does not.
#include <sys/stat.h>

#include <algorithm>

#include "compat/tables.h"
#include "test/fixtures/doctor_machine.h"

using namespace outboard;
using namespace outboard::doctor;

namespace {

host::NvmlGpu healthy_gpu() {
  host::NvmlGpu gpu;
  gpu.pci = "0000:18:00.0";
  gpu.health = host::NvmlHealth{.persistence = true,
                                .temperature = 41,
                                .clock_reasons = 0x1,
                                .ecc = true,
                                .ecc_after_reboot = true,
                                .uncorrected = 0,
                                .uncorrected_ever = 0,
                                .remapped_rows = 0,
                                .retirement_pending = false,
                                .remapping_failed = false};
  return gpu;
}

Facts with_nvml(const host::NvmlGpu& gpu) {
  Facts facts;
  facts.machine.module_version = facts.machine.library_version = "580.1.1";
  facts.nvml.answer = host::NvmlAnswer{};
  facts.nvml.answer->gpus = {gpu};
  return facts;
}

}  // namespace

TEST_CASE("persistence daemon and fabric manager") {
  if (!can_make_nodes()) return;
  TestMachine machine("a100x8-mig");  // a server with NVSwitches
  CHECK(machine.ask("persistence").severity() == Severity::kOk);
  machine.remove("run/nvidia-persistenced");
  CHECK(machine.ask("persistence").severity() == Severity::kNote);
  machine.write("proc/77/comm", "nvidia-persiste\n");
  CHECK(machine.ask("persistence").severity() == Severity::kOk);
  Facts facts = with_nvml(healthy_gpu());
  CHECK(worst("persistence", facts) == Severity::kOk);
  facts.nvml.answer->gpus[0].health->persistence = false;
  CHECK(worst("persistence", facts) == Severity::kNote);

  CHECK(machine.ask("fabric-manager").severity() == Severity::kOk);
  machine.remove("run/nvidia-fabricmanager");
  CHECK(holds(machine.said("fabric-manager"), "error: the GPUs hang on NVSwitches"));
  machine.write("proc/78/comm", "nv-fabricmanage\n");
  CHECK(machine.ask("fabric-manager").severity() == Severity::kOk);
  TestMachine desktop("rtx4090x2");
  CHECK(desktop.ask("fabric-manager").severity() == Severity::kOk);
}

TEST_CASE("ld.so.cache without libcuda is made again") {
  if (!can_make_nodes()) return;
  TestMachine machine("h200x1");
  CHECK(holds(machine.said("ld-cache"), "ok: libcuda.so.1 is /"));
  // Module and libraries of two versions are driver-version's to tell.
  machine.replace("proc/driver/nvidia/version", "580.95.05", "575.57.08");
  CHECK(machine.ask("driver-version").severity() == Severity::kError);
  CHECK(holds(machine.said("ld-cache"), "ok: libcuda.so.1 is /"));
  machine.replace("proc/driver/nvidia/version", "575.57.08", "580.95.05");
  machine.remove("etc/ld.so.cache");
  CHECK(machine.ask("ld-cache").severity() == Severity::kWarning);
  CHECK(machine.mended("ld-cache") == Severity::kOk);
  machine.write("etc/ld.so.cache", "not a cache");
  CHECK(machine.ask("ld-cache").severity() == Severity::kWarning);
  CHECK(machine.mended("ld-cache") == Severity::kOk);
}

TEST_CASE("MIG mode without devices, IMEX channels") {
  if (!can_make_nodes()) return;
  host::NvmlGpu gpu = healthy_gpu();
  CHECK(worst("mig", with_nvml(gpu)) == Severity::kOk);
  gpu.mig_enabled = true;
  gpu.minor = 3;
  CHECK(worst("mig", with_nvml(gpu)) == Severity::kWarning);
  // Its instances are in /proc: their nodes are missing, and the layout is left alone.
  Facts instances = with_nvml(gpu);
  instances.machine.mig = {{.gpu_minor = 3, .gpu_instance = 1, .cap_minor = 12}};
  CHECK(worst("mig", instances) == Severity::kOk);
  instances.machine.mig[0].gpu_minor = 4;
  CHECK(worst("mig", instances) == Severity::kWarning);
  gpu.mig.push_back({});
  CHECK(worst("mig", with_nvml(gpu)) == Severity::kOk);

  TestMachine machine("h200x1");
  CHECK(machine.ask("imex").severity() == Severity::kOk);
  machine.write(machine.gpu() + "/device", "0x2941\n");  // GB200
  CHECK(machine.ask("imex").severity() == Severity::kNote);
  machine.write("proc/90/comm", "nvidia-imex\n");
  CHECK(machine.mended("imex") == Severity::kOk);
}

TEST_CASE("Xid errors are grouped, weighed and explained") {
  if (!can_make_nodes()) return;
  TestMachine machine("h200x1");
  for (const char* id : {"xid", "driver-log", "pcie-errors"})
    CHECK(machine.said(id) == "ok: a simulated machine has no kernel log []\n");
  machine.remove("outboard-sim.json");
  CHECK(machine.ask("xid").severity() == Severity::kUnknown);
  machine.write("dev/kmsg", "6,1,100,-;Linux version 6.1\n6,2,200,-;nvidia: loading\n");
  CHECK(machine.ask("xid").severity() == Severity::kOk);
  machine.append("dev/kmsg", "3,3,7200000000,-;NVRM: Xid (PCI:0000:18:00): 13, pid=7, Graphics\n");
  CHECK(machine.ask("xid").severity() == Severity::kNote);
  machine.append("dev/kmsg", "3,4,7300000000,-;NVRM: Xid (PCI:0000:18:00): 63, Row Remapper\n");
  CHECK(machine.ask("xid").severity() == Severity::kWarning);
  machine.append("dev/kmsg",
                 "3,5,7400000000,-;NVRM: Xid (PCI:0000:18:00): 79, GPU has fallen off the bus.\n"
                 " SUBSYSTEM=pci\n"
                 "3,6,7500000000,-;NVRM: Xid (PCI:0000:18:00): 79, GPU has fallen off the bus.\n");
  CHECK(machine.ask("xid").severity() == Severity::kError);
  std::string said = machine.said("xid");
  CHECK(holds(said,
              "error: Xid 79 on 0000:18:00 (2 times, last 2 h after boot): the GPU has fallen"));
  CHECK(said.find("Xid 79") < said.find("Xid 63"));
  CHECK(said.find("Xid 63") < said.find("Xid 13"));

  machine.write("dev/kmsg",
                "[   12.5] NVRM: Xid (0000:01:00): 4711, what\n[ 13.0] NVRM: Xid (broken\n");
  CHECK(holds(machine.said("xid"),
              "warning: Xid 4711 on 0000:01:00 (once, last 12 s after boot): a "
              "number that this program does not know"));
  for (const compat::XidRow& row : compat::built_in_tables().xids) {
    INFO(row.xid);
    constexpr std::string_view kKinds[] = {"information", "application", "watch",
                                           "driver",      "reset",       "hardware"};
    CHECK(std::find(std::begin(kKinds), std::end(kKinds), row.kind) != std::end(kKinds));
  }
}

TEST_CASE(
    "Xids by their weight, with what an administrator added, and the recovery that is wanted") {
  Facts facts;
  auto say = [&](const std::string& rest) {
    facts.log.lines = {{1.0, "NVRM: Xid (PCI:0000:18:00): " + rest}};
    Findings findings = find_check("xid")->look(facts);
    REQUIRE(findings.size() == 1);
    return findings.front();
  };
  CHECK(say("107, test").severity == Severity::kNote);
  CHECK(say("31, pid=7").severity == Severity::kNote);
  CHECK(say("63, Row Remapper").severity == Severity::kWarning);
  CHECK(say("63, Row Remapper").consequence == "none now; it may be the first sign of a defect");
  CHECK(say("32, pid=7").severity == Severity::kWarning);
  CHECK(say("119, pid=7, Timeout").severity == Severity::kWarning);
  CHECK(say("143, GPU init").severity == Severity::kError);
  CHECK(holds(say("149, NETIR_LINK_EVT Fatal XC0 i0 Link 08 (0x4505c6)").what, "unit NETIR"));

  Finding none =
      say("154, GPU recovery action changed from 0x1 (GPU Reset Required) to 0x0 (None)");
  CHECK(none.severity == Severity::kNote);
  Finding reboot =
      say("154, GPU recovery action changed from 0x0 (None) to 0x2 (Node Reboot Required)");
  CHECK(reboot.severity == Severity::kError);
  CHECK(holds(reboot.what, "what this GPU needs now: 'Node Reboot Required'"));
  for (const char* rest :
       {"154, GPU recovery action", "154, from 0x0 (None) to 0x2 (", "154, ) to 0x"})
    CHECK(say(rest).severity == Severity::kWarning);

  CHECK(holds(say("4711, what").what, "a number that this program does not know"));
  auto tables = std::make_shared<compat::Tables>(compat::built_in_tables());
  REQUIRE(compat::add_rows(*tables, "xid.csv",
                           "xid,class,meaning,look,action,confidence,source\n"
                           "4711,hardware,the site's own,,call the site,high,us\n"
                           "31,hardware,corrected,,look,high,us\n")
              .empty());
  facts.own.tables = tables;
  CHECK(say("4711, what").mend == "call the site");
  CHECK(say("31, pid=7").severity == Severity::kError);
  CHECK(say("79, GPU").severity == Severity::kError);
}

TEST_CASE("what the driver says when it refuses a GPU") {
  if (!can_make_nodes()) return;
  TestMachine machine("h200x1");
  machine.write("dev/kmsg",
                "6,2,200,-;nvidia: loading out-of-tree module taints kernel.\n"
                "6,2,300,-;usb: version magic of something else\n");
  CHECK(machine.ask("driver-log").severity() == Severity::kOk);
  for (const char* line :
       {"NVRM: GPU 0000:18:00.0: RmInitAdapter failed! (0x62:0xffff:2466)",
        "NVRM: This PCI I/O region assigned to your NVIDIA device is invalid:",
        "NVRM: installed in this system requires use of the NVIDIA open kernel modules.",
        "NVRM: installed in this system is not supported by open nvidia.ko because it does not",
        "NVRM: The NVIDIA Tesla K80 GPU is supported through the NVIDIA 470.xx Legacy drivers.",
        "NVRM: The NVIDIA probe routine was not called for 1 device(s).",
        "nvidia: version magic '6.1.0-1 SMP' should be '6.1.0-2 SMP'",
        "nvidia: disagrees about version of symbol module_layout"}) {
    INFO(line);
    machine.write("dev/kmsg", cat("3,9,12000000,-;", line, "\n"));
    CHECK(machine.ask("driver-log").severity() == Severity::kError);
  }
  machine.write("dev/kmsg", "3,9,12000000,-;nvidia-uvm: a fatal error happened\n");
  CHECK(machine.ask("driver-log").severity() == Severity::kWarning);

  machine.write("dev/kmsg",
                "3,9,1,-;pcieport 0000:00:01.0: AER: Corrected error received: 0000:18:00.0\n"
                "3,9,1,-;e1000 0000:00:19.0: AER: Uncorrected (Fatal) error\n");
  CHECK(machine.ask("pcie-errors").severity() == Severity::kOk);
  std::string pci = file_name_of(machine.gpu());
  machine.append("dev/kmsg",
                 cat("3,9,1,-;pcieport 0000:00:01.0: AER: Uncorrected (Non-Fatal) error "
                     "received: ",
                     pci, "\n"));
  CHECK(holds(machine.said("pcie-errors"), pci));
}

TEST_CASE("health as NVML tells it") {
  for (const char* id : {"nvml", "gpu-memory", "throttling"}) {
    CHECK(worst(id, with_nvml(healthy_gpu())) == Severity::kOk);
    Facts facts = with_nvml(healthy_gpu());
    facts.nvml.answer.reset();
    CHECK(worst(id, facts) == Severity::kUnknown);
  }
  Facts failed = with_nvml(healthy_gpu());
  failed.nvml.answer.reset();
  failed.nvml.error = "ask NVML: it crashed";
  CHECK(worst("nvml", failed) == Severity::kError);
  CHECK(worst("throttling", failed) == Severity::kUnknown);

  auto with = [](auto change) {
    host::NvmlGpu gpu = healthy_gpu();
    change(*gpu.health);
    return with_nvml(gpu);
  };
  CHECK(worst("gpu-memory", with([](auto& health) { health.uncorrected = 2; })) ==
        Severity::kWarning);
  CHECK(worst("gpu-memory", with([](auto& health) { health.retirement_pending = true; })) ==
        Severity::kWarning);
  CHECK(worst("gpu-memory", with([](auto& health) { health.remapping_failed = true; })) ==
        Severity::kError);
  auto told = [&](auto change) {
    Findings findings = find_check("gpu-memory")->look(with(change));
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].severity == Severity::kNote);
    return findings[0].what;
  };
  CHECK(told([](auto& health) {
          health.retired_pages = 2;
          health.uncorrected_ever = 5;
        }) ==
        "GPU 0 (0000:18:00.0) has 2 pages of its memory retired, 5 uncorrectable memory "
        "errors in its life");
  CHECK(told([](auto& health) { health.remapped_rows = 1; }) ==
        "GPU 0 (0000:18:00.0) has 1 row of its memory remapped");
  CHECK(told([](auto& health) { health.ecc = health.ecc_after_reboot = false; }) ==
        "GPU 0 (0000:18:00.0) has ECC off");
  CHECK(told([](auto& health) {
          health.ecc = true;
          health.ecc_after_reboot = false;
        }) == "GPU 0 (0000:18:00.0) has ECC on, and off after the next reboot");
  host::NvmlGpu geforce = healthy_gpu();
  geforce.name = "NVIDIA GeForce RTX 4090";
  geforce.health->ecc = geforce.health->ecc_after_reboot = false;
  CHECK(worst("gpu-memory", with_nvml(geforce)) == Severity::kOk);
  CHECK(worst("throttling", with([](auto& health) { health.clock_reasons = 0x20; })) ==
        Severity::kWarning);
  CHECK(worst("throttling", with([](auto& health) { health.clock_reasons = 0x80; })) ==
        Severity::kWarning);
  CHECK(worst("throttling", with([](auto& health) { health.clock_reasons = 0x4; })) ==
        Severity::kOk);  // the power limit works as it should
}

TEST_CASE("Secure Boot") {
  if (!can_make_nodes()) return;
  TestMachine machine("h200x1");
  const char* variable = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
  machine.write(variable, std::string("\6\0\0\0\1", 5));
  machine.write("dev/kmsg", "6,1,1,-;nothing\n");
  CHECK(machine.ask("secure-boot").severity() ==
        Severity::kOk);  // the module is loaded all the same
  machine.remove("proc/driver/nvidia");
  CHECK(machine.ask("secure-boot").severity() == Severity::kWarning);
  machine.append("dev/kmsg", "5,2,2,-;Loading of unsigned module is rejected\n");
  machine.write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
  CHECK(holds(machine.said("secure-boot"),
              "rejected a module that nobody signed (lockdown: integrity)"));
  for (const char* line : {"Loading of module with unavailable key is rejected",
                           "nvidia: loading of module with unavailable key is rejected",
                           "PKCS#7 signature not signed with a trusted key"}) {
    INFO(std::string(line));
    machine.write("dev/kmsg", cat("5,2,2,-;", line, "\n"));
    CHECK(holds(machine.said("secure-boot"),
                "error: Secure Boot is on, and the driver's module is not loaded: the kernel "
                "rejected a module that was signed with a key that the machine does not know"));
  }
  // The kernel may be told to reject them without Secure Boot (module.sig_enforce).
  machine.write(variable, std::string("\6\0\0\0\0", 5));
  CHECK(holds(machine.said("secure-boot"), "error: the driver's module is not loaded: the kernel"));
  machine.write("dev/kmsg", "6,1,1,-;nothing\n").write(variable, std::string("\6\0\0\0\0", 5));
  CHECK(machine.ask("secure-boot").severity() == Severity::kOk);
  machine.remove("sys/firmware");
  CHECK(machine.ask("secure-boot").severity() == Severity::kOk);
}

TEST_CASE("udev rules that online the GPU's memory are masked") {
  if (!can_make_nodes()) return;
  TestMachine machine("h200x1");
  const char* rule =
      "# comment\nSUBSYSTEM==\"memory\", ACTION==\"add\", "
      "DEVPATH==\"/devices/system/memory/memory*\", "
      "TEST==\"state\", ATTR{state}=\"online\"\n";
  machine.write("usr/lib/udev/rules.d/40-vm-hotadd.rules", rule);
  CHECK(machine.ask("memory-hotplug").severity() == Severity::kOk);  // no coherent memory
  machine.write(machine.gpu() + "/device", "0x2342\n");              // GH200
  CHECK(machine.ask("memory-hotplug").severity() == Severity::kError);
  CHECK(machine.mended("memory-hotplug") == Severity::kOk);
  CHECK(path_exists(machine.path("etc/udev/rules.d")));
  machine.remove("etc/udev/rules.d/40-vm-hotadd.rules");
  CHECK(machine.ask("memory-hotplug").severity() == Severity::kError);
  machine.write("etc/udev/rules.d/40-vm-hotadd.rules", "# nothing\n");
  CHECK(machine.ask("memory-hotplug").severity() == Severity::kOk);
  machine.write(
      "etc/udev/rules.d/99-own.rules",
      "SUBSYSTEM!=\"memory\", GOTO=\"end\"\nATTR{state}==\"offline\", ATTR{state}=\"online\"\n");
  CheckResult own = machine.ask("memory-hotplug");
  CHECK(own.severity() == Severity::kError);
  CHECK(own.findings.front().steps.empty());  // the administrator's own file
}

TEST_CASE("SELinux and AppArmor") {
  if (!can_make_nodes()) return;
  TestMachine machine("h200x1");
  machine.write("dev/kmsg", "6,1,1,-;nothing\n");
  CHECK(machine.ask("selinux").severity() == Severity::kOk);
  machine.write("sys/fs/selinux/enforce", "1")
      .write("sys/fs/selinux/booleans/container_use_devices", "0 0");
  CHECK(machine.ask("selinux").severity() == Severity::kWarning);
  machine.write("sys/fs/selinux/booleans/container_use_devices", "1 1");
  CHECK(machine.ask("selinux").severity() == Severity::kOk);
  machine.append("dev/kmsg",
                 "5,2,2,-;audit: type=1400 audit(1.2:3): avc:  denied  { read write } for  pid=9 "
                 "comm=\"nvidia-smi\" name=\"nvidiactl\"\n");
  CHECK(machine.ask("selinux").severity() == Severity::kError);
  machine.write("sys/fs/selinux/enforce", "0");
  CHECK(machine.ask("selinux").severity() == Severity::kOk);

  CHECK(machine.ask("apparmor").severity() == Severity::kOk);
  machine.write("sys/module/apparmor/parameters/enabled", "Y\n");
  CHECK(machine.ask("apparmor").severity() == Severity::kOk);
  machine.append("dev/kmsg",
                 "5,2,2,-;audit: apparmor=\"DENIED\" operation=\"open\" name=\"/dev/nvidiactl\"\n");
  CHECK(machine.ask("apparmor").severity() == Severity::kWarning);
}
