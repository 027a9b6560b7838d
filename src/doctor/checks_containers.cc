// SPDX-License-Identifier: Apache-2.0
// All running containers with a GPU: which of them lost it, or will at the next daemon-reload.
#include <algorithm>

#include "base/text.h"
#include "doctor/tables.h"

namespace outboard::doctor {

namespace {

constexpr size_t kShown = 10;

// What the container's own checks find that takes a GPU away which it had: a container that was
// never given /dev/nvidia-uvm has lost nothing.
bool is_loss(std::string_view check, const Finding& finding) {
  return finding.severity == Severity::kError ||
         (finding.severity == Severity::kWarning && check != "container-nodes");
}

std::optional<Finding> loss_of(const Facts& one) {
  std::optional<Finding> worst;
  for (const Check& check : container_checks()) {
    if (check.id == "container-gpu") continue;
    for (Finding& finding : check.look(one)) {
      if (!is_loss(check.id, finding) || (worst && worst->severity >= finding.severity)) continue;
      if (finding.consequence.empty()) finding.consequence = check.consequence;
      worst = std::move(finding);
    }
  }
  return worst;
}

Findings look_at_containers(const Facts& facts) {
  if (facts.containers.empty()) {
    if (facts.containers_denied)
      return unknown("running containers may be looked at by root alone");
    return ok("no running container was given a GPU");
  }
  Findings findings;
  size_t more = 0;
  Facts one;
  one.machine = facts.machine;
  for (const ContainerFacts& container : facts.containers) {
    one.container = container;
    auto loss = loss_of(one);
    if (!loss) continue;
    if (findings.size() == kShown) {
      more++;
      continue;
    }
    std::string name = printable(container.place.name, 100);
    loss->what = cat(container.place.engine, " container '", name, "': ", loss->what);
    loss->mend = cat(loss->mend, "; 'sudo outboard doctor --container ", name, "' looks closer");
    findings.push_back(std::move(*loss));
  }
  if (more != 0)
    findings.push_back(found(Severity::kWarning, cat(more, " more containers are like these")));
  if (findings.empty()) return ok(cat(facts.containers.size(), " with a GPU, and they keep it"));
  return findings;
}

}  // namespace

std::vector<Check> running_checks() {
  return {
      {"containers",
       "running containers keep their GPU",
       "of up to 50 containers with a GPU (the bundles of containerd's shims, Docker's among them, "
       "of CRI-O and Podman, and the state of runc and crun): their nodes, their mounts, "
       "devices.list of cgroup version 1 and systemd's DeviceAllow, as 'outboard doctor "
       "--container' does",
       "a container that worked gets 'Failed to initialize NVML: Unknown Error', 'Operation not "
       "permitted' or 'Driver/library version mismatch'",
       "start the container again",
       {Part::kMachine, Part::kContainers},
       look_at_containers},
  };
}

}  // namespace outboard::doctor
