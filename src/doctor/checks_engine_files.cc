// SPDX-License-Identifier: Apache-2.0
// Podman, containerd and CRI-O, as far as their files, their sockets and "--version" tell.
#include <algorithm>

#include "base/text.h"
#include "doctor/tables.h"

namespace outboard::doctor {

namespace {

std::string restart(const EngineFiles& engine) {
  return cat("sudo systemctl restart ", engine.unit);
}

std::string said(const EngineFiles& engine) {
  std::string text = printable(engine.name);
  if (engine.version) text += cat(" ", printable(*engine.version, 40));
  if (engine.program) text += cat(" at ", printable(*engine.program));
  if (engine.plugin_off) return text + "; Kubernetes cannot use it (the CRI plugin is off)";
  if (!engine.default_runtime.empty())
    text += cat("; default '", printable(engine.default_runtime), "'");
  if (!engine.runtimes.empty()) text += cat(" of ", engine.runtimes.size());
  if (engine.systemd_cgroups)
    text += cat(", cgroup manager ", *engine.systemd_cgroups ? "systemd" : "cgroupfs");
  return text;
}

void add_unloaded(const EngineFiles& engine, Findings& findings) {
  for (const ConfigFile& file : engine.files) {
    if (file.error || !changed_after_start(file.changed, engine.process)) continue;
    findings.push_back(found(Severity::kWarning,
                             cat("'", printable(file.path), "' was changed after ", engine.name,
                                 " started, which reads it then alone"),
                             restart(engine)));
    findings.back().consequence =
        "what was changed is without effect: 'no runtime for ... is "
        "configured', CDI devices are not found";
    return;
  }
}

void add_runtimes(const EngineFiles& engine, Findings& findings) {
  bool has_default = engine.default_runtime.empty();
  for (const EngineRuntime& runtime : engine.runtimes) {
    bool is_default = runtime.name == engine.default_runtime;
    has_default |= is_default;
    if (runtime.found) continue;
    findings.push_back(
        found(is_default ? Severity::kError : Severity::kWarning,
              cat("the ", is_default ? "default " : "", "runtime '", printable(runtime.name),
                  "' is '", printable(runtime.path), "', which does not exist")));
  }
  if (!has_default) {
    findings.push_back(found(Severity::kError,
                             cat("the default runtime is '", printable(engine.default_runtime),
                                 "', which no file registers"),
                             "register it, or choose another default"));
  }
}

Findings look_at(const EngineFiles& engine, bool wanted) {
  Findings findings;
  if (engine.silent) {
    findings.push_back(
        found(wanted ? Severity::kError : Severity::kWarning,
              cat("its socket is there, but nobody listens: ", printable(*engine.silent, 300)),
              cat("start it: 'sudo systemctl start ", engine.unit, "'")));
  } else if (wanted && !engine.unit.empty() && engine.socket.empty()) {
    findings.push_back(found(Severity::kError,
                             cat(engine.name, " is installed, but has no socket: it does not run"),
                             cat("start it: 'sudo systemctl start ", engine.unit, "'")));
  }
  if (engine.elsewhere) {
    findings.push_back(
        found(wanted ? Severity::kError : Severity::kNote,
              cat(printable(*engine.elsewhere, 300),
                  ": containers run there, and that service is asked by nobody here"),
              "run outboard where the service runs"));
    findings.back().consequence = "what is found here says nothing about those containers";
  }
  for (const ConfigFile& file : engine.files) {
    if (file.error)
      findings.push_back(found(Severity::kError, printable(*file.error, 300), "correct the file"));
  }
  // CRI-O reads its files again at SIGHUP, of which nothing can be seen.
  if (engine.unit != "crio") add_unloaded(engine, findings);
  if (!engine.plugin_off) add_runtimes(engine, findings);
  if (findings.empty() && engine.no_version)
    return unknown(cat("its version: ", printable(*engine.no_version, 300)));
  if (findings.empty()) return ok(said(engine));
  return findings;
}

Findings look_for(const EngineFiles& engine, std::string_view name, bool wanted) {
  if (engine.program) return look_at(engine, wanted);
  if (!wanted) return ok("not installed");
  return {found(Severity::kError, cat(name, " is not installed"), "install it")};
}

Findings look_at_podman(const Facts& facts) {
  Findings findings = look_for(facts.podman, "Podman", facts.engine == "podman");
  const EngineFiles& podman = facts.podman;
  if (podman.program && podman.default_runtime.empty()) {
    findings = {found(Severity::kError, "Podman has no OCI runtime: neither crun nor runc is there",
                      "install one: 'sudo apt install crun'")};
    findings.back().consequence = "no container starts: 'default OCI runtime \"crun\" not found'";
  }
  return findings;
}

Findings look_at_containerd(const Facts& facts) {
  const auto& bundled = facts.bundled_containerds;
  bool wanted = facts.engine == "containerd";
  Findings findings = look_for(facts.containerd, "containerd", wanted && bundled.empty());
  for (const EngineFiles& engine : bundled) {
    for (Finding& finding : look_at(engine, false)) {
      if (finding.severity != Severity::kOk) finding.what = cat(engine.name, ": ", finding.what);
      findings.push_back(std::move(finding));
    }
  }
  return findings;
}

Findings look_at_crio(const Facts& facts) {
  return look_for(facts.crio, "CRI-O", facts.engine == "crio");
}

constexpr const char* kConsequence =
    "containers with that runtime do not start: 'no such file or directory', 'no runtime for ... "
    "is "
    "configured'";
constexpr const char* kMend = "install the program, or take the runtime out of the file";

}  // namespace

std::vector<Check> engine_file_checks() {
  return {
      {"podman",
       "Podman's configuration names runtimes that exist",
       "'podman --version'; containers.conf and containers.conf.d in /usr/share/containers, "
       "/etc/containers and the user's own .config/containers; CONTAINERS_CONF, CONTAINER_HOST",
       kConsequence,
       kMend,
       {Part::kPodman},
       look_at_podman,
       "podman"},
      {"containerd",
       "containerd answers, has read its configuration, and that names runtimes that exist",
       "'containerd --version'; /run/containerd/containerd.sock and its process; "
       "/etc/containerd/config.toml (or what --config names) with its imports; those of k3s, RKE2, "
       "k0s and MicroK8s",
       kConsequence,
       kMend,
       {Part::kContainerd},
       look_at_containerd,
       "containerd"},
      {"crio",
       "CRI-O answers, and its configuration names runtimes that exist",
       "'crio --version'; /run/crio/crio.sock; /etc/crio/crio.conf and crio.conf.d",
       kConsequence,
       kMend,
       {Part::kCrio},
       look_at_crio,
       "crio"},
  };
}

}  // namespace outboard::doctor
