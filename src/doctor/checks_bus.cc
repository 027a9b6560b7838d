// SPDX-License-Identifier: Apache-2.0
// The PCI bus between GPUs: what NVIDIA's CUDA programming guide (section on peer-to-peer memory
// under an IOMMU) and NCCL's troubleshooting guide (section on ACS) say of it.
#include <algorithm>

#include "base/text.h"
#include "doctor/tables.h"

namespace outboard::doctor {

namespace {

// ACS Control: P2P request redirect and P2P completion redirect.
constexpr uint16_t kRedirect = 0x000c;

bool translates(const PciGpu& gpu) {
  return gpu.iommu_type && gpu.iommu_type->rfind("DMA", 0) == 0;
}

Findings look_at_iommu(const Facts& facts) {
  if (facts.pci.gpus.size() < 2) return ok("fewer than two GPUs");
  auto count = std::count_if(facts.pci.gpus.begin(), facts.pci.gpus.end(), translates);
  if (count == 0) return ok("no GPU's memory accesses are translated");
  std::string arguments = facts.kernel.command_line.value_or("");
  std::string seen;
  for (std::string_view word : words(arguments)) {
    if (word.find("iommu") != std::string_view::npos) seen += cat(seen.empty() ? "" : " ", word);
  }
  // NVLink does not pass the IOMMU.
  Severity severity = facts.pci.nvswitches > 0 ? Severity::kNote : Severity::kWarning;
  return {found(severity, cat("the IOMMU translates what ", count, " of ", facts.pci.gpus.size(),
                              " GPUs send over PCI Express (kernel arguments: ",
                              seen.empty() ? "none about it" : printable(seen, 120), ")"))};
}

Findings look_at_acs(const Facts& facts) {
  if (facts.pci.gpus.size() < 2) return ok("fewer than two GPUs");
  std::vector<std::string> redirecting;
  bool switches = false;
  for (const PciBridge& bridge : facts.pci.bridges) {
    // The root port itself is where traffic of different ports meets anyway.
    bool above = std::any_of(facts.pci.gpus.begin(), facts.pci.gpus.end(), [&](const PciGpu& gpu) {
      return gpu.bridges.size() > 1 &&
             std::find(gpu.bridges.begin() + 1, gpu.bridges.end(), bridge.pci) != gpu.bridges.end();
    });
    switches = switches || above;
    if (above && bridge.acs_control && (*bridge.acs_control & kRedirect) != 0)
      redirecting.push_back(bridge.pci);
  }
  if (!switches) return ok("no PCI Express switch above a GPU");
  if (!facts.pci.bridges_readable) return unknown("the bridges' settings take root to read");
  if (redirecting.empty()) return ok("no switch above a GPU redirects");
  std::string first = printable(redirecting.front());
  return {found(
      Severity::kWarning,
      cat(redirecting.size(),
          " ports of PCI Express switches send traffic between GPUs up to "
          "the root (ACS), first ",
          first),
      cat("turn ACS off in the BIOS, or 'sudo setpci -s ", first,
          " ECAP_ACS+6.w=0000' (each of them, at every boot); not on machines whose GPUs go to "
          "virtual machines"))};
}

Findings look_at_links(const Facts& facts) {
  Findings findings;
  for (const PciGpu& gpu : facts.pci.gpus) {
    // 0 and 63 or more: the device does not say.
    if (!gpu.link_width || !gpu.maximum_link_width || *gpu.link_width == 0 ||
        *gpu.maximum_link_width > 32 || *gpu.link_width >= *gpu.maximum_link_width)
      continue;
    findings.push_back(
        found(Severity::kNote,
              cat(printable(gpu.name, 80), " at ", printable(gpu.pci, 20), " has ", *gpu.link_width,
                  " of its ", *gpu.maximum_link_width, " PCI Express lanes"),
              "reseat the card, or put it into a slot with all lanes; see 'sudo lspci "
              "-vv' (LnkSta)"));
    findings.back().consequence = "copies between host and GPU are slower in proportion";
  }
  return findings;
}

}  // namespace

std::vector<Check> bus_checks() {
  return {
      {"iommu",
       "the IOMMU leaves traffic between GPUs alone",
       "/sys/kernel/iommu_groups (type of each GPU's group), /proc/cmdline",
       "CUDA does not support peer-to-peer copies over PCI Express under a translating IOMMU: they "
       "fail, hang (NCCL) or give wrong data",
       "boot with iommu=pt, or intel_iommu=off or amd_iommu=off; with NCCL_P2P_DISABLE=1 NCCL goes "
       "without",
       {Part::kPci, Part::kKernel},
       look_at_iommu},
      {"acs",
       "no PCI Express switch redirects traffic between GPUs",
       "ACS Control of the bridges above each GPU, in their configuration space (as root)",
       "transfers between GPUs take the way over the processor: NCCL is slow or hangs",
       "turn ACS off for the switches",
       {Part::kPci},
       look_at_acs},
      {"pcie-link",
       "every GPU has all its PCI Express lanes",
       "/sys/bus/pci/devices/*/current_link_width and max_link_width",
       "copies between host and GPU are slower in proportion",
       "reseat the card, or put it into a slot with all lanes",
       {Part::kPci},
       look_at_links},
  };
}

}  // namespace outboard::doctor
