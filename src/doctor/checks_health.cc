// SPDX-License-Identifier: Apache-2.0
// What only NVML knows: does it answer, memory errors, retired memory, throttling. Bits of the
// reasons for lower clocks are nvmlClocksThrottleReason* of the NVML API reference.
#include "base/text.h"
#include "doctor/tables.h"
#include "plan/plan.h"

namespace outboard::doctor {

namespace {

constexpr uint64_t kHardwareSlowdown = 0x8, kSoftwareThermal = 0x20, kHardwareThermal = 0x40,
                   kPowerBrake = 0x80;

// Why a check has nothing to look at; nothing: NVML answered.
std::optional<Findings> without_nvml(const Facts& facts) {
  if (facts.nvml.answer) return std::nullopt;
  if (facts.nvml.error) return unknown("NVML failed");
  if (!plan::check_driver(facts.machine)) return ok("the driver does not work yet");
  return unknown("NVML was not asked");
}

Findings look_at_nvml(const Facts& facts) {
  if (facts.nvml.error) return {found(Severity::kError, printable(*facts.nvml.error, 400))};
  if (auto nothing = without_nvml(facts)) return *nothing;
  return ok(cat("NVML sees ", facts.nvml.answer->gpus.size(), " GPUs"));
}

std::string name_of(const host::NvmlGpu& gpu) {
  return cat("GPU ", gpu.index, " (", printable(gpu.pci, 20), ")");
}

// What happened to its memory in the card's life, and was dealt with.
void add_history(const host::NvmlGpu& gpu, const host::NvmlHealth& health, Findings& findings) {
  std::vector<std::string> past;
  if (uint32_t pages = health.retired_pages.value_or(0); pages > 0)
    past.push_back(cat(pages, pages == 1 ? " page" : " pages", " of its memory retired"));
  if (uint32_t rows = health.remapped_rows.value_or(0); rows > 0)
    past.push_back(cat(rows, rows == 1 ? " row" : " rows", " of its memory remapped"));
  if (health.uncorrected.value_or(0) == 0 && health.uncorrected_ever.value_or(0) > 0)
    past.push_back(cat(*health.uncorrected_ever, " uncorrectable memory errors in its life"));
  if (past.empty()) return;
  Finding finding = found(Severity::kNote, cat(name_of(gpu), " has ", join(past, ", ")),
                          "watch whether the numbers grow: 'nvidia-smi -q -d "
                          "ECC,PAGE_RETIREMENT,ROW_REMAPPER'");
  finding.consequence = "none now: what was faulty is out of use";
  findings.push_back(std::move(finding));
}

// GeForce and TITAN cards come with ECC off, where they have it at all.
void add_ecc(const host::NvmlGpu& gpu, const host::NvmlHealth& health, Findings& findings) {
  if (!health.ecc) return;
  auto on_or_off = [](bool on) { return on ? "on" : "off"; };
  bool later = health.ecc_after_reboot.value_or(*health.ecc);
  std::string name = gpu.name.value_or("");
  bool usually_off =
      name.find("GeForce") != std::string::npos || name.find("TITAN") != std::string::npos;
  if (later != *health.ecc) {
    Finding finding = found(Severity::kNote,
                            cat(name_of(gpu), " has ECC ", on_or_off(*health.ecc), ", and ",
                                on_or_off(later), " after the next reboot"),
                            "reboot");
    finding.consequence = "the change is not in force yet";
    findings.push_back(std::move(finding));
  } else if (!*health.ecc && !usually_off) {
    Finding finding =
        found(Severity::kNote, cat(name_of(gpu), " has ECC off"),
              cat("unless that is meant: 'sudo nvidia-smi -i ", gpu.index, " -e 1', then reboot"));
    finding.consequence = "errors of its memory are neither found nor corrected";
    findings.push_back(std::move(finding));
  }
}

Findings look_at_memory(const Facts& facts) {
  if (auto nothing = without_nvml(facts)) return *nothing;
  Findings findings;
  bool any = false;
  for (const host::NvmlGpu& gpu : facts.nvml.answer->gpus) {
    const host::NvmlHealth health = gpu.health.value_or(host::NvmlHealth{});
    any = any || health.uncorrected || health.remapping_failed || health.retirement_pending;
    if (health.remapping_failed == true) {
      findings.push_back(
          found(Severity::kError,
                cat(name_of(gpu), " could not replace faulty memory: a row remapping failed"),
                "replace the card"));
    }
    if (health.uncorrected.value_or(0) > 0) {
      findings.push_back(
          found(Severity::kWarning, cat(name_of(gpu), " had ", *health.uncorrected,
                                        " uncorrectable memory errors since it was last reset")));
    }
    if (health.retirement_pending == true) {
      findings.push_back(
          found(Severity::kWarning,
                cat(name_of(gpu), " waits for a reset to take faulty memory out of use"),
                cat("stop its programs, then 'sudo nvidia-smi --gpu-reset -i ", gpu.index,
                    "', or reboot")));
    }
    add_history(gpu, health, findings);
    add_ecc(gpu, health, findings);
  }
  if (!findings.empty()) return findings;
  return any ? ok("no uncorrectable errors") : ok("these GPUs do not count memory errors");
}

Findings look_at_throttling(const Facts& facts) {
  if (auto nothing = without_nvml(facts)) return *nothing;
  Findings findings;
  bool known = false;
  for (const host::NvmlGpu& gpu : facts.nvml.answer->gpus) {
    const host::NvmlHealth health = gpu.health.value_or(host::NvmlHealth{});
    uint64_t reasons = health.clock_reasons.value_or(0);
    known = known || health.clock_reasons;
    std::string at = health.temperature ? cat(" at ", *health.temperature, " degrees C") : "";
    if ((reasons & (kSoftwareThermal | kHardwareThermal)) != 0) {
      findings.push_back(
          found(Severity::kWarning, cat(name_of(gpu), " is too hot and slowed down", at),
                "look at fans, filters and the flow of air; lower the power limit ('sudo "
                "nvidia-smi -pl WATTS')"));
    } else if ((reasons & (kPowerBrake | kHardwareSlowdown)) != 0) {
      findings.push_back(
          found(Severity::kWarning, cat(name_of(gpu), " is slowed down by its power supply", at),
                "look at the power cables and supplies ('nvidia-smi -q -d PERFORMANCE')"));
    }
  }
  if (!findings.empty()) return findings;
  return ok(known ? "not now" : "these GPUs do not say");
}

}  // namespace

std::vector<Check> health_checks() {
  return {
      {"nvml",
       "NVML answers",
       "the helper outboard-nvml, which loads the driver's libnvidia-ml",
       "nvidia-smi and every program that asks NVML fail; MIG devices cannot be chosen by name",
       "run 'nvidia-smi' by hand; 'sudo dmesg | grep NVRM' says more",
       {Part::kMachine, Part::kNvml},
       look_at_nvml},
      {"gpu-memory",
       "the GPUs' memory has no uncorrectable errors",
       "NVML: ECC mode and counters, retired pages, row remapping",
       "programs end with CUDA error 214 (uncorrectable ECC error), or compute wrong results",
       "reset the GPU or reboot; replace the card if errors come back",
       {Part::kMachine, Part::kNvml},
       look_at_memory},
      {"throttling",
       "no GPU is slowed down by heat or power supply",
       "NVML: reasons for lower clocks, temperature, now",
       "programs run at a fraction of the speed",
       "look at cooling and power",
       {Part::kMachine, Part::kNvml},
       look_at_throttling},
  };
}

}  // namespace outboard::doctor
