// SPDX-License-Identifier: Apache-2.0
// What every program does first: read the machine (or a snapshot of it), ask NVML where the request
// needs it, choose. The command line and the runtime call these same functions, so the same request
// gives the same plan at every entrance.
#pragma once

#include <optional>
#include <string>

#include "app/compat_mode.h"
#include "base/result.h"
#include "compat/tables.h"
#include "device/inventory.h"
#include "device/request.h"
#include "device/select.h"
#include "host/facts.h"
#include "plan/plan.h"

namespace outboard::app {

struct MachineOptions {
  host::Roots roots;
  std::string facts_file;       ///< read a snapshot (`outboard capture`) instead of the machine
  bool may_ask_nvml = true;     ///< false: the helper program is never started
  std::string nvml_helper;      ///< path of outboard-nvml; empty: the installed one
  std::string state_directory;  ///< where NVML's answers are cached; empty: /run/outboard
  /// Also look for GPUs that the driver does not use, to say why. The runtime does so only where it
  /// finds no other.
  bool whole_bus = true;
  int nvml_deadline_ms = 10'000;
  CompatMode compat = CompatMode::kAuto;
  bool any_owner =
      false;  ///< driver files that others than root could change are used all the same
};

struct Machine {
  host::Facts facts;
  std::optional<host::NvmlAnswer> nvml;
  device::Inventory inventory;
};

/// How far to go for what only NVML knows.
enum class NvmlUse { kNever, kCacheOnly, kAsk };

/// Facts and inventory. With kAsk a failure of NVML is told in `nvml_error` and the inventory goes
/// without.
Result<Machine> read_machine(const MachineOptions& options, NvmlUse use,
                             std::string* nvml_error = nullptr);

struct Chosen {
  Machine machine;
  device::Selection selection;
};

/// Facts, NVML only if the request depends on it, and the selection. Errors: no usable driver,
/// unknown names, NVML failed.
Result<Chosen> choose(const MachineOptions& options, const device::Request& request);
/// Names and compute capabilities that only rows added to the tables tell. NVML's words count more.
void learn_cards(Machine& machine, const compat::Tables& tables);
/// Asks NVML (its cached answer, else the helper) for what is missing in `machine.nvml`; a failure
/// leaves it as it is. The inventory stays the same.
void learn_brands(Machine& machine, const MachineOptions& options);

/// The same on a machine that has been read.
Result<Chosen> choose_on(Machine machine, const MachineOptions& options,
                         const device::Request& request);

}  // namespace outboard::app
