// SPDX-License-Identifier: Apache-2.0
// CDI specifications: files that somebody made once, about a machine that has changed since.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "doctor/cdi_findings.h"
#include "doctor/tables.h"

namespace outboard::doctor {

namespace {

// Engines read names that end in .json or .yaml.
Step move_aside(const CdiSpec& spec) {
  return {"mv", "-T", "--backup=numbered", spec.file, spec.file + ".outdated"};
}

constexpr const char* kOutOfDate = "move it aside, and make it again if an engine is to use it";

std::string make_again(const CdiSpec& spec) {
  return cat("make it again if an engine is to use it: 'sudo nvidia-ctk cdi generate --output=",
             printable(spec.file), "'");
}

constexpr size_t kShown = 3;

std::optional<std::string> stale(const CdiSpec& spec) {
  std::vector<std::string> missing = spec.missing_files;
  std::vector<std::string> renumbered;
  for (const CdiNode& node : spec.nodes) {
    if (!node.real_major) {
      missing.push_back(node.path);
    } else if ((node.major && *node.major != 0 && node.major != node.real_major) ||
               (node.major && *node.major != 0 && node.minor && node.minor != node.real_minor)) {
      renumbered.push_back(cat(node.path, " (", *node.major, ":", node.minor.value_or(0), ", now ",
                               *node.real_major, ":", *node.real_minor, ")"));
    }
  }
  std::vector<std::string> reasons;
  if (!missing.empty())
    reasons.push_back(cat("names what does not exist: ", listed(missing, kShown)));
  if (!renumbered.empty())
    reasons.push_back(cat("has old device numbers: ", listed(renumbered, kShown)));
  if (reasons.empty()) return std::nullopt;
  return join(reasons, "; it ");
}

void add_conflicts(const std::vector<CdiSpec>& specs, Findings& findings) {
  std::map<std::string, const CdiSpec*> first;
  std::map<std::pair<const CdiSpec*, const CdiSpec*>, std::vector<std::string>> pairs;
  for (const CdiSpec& spec : specs) {
    for (const std::string& device : spec.devices) {
      auto [at, is_new] = first.emplace(cat(spec.kind, "=", device), &spec);
      if (!is_new && at->second != &spec) pairs[{at->second, &spec}].push_back(at->first);
    }
  }
  for (const auto& [pair, devices] : pairs) {
    const auto& [one, other] = pair;
    bool same_rank = one->directory == other->directory;
    Finding finding = found(
        same_rank ? Severity::kError : Severity::kNote,
        cat("'", printable(one->file), "' and '", printable(other->file), "' both define ",
            listed(devices, kShown)),
        same_rank ? "remove one of the two files" : "remove the one that is not kept up to date");
    finding.consequence =
        same_rank ? "engines refuse the device: 'conflicting device', 'unresolvable CDI devices'"
                  : cat("'", printable(other->file), "' counts, the other one is without effect");
    findings.push_back(std::move(finding));
  }
}

Findings look_at_specs(const Facts& facts) {
  Findings findings = findings_about(facts.cdi.specs);
  if (!findings.empty()) return findings;
  return ok(facts.cdi.specs.empty() ? std::string("there are none")
                                    : cat(facts.cdi.specs.size(), " files"));
}

Findings look_at_versions(const Facts& facts) {
  return version_findings(facts.cdi.specs, facts.machine.module_version);
}

}  // namespace

Findings findings_about(const std::vector<CdiSpec>& specs) {
  Findings findings;
  for (const CdiSpec& spec : specs) {
    if (spec.error && spec.broken) {
      Finding finding = found(Severity::kWarning, printable(*spec.error, 300), "correct the file");
      finding.consequence = "engines leave the file out: 'unresolvable CDI devices'";
      findings.push_back(std::move(finding));
    } else if (spec.error) {
      findings.push_back(unknown(printable(*spec.error, 300)).front());
    } else if (auto why = stale(spec)) {
      findings.push_back(found(Severity::kError, cat("'", printable(spec.file), "' ", *why),
                               kOutOfDate, {move_aside(spec)}, make_again(spec)));
    }
  }
  add_conflicts(specs, findings);
  return findings;
}

Findings version_findings(const std::vector<CdiSpec>& specs,
                          const std::optional<std::string>& module_version) {
  Findings findings;
  if (!module_version) return findings;
  for (const CdiSpec& spec : specs) {
    if (stale(spec)) continue;  // one cause, one finding
    for (const std::string& version : spec.driver_versions) {
      if (version == *module_version) continue;
      findings.push_back(
          found(Severity::kError,
                cat("'", printable(spec.file), "' names libraries of driver ",
                    printable(version, 40), ", the kernel module is ", *module_version),
                kOutOfDate, {move_aside(spec)}, make_again(spec)));
      break;
    }
  }
  return findings;
}

std::string unread_specs(const std::vector<CdiSpec>& specs,
                         const std::vector<std::string>& places) {
  std::vector<std::string> unread;
  for (const CdiSpec& spec : specs) {
    if (std::find(places.begin(), places.end(), spec.directory) == places.end())
      unread.push_back(cat("'", spec.file, "'"));
  }
  return listed(unread, kShown);
}

std::vector<Check> cdi_checks() {
  return {
      {"cdi-specs",
       "CDI specifications fit this machine",
       "files in /etc/cdi and /var/run/cdi that name NVIDIA's devices: every file, hook and node "
       "in them against the host's, device numbers, devices that two files define",
       "'podman run --device nvidia.com/gpu=all' and Docker's CDI fail: 'unresolvable CDI "
       "devices', "
       "'failed to stat CDI host device', 'no such file or directory' from runc or crun",
       "make the file again: 'sudo nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml'",
       {Part::kMachine, Part::kCdi},
       look_at_specs},
      {"cdi-driver",
       "CDI specifications name the loaded driver's libraries",
       "versions in the names of libraries in /etc/cdi and /var/run/cdi against "
       "/proc/driver/nvidia/version",
       "'Driver/library version mismatch' (NVML) or error 803 (CUDA) in containers by CDI, while "
       "the host works",
       "make the file again: 'sudo nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml'",
       {Part::kMachine, Part::kCdi},
       look_at_versions},
  };
}

}  // namespace outboard::doctor
