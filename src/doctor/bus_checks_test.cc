// SPDX-License-Identifier: Apache-2.0
// The PCI bus: a machine where each check passes and one where it does not.
#include "doctor/read_parts.h"
#include "test/fixtures/doctor_machine.h"

using namespace outboard;
using namespace outboard::doctor;

namespace {

// A bridge whose configuration space ends in an ACS capability behind another extended one.
std::string configuration_with_acs(unsigned control) {
  std::string bytes(4096, '\0');
  auto put = [&](size_t at, uint32_t value) {
    for (size_t i = 0; i < 4; i++) bytes[at + i] = static_cast<char>(value >> (8 * i) & 0xff);
  };
  put(0x100, 0x0001 | 1U << 16 | 0x140U << 20);
  put(0x140, 0x000d | 1U << 16);
  put(0x144, 0x001f | control << 16);
  return bytes;
}

// Puts every GPU below one switch: root port 01.0, upstream 02:00.0, one downstream port each.
void put_below_switch(TestMachine& machine, unsigned acs) {
  auto bridge = [&](const std::string& directory, const std::string& pci, unsigned control) {
    machine.write(directory + "/class", "0x060400\n")
        .write(directory + "/vendor", "0x1000\n")
        .write(directory + "/config", configuration_with_acs(control));
    machine.link("sys/bus/pci/devices/" + pci, "../../../" + directory.substr(4));
  };
  std::string top = "sys/devices/pci0000:01/0000:01:01.0";
  bridge(top, "0000:01:01.0", 0x1d);  // a root port may redirect
  bridge(top + "/0000:02:00.0", "0000:02:00.0", 0);
  for (size_t i = 0; i < machine.gpu_count(); i++) {
    std::string number = cat("0000:03:0", i, ".0");
    std::string port = cat(top, "/0000:02:00.0/", number);
    bridge(port, number, acs);
    std::string name = file_name_of(machine.gpu(i));
    std::string old = cat("sys/devices/pci", name.substr(0, 7), "/", name);
    REQUIRE(run_step({"mv", machine.path(old), machine.path(port + "/" + name)}));
    machine.remove(machine.gpu(i))
        .link(machine.gpu(i), cat("../../../", port.substr(4), "/", name));
  }
}

}  // namespace

TEST_CASE("IOMMU, ACS and lanes") {
  if (!can_make_nodes()) return;
  TestMachine machine("rtx4090x2");
  CHECK(machine.ask("iommu").severity() == Severity::kOk);
  machine.write("proc/cmdline", "root=/dev/sda1 intel_iommu=on quiet\n");
  machine.write(machine.gpu(0) + "/iommu_group/type", "identity\n");
  CHECK(machine.ask("iommu").severity() == Severity::kOk);
  machine.write(machine.gpu(1) + "/iommu_group/type", "DMA-FQ\n");
  CHECK(holds(machine.said("iommu"),
              "1 of 2 GPUs send over PCI Express (kernel arguments: intel_iommu=on)"));
  CHECK(machine.ask("iommu").severity() == Severity::kWarning);

  CHECK(machine.ask("pcie-link").severity() == Severity::kOk);
  machine.write(machine.gpu(0) + "/max_link_width", "16\n")
      .write(machine.gpu(0) + "/current_link_width", "16\n");
  CHECK(machine.ask("pcie-link").severity() == Severity::kOk);
  machine.write(machine.gpu(0) + "/current_link_width", "4\n");
  CHECK(holds(machine.said("pcie-link"), "has 4 of its 16 PCI Express lanes"));

  CHECK(machine.ask("acs").severity() == Severity::kOk);
  put_below_switch(machine, 0);
  CHECK(holds(machine.said("acs"), "ok: no switch above a GPU redirects"));
  TestMachine redirecting("rtx4090x2");
  put_below_switch(redirecting, 0x1d);
  CHECK(holds(redirecting.said("acs"), "2 ports of PCI Express switches send traffic"));
  redirecting.write("sys/bus/pci/devices/0000:02:00.0/config", std::string(64, '\0'));
  CHECK(redirecting.ask("acs").severity() == Severity::kUnknown);
}

TEST_CASE("the ACS capability is found, and no loop or garbage hangs the search") {
  CHECK(acs_control(configuration_with_acs(0x1d)) == 0x1d);
  CHECK_FALSE(acs_control(std::string(4096, '\0')));
  CHECK_FALSE(acs_control(std::string(4096, '\xff')));
  CHECK_FALSE(acs_control(std::string(256, '\1')));
  std::string loop(4096, '\0');
  loop[0x100] = 1;
  loop[0x102] = 1;
  loop[0x103] = 0x10;  // next: 0x100
  CHECK_FALSE(acs_control(loop));
}
