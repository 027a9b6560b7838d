// SPDX-License-Identifier: Apache-2.0
// The parts that are one call each, and the list of all.
#include "doctor/read_parts.h"

#include "base/privilege.h"
#include "base/text.h"
#include "doctor/read_engines.h"
#include "host/nvml_client.h"
#include "host/read_facts.h"
#include "plan/plan.h"

namespace outboard::doctor {

namespace {

void read_machine(const Places& places, Facts& facts) {
  facts.root = is_real_root();
  host::ReadOptions options;
  options.check_owners = facts.root;
  auto machine = host::read_facts(places.roots, options);
  if (machine) {
    facts.machine = std::move(*machine);
  } else {
    facts.unread[Part::kMachine] = machine.error().text;
  }
}

}  // namespace

void read_nvml_part(const Places& places, Facts& facts) {
  if (!places.may_ask_nvml || !plan::check_driver(facts.machine)) return;
  host::NvmlOptions options = places.nvml;
  options.health = true;
  auto answer = host::query_nvml(facts.machine, options);
  if (answer) {
    facts.nvml.answer = std::move(*answer);
  } else {
    facts.nvml.error = answer.error().text;
  }
}

void read_part(Part part, const Places& places, Facts& facts) {
  switch (part) {
    case Part::kOwn:
      if (places.read_own) places.read_own(facts.own);
      return;
    case Part::kMachine:
      return read_machine(places, facts);
    case Part::kKernel:
      return read_kernel(places, facts);
    case Part::kPci:
      return read_pci(places, facts);
    case Part::kProcesses:
      return read_processes(places, facts);
    case Part::kSystem:
      return read_system(places, facts);
    case Part::kSecurity:
      return read_security(places, facts);
    case Part::kLog:
      return read_log(places, facts);
    case Part::kLimits:
      return read_limits(places, facts);
    case Part::kNvml:
      return read_nvml_part(places, facts);
    case Part::kDocker:
      return read_docker(places, facts);
    case Part::kCdi:
      return read_cdi(places, facts);
    case Part::kPodman:
      return read_podman(places, facts);
    case Part::kContainerd:
      return read_containerd(places, facts);
    case Part::kCrio:
      return read_crio(places, facts);
    case Part::kStores:
      return read_stores(places, facts);
    case Part::kToolkit:
      return read_toolkit(places, facts);
    case Part::kContainer:
      return read_container(places, facts);
    case Part::kContainers:
      return read_containers(places, facts);
    case Part::kInside:
      return read_inside(places, facts);
  }
}

std::string_view part_name(Part part) {
  switch (part) {
    case Part::kOwn:
      return "Outboard's own files";
    case Part::kMachine:
      return "the driver's files and nodes";
    case Part::kKernel:
      return "the kernel's modules";
    case Part::kPci:
      return "the PCI bus";
    case Part::kProcesses:
      return "the list of processes";
    case Part::kSystem:
      return "the system's files";
    case Part::kSecurity:
      return "the security modules";
    case Part::kLog:
      return "the kernel log";
    case Part::kLimits:
      return "limits and free space";
    case Part::kNvml:
      return "NVML";
    case Part::kDocker:
      return "Docker";
    case Part::kCdi:
      return "CDI specifications";
    case Part::kPodman:
      return "Podman";
    case Part::kContainerd:
      return "containerd";
    case Part::kCrio:
      return "CRI-O";
    case Part::kStores:
      return "the engines' image stores";
    case Part::kToolkit:
      return "NVIDIA's toolkit";
    case Part::kContainer:
      return "the container";
    case Part::kContainers:
      return "the running containers";
    case Part::kInside:
      return "this container";
  }
  return "";
}

}  // namespace outboard::doctor
