// SPDX-License-Identifier: Apache-2.0
// What the driver said in the kernel log: Xid errors by the table of data/xid.csv, and the messages
// with which its module (kernel-open/nvidia in NVIDIA's open kernel modules) refuses a GPU.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "doctor/tables.h"

namespace outboard::doctor {

namespace {

constexpr const char* kNoLog = "a simulated machine has no kernel log";

struct Seen {
  size_t count = 0;
  std::optional<double> last;  ///< seconds since boot
  std::string text;            ///< of the latest line
};

std::string when(const Seen& seen) {
  std::string text = seen.count == 1 ? "once" : cat(seen.count, " times");
  if (!seen.last) return text;
  auto seconds = static_cast<uint64_t>(*seen.last);
  std::string time = seconds < 120         ? cat(seconds, " s")
                     : seconds < 7200      ? cat(seconds / 60, " min")
                     : seconds < 48 * 3600 ? cat(seconds / 3600, " h")
                                           : cat(seconds / 86400, " days");
  return cat(text, ", last ", time, " after boot");
}

struct Xid {
  std::string pci;  ///< "0000:65:00"
  uint32_t number = 0;
};

// "NVRM: Xid (PCI:0000:65:00): 79, pid=...", before 343 "NVRM: Xid (0000:01:00): 31, Ch ...".
std::optional<Xid> parse_xid(std::string_view text) {
  constexpr std::string_view kMark = "NVRM: Xid (";
  size_t at = text.find(kMark);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + kMark.size());
  if (text.rfind("PCI:", 0) == 0) text.remove_prefix(4);
  size_t close = text.find("): ");
  if (close == std::string_view::npos) return std::nullopt;
  std::string_view digits = text.substr(close + 3);
  digits = digits.substr(0, std::min(digits.size(), digits.find_first_not_of("0123456789")));
  auto number = parse_number<uint32_t>(digits);
  if (!number) return std::nullopt;
  return Xid{printable(text.substr(0, close), 20), *number};
}

Severity severity_of(std::string_view kind) {
  if (kind == "application" || kind == "information") return Severity::kNote;
  if (kind == "hardware") return Severity::kError;
  return Severity::kWarning;
}

// Xid 154 says what the driver wants now: "... GPU recovery action changed from 0x0 (None) to 0x1
// (GPU Reset Required)".
std::optional<std::string_view> recovery_action(std::string_view line) {
  constexpr std::string_view kTo = ") to 0x";
  size_t at = line.find(kTo);
  if (at == std::string_view::npos) return std::nullopt;
  size_t open = line.find('(', at), close = line.find(')', at + kTo.size());
  if (open == std::string_view::npos || close == std::string_view::npos || close < open)
    return std::nullopt;
  return line.substr(open + 1, close - open - 1);
}

Finding describe(const Xid& xid, const Seen& seen, const std::vector<compat::XidRow>& rows) {
  std::string head = cat("Xid ", xid.number, " on ", xid.pci, " (", when(seen), ")");
  constexpr uint32_t kRecoveryAction = 154;
  if (auto action = recovery_action(seen.text); xid.number == kRecoveryAction && action) {
    if (*action == "None")
      return found(Severity::kNote, cat(head, ": the driver wants no recovery of this GPU now"),
                   "nothing");
    return found(
        Severity::kError,
        cat(head, ": the driver says what this GPU needs now: '", printable(*action, 60), "'"),
        "do that: reset the GPU (stop what uses it, 'sudo nvidia-smi --gpu-reset'), reboot, "
        "or drain first");
  }
  auto number_is = [&](const compat::XidRow& row) {
    return parse_number<uint32_t>(row.xid) == xid.number;
  };
  auto row = std::find_if(rows.begin(), rows.end(), number_is);
  if (row == rows.end())
    return found(
        Severity::kWarning, cat(head, ": a number that this program does not know"),
        "look it up in NVIDIA's Xid catalogue, https://docs.nvidia.com/deploy/xid-errors/");
  Finding finding = found(severity_of(row->kind), cat(head, ": ", printable(row->meaning, 300)),
                          printable(row->action, 400));
  if (row->kind == "application") finding.consequence = "it concerns that program alone";
  if (row->kind == "information") finding.consequence = "nothing";
  if (row->kind == "watch") finding.consequence = "none now; it may be the first sign of a defect";
  return finding;
}

Findings look_for_xids(const Facts& facts) {
  std::map<std::pair<uint32_t, std::string>, Seen> seen;
  for (const LogLine& line : facts.log.lines) {
    auto xid = parse_xid(line.text);
    if (!xid) continue;
    Seen& entry = seen[{xid->number, xid->pci}];
    entry.count++;
    entry.text = line.text;
    if (line.seconds) entry.last = line.seconds;
  }
  if (seen.empty() && facts.log.none) return ok(kNoLog);
  if (seen.empty() && facts.log.unknown) return unknown(*facts.log.unknown);
  if (seen.empty()) return ok("none in the kernel log");
  Findings findings;
  for (const auto& [key, entry] : seen)
    findings.push_back(describe({key.second, key.first}, entry, facts.tables().xids));
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
  constexpr size_t kShown = 8;
  if (findings.size() > kShown) {
    size_t rest = findings.size() - kShown;
    findings.resize(kShown);
    findings.back().what += cat("; and ", rest, " other kinds of Xid");
  }
  return findings;
}

struct Message {
  std::string_view mark;  ///< part of the line
  Severity severity;
  std::string_view meaning;
  std::string_view mend;
};

constexpr Message kMessages[] = {
    {"RmInitAdapter failed", Severity::kError, "the driver could not initialise a GPU",
     "reboot; if it comes back: reseat the card, see BIOS updates, try another driver version"},
    {"This PCI I/O region assigned to your NVIDIA device is invalid", Severity::kError,
     "the firmware gave a GPU no room for its memory",
     "switch Above 4G Decoding (and Resizable BAR) on in the BIOS, or boot with pci=realloc"},
    {"requires use of the NVIDIA open kernel modules", Severity::kError,
     "this GPU works with the open kernel modules only",
     "install the open variant of the driver (nvidia-open, nvidia-driver-NNN-open)"},
    {"not supported by open nvidia.ko", Severity::kError,
     "this GPU is too old for the open kernel modules",
     "install the proprietary variant of the driver"},
    {"Legacy drivers", Severity::kError, "this GPU is too old for the installed driver",
     "install the legacy driver branch that the line in 'sudo dmesg | grep NVRM' names"},
    {"The NVIDIA probe routine was not called for", Severity::kError,
     "another driver has a GPU that the NVIDIA driver should have",
     "see the finding about other drivers (nouveau, vfio-pci)"},
    {"version magic", Severity::kError, "a module was built for another kernel",
     "build it for this kernel: 'sudo dkms autoinstall'"},
    {"nvidia: disagrees about version of symbol", Severity::kError,
     "the driver's module was built for another kernel",
     "build it for this kernel: 'sudo dkms autoinstall'"},
    {"nvidia-uvm: a fatal error", Severity::kWarning, "nvidia-uvm met a fatal error",
     "stop the GPU's programs and reload the module, or reboot"},
};

Findings look_for_messages(const Facts& facts) {
  std::map<size_t, Seen> seen;
  for (const LogLine& line : facts.log.lines) {
    for (size_t i = 0; i < std::size(kMessages); i++) {
      if (line.text.find(kMessages[i].mark) == std::string::npos) continue;
      if (line.text.find("NVRM") == std::string::npos &&
          line.text.find("nvidia") == std::string::npos)
        continue;
      Seen& entry = seen[i];
      entry.count++;
      entry.text = line.text;
      if (line.seconds) entry.last = line.seconds;
    }
  }
  if (seen.empty() && facts.log.none) return ok(kNoLog);
  if (seen.empty() && facts.log.unknown) return unknown(*facts.log.unknown);
  Findings findings;
  for (const auto& [index, entry] : seen) {
    const Message& message = kMessages[index];
    findings.push_back(found(
        message.severity,
        cat(message.meaning, " (", when(entry), ": '", printable(trim(entry.text), 160), "')"),
        std::string(message.mend)));
  }
  return findings.empty() ? ok("nothing of the kind in the kernel log") : findings;
}

Findings look_for_bus_errors(const Facts& facts) {
  std::map<std::string, Seen> seen;
  for (const LogLine& line : facts.log.lines) {
    if (line.text.find("AER:") == std::string::npos) continue;
    bool uncorrected = line.text.find("Uncorrect") != std::string::npos ||
                       line.text.find("uncorrect") != std::string::npos;
    if (!uncorrected) continue;
    for (const PciGpu& gpu : facts.pci.gpus) {
      bool concerned = line.text.find(gpu.pci) != std::string::npos ||
                       std::any_of(gpu.bridges.begin(), gpu.bridges.end(), [&](const auto& bridge) {
                         return line.text.find(bridge) != std::string::npos;
                       });
      if (!concerned) continue;
      Seen& entry = seen[gpu.pci];
      entry.count++;
      if (line.seconds) entry.last = line.seconds;
    }
  }
  if (seen.empty() && facts.log.none) return ok(kNoLog);
  if (seen.empty() && facts.log.unknown) return unknown(*facts.log.unknown);
  Findings findings;
  for (const auto& [pci, entry] : seen) {
    findings.push_back(
        found(Severity::kWarning, cat("uncorrected PCI Express errors on the way to ",
                                      printable(pci, 20), " (", when(entry), ")")));
  }
  return findings.empty() ? ok("none in the kernel log") : findings;
}

}  // namespace

std::vector<Check> log_checks() {
  return {
      {"xid",
       "the driver has reported no Xid error since boot",
       "the kernel log, lines 'NVRM: Xid'; meanings from data/xid.csv and compat.d",
       "programs on that GPU fail, or will",
       "see the finding: each number has its own",
       {Part::kOwn, Part::kLog},
       look_for_xids},
      {"driver-log",
       "the driver has not refused a GPU since boot",
       "the kernel log, lines of NVRM and nvidia",
       "the GPU that the line is about is missing or does not work",
       "see the finding: each message has its own",
       {Part::kLog},
       look_for_messages},
      {"pcie-errors",
       "there were no uncorrected PCI Express errors on the way to a GPU",
       "the kernel log, lines of AER",
       "transfers fail: programs end with errors or the GPU falls off the bus",
       "reseat the card and its riser or cable; see the slot's settings and firmware updates",
       {Part::kLog, Part::kPci},
       look_for_bus_errors},
  };
}

}  // namespace outboard::doctor
