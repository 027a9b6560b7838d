// SPDX-License-Identifier: Apache-2.0
// Podman, containerd and CRI-O, as far as their files and sockets tell.
#include "base/text.h"
#include "doctor/tables.h"

namespace outboard::doctor {

namespace {

Findings look_at(const EngineFiles& engine, std::string_view name, bool wanted) {
  if (!engine.program) {
    if (!wanted) return ok("not installed");
    return {found(Severity::kError, cat(name, " is not installed"), "install it")};
  }
  Findings findings;
  if (engine.silent) {
    findings.push_back(
        found(wanted ? Severity::kError : Severity::kWarning,
              cat("its socket is there, but nobody listens: ", printable(*engine.silent, 300)),
              cat("start it: sudo systemctl start ", lower(name))));
  }
  for (const ConfigFile& file : engine.files) {
    if (file.error)
      findings.push_back(found(Severity::kError, printable(*file.error, 300), "correct the file"));
  }
  for (const EngineRuntime& runtime : engine.runtimes) {
    if (runtime.found) continue;
    bool is_default = runtime.name == engine.default_runtime;
    findings.push_back(
        found(is_default ? Severity::kError : Severity::kWarning,
              cat("the ", is_default ? "default " : "", "runtime '", printable(runtime.name),
                  "' is '", printable(runtime.path), "', which does not exist")));
  }
  if (findings.empty()) return ok(printable(*engine.program));
  return findings;
}

Findings look_at_podman(const Facts& facts) {
  return look_at(facts.podman, "Podman", facts.engine == "podman");
}

Findings look_at_containerd(const Facts& facts) {
  return look_at(facts.containerd, "containerd", facts.engine == "containerd");
}

Findings look_at_crio(const Facts& facts) {
  return look_at(facts.crio, "CRI-O", facts.engine == "crio");
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
       "containers.conf in /usr/share/containers and /etc/containers",
       kConsequence,
       kMend,
       {Part::kPodman},
       look_at_podman,
       "podman"},
      {"containerd",
       "containerd answers, and its configuration names runtimes that exist",
       "/run/containerd/containerd.sock; /etc/containerd/config.toml and conf.d",
       kConsequence,
       kMend,
       {Part::kContainerd},
       look_at_containerd,
       "containerd"},
      {"crio",
       "CRI-O answers, and its configuration names runtimes that exist",
       "/run/crio/crio.sock; /etc/crio/crio.conf and crio.conf.d",
       kConsequence,
       kMend,
       {Part::kCrio},
       look_at_crio,
       "crio"},
  };
}

}  // namespace outboard::doctor
