// SPDX-License-Identifier: Apache-2.0
// NVIDIA's container toolkit on the same machine.
#include <algorithm>

#include "base/text.h"
#include "doctor/tables.h"

namespace outboard::doctor {

namespace {

Findings look_for_toolkit(const Facts& facts) {
  const ToolkitFacts& toolkit = facts.toolkit;
  if (toolkit.programs.empty()) return ok("not installed");
  Findings findings = {
      found(Severity::kNote, cat("NVIDIA's container toolkit is installed beside Outboard (",
                                 printable(toolkit.programs.front()),
                                 "); the runtime that an engine names decides "
                                 "which of the two a container gets"))};
  if (toolkit.podman_hook) {
    findings.push_back(
        found(Severity::kNote, cat("'", printable(*toolkit.podman_hook),
                                   "' makes Podman and CRI-O run NVIDIA's hook; outboard-runtime "
                                   "leaves it out, other runtimes do not")));
  }
  return findings;
}

// Keys of config.toml of NVIDIA Container Toolkit 1.20 (api/config/v1), and those of releases
// before it. [features] is open to all: new ones come with every release.
struct Key {
  std::string_view section, name;
};
constexpr Key kKeys[] = {
    {"", "disable-require"},
    {"", "swarm-resource"},
    {"", "accept-nvidia-visible-devices-envvar-when-unprivileged"},
    {"", "accept-nvidia-visible-devices-as-volume-mounts"},
    {"", "supported-driver-capabilities"},
    {"", "nvidia-container-cli"},
    {"", "nvidia-container-runtime"},
    {"", "nvidia-container-runtime-hook"},
    {"", "nvidia-ctk"},
    {"", "features"},
    {"nvidia-container-cli", "root"},
    {"nvidia-container-cli", "path"},
    {"nvidia-container-cli", "environment"},
    {"nvidia-container-cli", "debug"},
    {"nvidia-container-cli", "ldcache"},
    {"nvidia-container-cli", "load-kmods"},
    {"nvidia-container-cli", "no-pivot"},
    {"nvidia-container-cli", "no-cgroups"},
    {"nvidia-container-cli", "user"},
    {"nvidia-container-cli", "ldconfig"},
    {"nvidia-container-runtime", "debug"},
    {"nvidia-container-runtime", "log-level"},
    {"nvidia-container-runtime", "runtimes"},
    {"nvidia-container-runtime", "mode"},
    {"nvidia-container-runtime", "modes"},
    {"nvidia-container-runtime", "experimental"},
    {"nvidia-container-runtime", "discover-mode"},
    {"nvidia-container-runtime-hook", "path"},
    {"nvidia-container-runtime-hook", "skip-mode-detection"},
    {"nvidia-ctk", "path"},
};

// A key without effect, and where it would have one.
void add_unknown_keys(const json::Value& keys, const std::string& section, const std::string& file,
                      Severity severity, Findings& findings) {
  for (const auto& [name, value] : keys.members()) {
    const Key* elsewhere = nullptr;
    bool known = false;
    for (const Key& key : kKeys) {
      if (key.name != name) continue;
      known |= key.section == section;
      if (!elsewhere) elsewhere = &key;
    }
    if (known) {
      if (section.empty() && value.is_object() && name != "features")
        add_unknown_keys(value, name, file, severity, findings);
      continue;
    }
    std::string where = section.empty() ? "at the top" : cat("under [", section, "]");
    std::string right = !elsewhere                   ? ""
                        : elsewhere->section.empty() ? "at the top, before every [section]"
                                                     : cat("under [", elsewhere->section, "]");
    Finding finding = found(elsewhere ? severity : Severity::kNote,
                            cat("'", printable(name, 80), "' in '", file, "' stands ", where,
                                elsewhere ? cat(", and counts ", right, " alone")
                                          : ", where NVIDIA's toolkit 1.20 knows no such key"),
                            elsewhere ? cat("put it ", right) : "correct its name, or take it out");
    finding.consequence = "it is without effect: NVIDIA's toolkit says nothing of it";
    findings.push_back(std::move(finding));
  }
}

Findings look_at_config(const Facts& facts) {
  const ToolkitFacts& toolkit = facts.toolkit;
  if (!toolkit.config) return {};
  std::string file = printable(toolkit.config->path);
  if (toolkit.config->error) {
    return {found(toolkit.programs.empty() ? Severity::kNote : Severity::kError,
                  printable(*toolkit.config->error, 300), "correct the file")};
  }
  Severity severity = toolkit.programs.empty() ? Severity::kNote : Severity::kWarning;
  const json::Value& cli = toolkit.keys["nvidia-container-cli"];
  Findings findings;
  if (cli["no-cgroups"].as_bool() == true) {
    Finding finding = found(severity, cat("no-cgroups is true in '", file, "'"),
                            "set no-cgroups = false, unless every engine here runs without root");
    finding.consequence =
        "containers of an engine with root may not open their GPU: 'Failed to initialize NVML: "
        "Unknown Error'";
    findings.push_back(std::move(finding));
  }
  if (toolkit.missing_ldconfig) {
    findings.push_back(
        found(severity,
              cat("ldconfig in '", file, "' is '", printable(*toolkit.missing_ldconfig),
                  "', which does not exist"),
              "set ldconfig = \"@/sbin/ldconfig\" (on Ubuntu \"@/sbin/ldconfig.real\")"));
  }
  add_unknown_keys(toolkit.keys, "", file, severity, findings);
  const std::string& mode = toolkit.keys["nvidia-container-runtime"]["mode"].text();
  constexpr std::string_view kModes[] = {"", "auto", "legacy", "csv", "cdi", "jit-cdi"};
  if (std::find(std::begin(kModes), std::end(kModes), mode) == std::end(kModes)) {
    findings.push_back(found(severity,
                             cat("mode in '", file, "' is '", printable(mode),
                                 "', which NVIDIA's runtime does not know"),
                             "set mode = \"auto\""));
  }
  if (findings.empty()) return ok(file);
  return findings;
}

}  // namespace

std::vector<Check> toolkit_checks() {
  return {
      {"nvidia-toolkit",
       "NVIDIA's container toolkit is not installed beside Outboard",
       "nvidia-container-runtime, nvidia-container-cli, nvidia-ctk; oci-nvidia-hook.json in the "
       "directories of OCI hooks",
       "two tools give GPUs in two ways, and which one a container gets depends on its runtime",
       "name one of them in each engine's configuration",
       {Part::kToolkit},
       look_for_toolkit},
      {"nvidia-config",
       "the configuration of NVIDIA's container toolkit fits this machine",
       "/etc/nvidia-container-runtime/config.toml: no-cgroups, ldconfig, mode, and keys that it "
       "does "
       "not know",
       "containers by NVIDIA's runtime or hook fail, or get no GPU; Outboard does not read this "
       "file",
       "correct the file",
       {Part::kToolkit},
       look_at_config},
  };
}

}  // namespace outboard::doctor
