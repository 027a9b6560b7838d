// SPDX-License-Identifier: Apache-2.0
// Whether each engine reads the CDI specifications that there are. Where there are none, nobody
// wants CDI, and nothing is wrong.
//
// Facts: NVIDIA's documentation of CDI asks for Podman 4.1; containerd's docs/cri/config.md (1.7
// has enable_cdi, off; on from 2.0); crio.conf(5) has cdi_spec_dirs from 1.23.
#include <algorithm>

#include "base/text.h"
#include "doctor/cdi_findings.h"
#include "doctor/tables.h"

namespace outboard::doctor {

namespace {

constexpr const char* kNotInstalled = "not installed";

bool older(const EngineFiles& engine, std::string_view version) {
  return engine.version && compare_versions(*engine.version, version) < 0;
}

std::string named(const EngineFiles& engine) {
  return engine.version ? cat(engine.name, " ", printable(*engine.version, 40)) : engine.name;
}

bool any_specs(const Facts& facts, const EngineFiles& engine) {
  return !facts.cdi.specs.empty() || !engine.cdi.specs.empty();
}

Findings look_at(const Facts& facts, const EngineFiles& engine, const char* mend) {
  Findings findings = findings_about(engine.cdi.specs);
  for (Finding& finding : version_findings(engine.cdi.specs, facts.machine.module_version))
    findings.push_back(std::move(finding));
  if (auto unread = unread_specs(facts.cdi.specs, engine.cdi.places); !unread.empty()) {
    findings.push_back(
        found(Severity::kWarning,
              cat(engine.name, " reads ", printable(join(engine.cdi.directories, ", "), 300),
                  " alone, and not ", unread),
              mend));
  }
  if (findings.empty()) return ok(printable(join(engine.cdi.directories, ", ")));
  return findings;
}

// The newest CDI version that a Podman reads, where it is known: 4.2 was built with version 0.4.0
// of the library (github.com/NVIDIA/nvidia-container-toolkit/issues/38), Debian's 4.3.1 with 0.5.2
// (apt show golang-github-container-orchestrated-devices-container-device-interface-dev), 4.9.3
// does not know additionalGids (issue 1860 there), and 5.1 is the first with 0.7
// (github.com/containers/podman/pull/22280).
std::optional<std::string_view> newest_cdi_of(const EngineFiles& podman) {
  if (older(podman, "4.3")) return "0.4.0";
  if (older(podman, "4.4")) return "0.5.0";
  if (older(podman, "5.1")) return "0.6.0";
  return std::nullopt;
}

// Podman leaves such a file out without a word.
Findings too_new_for(const EngineFiles& podman, const Facts& facts) {
  Findings findings;
  auto newest = newest_cdi_of(podman);
  if (!newest) return findings;
  for (const auto* specs : {&facts.cdi.specs, &podman.cdi.specs}) {
    for (const CdiSpec& spec : *specs) {
      const auto& places = podman.cdi.places;
      bool reads = std::find(places.begin(), places.end(), spec.directory) != places.end();
      if (spec.error || !reads || compare_versions(spec.version, *newest) <= 0) continue;
      bool groups = spec.newest_field == "additionalGids";
      Finding finding =
          found(Severity::kWarning,
                cat("'", printable(spec.file), "' is of CDI ", printable(spec.version, 20),
                    spec.newest_field.empty() ? "" : cat(" (", spec.newest_field, ")"), "; ",
                    named(podman), " reads ", *newest, " and older"),
                cat(groups ? cat("make it again without that field: 'sudo nvidia-ctk cdi generate "
                                 "--feature-flag=no-additional-gids-for-device-nodes --output=",
                                 printable(spec.file), "'; or ")
                           : "",
                    "use a newer Podman; 'outboard run --engine podman' does without CDI"));
      finding.consequence =
          "Podman leaves the whole file out and does not say so: 'unresolvable CDI devices'";
      findings.push_back(std::move(finding));
    }
  }
  return findings;
}

Findings look_at_podman(const Facts& facts) {
  const EngineFiles& podman = facts.podman;
  if (!podman.program) return ok(kNotInstalled);
  if (!any_specs(facts, podman)) return ok("there are no CDI specifications");
  if (older(podman, "4.1")) {
    return {found(Severity::kWarning,
                  cat(named(podman), " is older than 4.1, the first that NVIDIA's CDI is made for"),
                  "'outboard run --engine podman' and 'podman --runtime outboard-runtime' do "
                  "without CDI; or use a newer Podman")};
  }
  Findings findings = too_new_for(podman, facts);
  for (Finding& finding :
       look_at(facts, podman,
               "add the directory to cdi_spec_dirs in /etc/containers/containers.conf, or put "
               "the file where Podman looks")) {
    if (findings.empty() || finding.severity != Severity::kOk)
      findings.push_back(std::move(finding));
  }
  return findings;
}

Findings look_at_plugin(const Facts& facts, const EngineFiles& engine) {
  if (engine.plugin_off) return ok("the CRI plugin is off");
  if (!any_specs(facts, engine)) return ok("there are no CDI specifications");
  if (older(engine, "1.7")) {
    return {found(Severity::kNote, cat(named(engine), " knows no CDI; 1.7 is the first that does"),
                  "register outboard-runtime as a runtime, or use a newer containerd")};
  }
  bool off_if_unsaid = older(engine, "2.0");
  if (!engine.cdi.switched_on.value_or(!off_if_unsaid)) {
    return {
        found(Severity::kNote,
              cat(named(engine), " does not use CDI: enable_cdi is ",
                  engine.cdi.switched_on ? "false" : "not set"),
              "set enable_cdi = true in the section of the CRI plugin, if Kubernetes is to give "
              "GPUs by CDI")};
  }
  return look_at(facts, engine, "add the directory to cdi_spec_dirs of the CRI plugin");
}

Findings look_at_containerd(const Facts& facts) {
  Findings findings;
  if (!facts.containerd.program && facts.bundled_containerds.empty()) return ok(kNotInstalled);
  if (facts.containerd.program) findings = look_at_plugin(facts, facts.containerd);
  for (const EngineFiles& engine : facts.bundled_containerds) {
    for (Finding& finding : look_at_plugin(facts, engine)) findings.push_back(std::move(finding));
  }
  return findings;
}

Findings look_at_crio(const Facts& facts) {
  const EngineFiles& crio = facts.crio;
  if (!crio.program) return ok(kNotInstalled);
  if (!any_specs(facts, crio)) return ok("there are no CDI specifications");
  if (older(crio, "1.23")) {
    return {found(Severity::kNote, cat(named(crio), " knows no CDI; 1.23 is the first that does"),
                  "register outboard-runtime as a runtime, or use a newer CRI-O")};
  }
  return look_at(facts, crio, "add the directory to cdi_spec_dirs in /etc/crio/crio.conf.d");
}

constexpr const char* kConsequence =
    "CDI devices are not found, or bring another driver's files: 'unresolvable CDI devices "
    "nvidia.com/gpu=all'";

}  // namespace

std::vector<Check> engine_cdi_checks() {
  return {
      {"podman-cdi",
       "Podman reads the CDI specifications that there are",
       "Podman's version and cdi_spec_dirs in containers.conf against the directories in which "
       "specifications lie, their cdiVersion and their fields",
       kConsequence,
       "let cdi_spec_dirs name the directory",
       {Part::kMachine, Part::kCdi, Part::kPodman},
       look_at_podman,
       "podman"},
      {"containerd-cdi",
       "containerd reads the CDI specifications that there are",
       "containerd's version, enable_cdi and cdi_spec_dirs of the CRI plugin against the "
       "directories in which specifications lie",
       "in Kubernetes, devices that are asked for by CDI are left out of the container, or it does "
       "not start: 'unresolvable CDI devices'",
       "set enable_cdi = true and let cdi_spec_dirs name the directory",
       {Part::kMachine, Part::kCdi, Part::kContainerd},
       look_at_containerd,
       "containerd"},
      {"crio-cdi",
       "CRI-O reads the CDI specifications that there are",
       "CRI-O's version and cdi_spec_dirs in its files against the directories in which "
       "specifications lie",
       kConsequence,
       "let cdi_spec_dirs name the directory",
       {Part::kMachine, Part::kCdi, Part::kCrio},
       look_at_crio,
       "crio"},
  };
}

}  // namespace outboard::doctor
