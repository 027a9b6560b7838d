// SPDX-License-Identifier: Apache-2.0
#include "app/machine.h"

#include <unistd.h>

#include <algorithm>

#include "app/prepare_host.h"
#include "base/files.h"
#include "base/text.h"
#include "compat/gpu_table.h"
#include "host/facts_json.h"
#include "host/nvml_client.h"
#include "host/read_facts.h"

namespace outboard::app {

namespace {

// Who owns the driver's files is root's concern only; in a user namespace root's files look like
// somebody else's.
void forgive_owners(const MachineOptions& options, host::Facts& facts) {
  bool any = std::any_of(facts.files.begin(), facts.files.end(),
                         [](const host::DriverFile& file) { return file.distrust.has_value(); });
  if (!any || (is_real_root() && !options.any_owner)) return;
  for (host::DriverFile& file : facts.files) file.distrust.reset();
}

Result<host::Facts> facts_for(const MachineOptions& options,
                              std::optional<host::NvmlAnswer>* saved_nvml) {
  if (options.facts_file.empty()) {
    host::ReadOptions read{options.whole_bus, options.state_directory};
    read.check_owners = ::geteuid() == 0;
    OB_TRY(host::Facts facts, host::read_facts(options.roots, read));
    if (facts.gpus.empty() && !options.whole_bus) {
      read.whole_bus = true;
      OB_TRY(facts, host::read_facts(options.roots, read));
    }
    forgive_owners(options, facts);
    return facts;
  }
  OB_TRY(std::string content, read_file(options.facts_file, 64U << 20));
  OB_TRY(json::Value snapshot, json::parse(content, options.facts_file));
  auto facts = host::facts_from_json(snapshot["facts"]);
  if (!facts) return std::move(facts).error().in(cat("read '", printable(options.facts_file), "'"));
  if (const json::Value* nvml = snapshot.find("nvml"); nvml && !nvml->is_null()) {
    auto answer = host::nvml_from_json(*nvml);
    if (!answer)
      return std::move(answer).error().in(cat("read '", printable(options.facts_file), "'"));
    *saved_nvml = std::move(*answer);
  }
  return facts;
}

// What tables know: compute capability and name by PCI id.
void add_table_knowledge(const host::Facts& facts, device::Inventory& inventory) {
  for (device::Gpu& gpu : inventory.gpus) {
    for (const host::GpuFact& fact : facts.gpus) {
      if (fact.pci != gpu.pci || !fact.pci_device) continue;
      auto model = compat::gpu_model(*fact.pci_device);
      if (!model) continue;
      if (!gpu.compute_capability) gpu.compute_capability = std::string(model->compute_capability);
      if (!gpu.name) gpu.name = std::string(model->name);
    }
  }
}

host::NvmlOptions nvml_options(const MachineOptions& options) {
  host::NvmlOptions nvml;
  if (!options.nvml_helper.empty()) nvml.helper = options.nvml_helper;
  if (!options.state_directory.empty()) nvml.cache_directory = options.state_directory;
  nvml.deadline = std::chrono::milliseconds(options.nvml_deadline_ms);
  return nvml;
}

}  // namespace

Result<Machine> read_machine(const MachineOptions& options, NvmlUse use, std::string* nvml_error) {
  Machine machine;
  OB_TRY(machine.facts, facts_for(options, &machine.nvml));
  if (!machine.nvml && options.facts_file.empty() && use != NvmlUse::kNever) {
    if (auto cached = host::cached_nvml(machine.facts, nvml_options(options)); cached && *cached) {
      machine.nvml = std::move(**cached);
    } else if (use == NvmlUse::kAsk && plan::check_driver(machine.facts)) {
      auto answer = host::query_nvml(machine.facts, nvml_options(options));
      if (answer) {
        machine.nvml = std::move(*answer);
      } else if (nvml_error) {
        *nvml_error = answer.error().text;
      }
    }
  }
  machine.inventory =
      device::make_inventory(machine.facts, machine.nvml ? &*machine.nvml : nullptr);
  add_table_knowledge(machine.facts, machine.inventory);
  return machine;
}

void learn_cards(Machine& machine, const compat::Tables& tables) {
  if (tables.pci_gpus.empty() && tables.gpu_chips.empty()) return;
  for (device::Gpu& gpu : machine.inventory.gpus) {
    for (const host::GpuFact& fact : machine.facts.gpus) {
      if (fact.pci != gpu.pci || !fact.pci_device) continue;
      auto model = compat::gpu_model(tables, *fact.pci_device);
      if (!model) continue;
      if (!gpu.name) gpu.name = std::string(model->name);
      if (!model->compute_capability.empty() && (!gpu.compute_capability || !machine.nvml))
        gpu.compute_capability = std::string(model->compute_capability);
    }
  }
}

void learn_brands(Machine& machine, const MachineOptions& options) {
  if (machine.nvml || !options.facts_file.empty() || !options.may_ask_nvml) return;
  auto cached = host::cached_nvml(machine.facts, nvml_options(options));
  if (cached && *cached) {
    machine.nvml = std::move(**cached);
    return;
  }
  if (auto answer = host::query_nvml(machine.facts, nvml_options(options)))
    machine.nvml = std::move(*answer);
}

Result<Chosen> choose(const MachineOptions& options, const device::Request& request) {
  OB_TRY(Machine machine, read_machine(options, NvmlUse::kNever));
  return choose_on(std::move(machine), options, request);
}

Result<Chosen> choose_on(Machine machine, const MachineOptions& options,
                         const device::Request& request) {
  if (request.kind == device::Request::Kind::kNothing) return Chosen{std::move(machine), {}};
  OB_CHECK(plan::check_driver(machine.facts));
  if (!machine.nvml && options.facts_file.empty() && options.may_ask_nvml &&
      device::needs_nvml(request, machine.facts)) {
    auto cached = host::cached_nvml(machine.facts, nvml_options(options));
    if (cached && *cached) {
      machine.nvml = std::move(**cached);
    } else {
      auto answer = host::query_nvml(machine.facts, nvml_options(options));
      if (!answer)
        return std::move(answer).error().in("the request depends on what only NVML knows");
      machine.nvml = std::move(*answer);
    }
    machine.inventory = device::make_inventory(machine.facts, &*machine.nvml);
    add_table_knowledge(machine.facts, machine.inventory);
  }
  OB_TRY(device::Selection selection, device::select(machine.inventory, request));
  return Chosen{std::move(machine), std::move(selection)};
}

}  // namespace outboard::app
