// SPDX-License-Identifier: Apache-2.0
#include "app/cli/gpu_choice.h"

#include <cstdlib>
#include <memory>

#include "app/cli/command.h"
#include "app/compat_check.h"
#include "app/compat_files.h"
#include "app/container_cache.h"
#include "app/prepare_host.h"
#include "base/json.h"
#include "base/text.h"
#include "engine/image_config.h"

namespace outboard::cli {

namespace {

constexpr const char* kCapabilitiesVariable = "NVIDIA_DRIVER_CAPABILITIES";

bool is_moved(const Parsed& parsed) {
  for (const char* name : {"root", "driver-root", "dev-root", "proc-root", "sys-root", "facts"}) {
    if (parsed.has(name)) return true;
  }
  return std::getenv("OUTBOARD_ROOT") != nullptr;  // NOLINT: one thread
}

// TOML's basic strings are JSON's.
std::string policy_of(const app::MachineOptions& options) {
  auto line = [](const char* key, const std::string& value) {
    return cat(key, " = ", json::write(json::Value(value)), "\n");
  };
  return cat("[driver]\n", line("root", options.roots.driver), line("dev-root", options.roots.dev),
             line("proc-root", options.roots.proc), line("sys-root", options.roots.sys));
}

bool has_no_gpu(const app::Machine& machine) {
  return machine.inventory.gpus.empty() || !plan::check_driver(machine.facts);
}

Result<app::Machine> read_warm(const app::MachineOptions& options, const device::Request& request,
                               bool dry_run) {
  OB_TRY(app::Machine machine, app::read_machine(options, app::NvmlUse::kNever));
  if (dry_run || !options.facts_file.empty()) return machine;
  if (!app::load_modules(machine.facts, request.capabilities)) return machine;
  return app::read_machine(options, app::NvmlUse::kNever);
}

/// The capabilities of a container: named in --gpus, else by the variable (the person's, or the
/// image's own), else the default.
Result<device::Capabilities> capabilities_for(const device::Request& request, bool named,
                                              const std::vector<std::string>& environment) {
  if (named) return request.capabilities;
  auto value = engine::find_variable(environment, kCapabilitiesVariable);
  if (!value) return request.capabilities;
  return device::parse_capabilities(*value);
}

std::string visible_devices(const GpuChoice& choice) {
  return choice.names.empty() ? "none" : join(choice.names, ",");
}

/// The tables with a person's own rows; what is wrong with these is said once, and shortly, because
/// it would be said at every start.
std::shared_ptr<const app::CompatTables> read_tables(const engine::Console& console) {
  constexpr size_t kSaid = 3;
  auto tables = std::make_shared<const app::CompatTables>(app::read_user_tables());
  const std::vector<std::string>& warnings = tables->warnings();
  for (size_t i = 0; i < warnings.size() && i < kSaid; i++) console.note(warnings[i]);
  if (warnings.size() > kSaid) {
    console.note(cat(warnings.size() - kSaid, " more rows of compatibility tables are wrong; ",
                     "'outboard check --cuda 12.8' shows them"));
  }
  return tables;
}

engine::GpuHooks hooks_for(std::shared_ptr<app::Chosen> chosen,
                           std::shared_ptr<const app::CompatTables> tables,
                           const app::MachineOptions& options, const device::Request& request,
                           bool named) {
  engine::GpuHooks hooks;
  if (named) hooks.capabilities = device::capabilities_text(request.capabilities);
  // Shared by the hooks, which outlive this call.
  hooks.plan = [chosen, tables, options, request, named](
                   const plan::ImageLayout& image, const std::vector<std::string>& environment,
                   const compat::Labels& labels,
                   const std::optional<plan::ImageCompat>& image_compat) -> Result<plan::Plan> {
    OB_TRY(device::Capabilities capabilities, capabilities_for(request, named, environment));
    std::vector<std::string> notes;
    OB_TRY(app::CompatDecision compat,
           app::check_compatibility(*chosen, options, {environment, labels, image_compat},
                                    tables->tables(), notes));
    OB_TRY(plan::Plan plan, plan::make_plan(chosen->machine.facts, chosen->machine.inventory,
                                            chosen->selection, capabilities, image));
    plan.notes.insert(plan.notes.end(), notes.begin(), notes.end());
    if (compat.use_image_compat) plan::prefer_image_compat(plan, *image_compat, compat.why);
    return plan;
  };
  hooks.check_image = [chosen, options, tables](const std::vector<std::string>& environment,
                                                const compat::Labels& labels) {
    return app::check_before_pull(*chosen, options, {environment, labels, {}}, tables->tables());
  };
  hooks.prepare_host = [chosen](const plan::Plan& plan) {
    return app::prepare_host(plan, chosen->machine.facts);
  };
  hooks.merge_cache = [](std::string_view cache, const plan::Plan& plan) {
    return app::merged_cache(cache, plan, {});
  };
  hooks.place_files = [](const plan::Plan& plan, const std::string& directory) {
    return app::place_files(plan, directory);
  };
  hooks.place_cache = [](const Root& root, const plan::Plan& plan, const std::string& fallback) {
    return app::place_cache(root, plan, {}, fallback);
  };
  return hooks;
}

}  // namespace

Result<GpuChoice> choose_gpus(const std::string& spec, const Parsed& parsed,
                              const engine::Console& console) {
  OB_TRY(device::Request request, device::parse_gpus_option(spec));
  GpuChoice choice;
  if (request.kind == device::Request::Kind::kNothing) return choice;
  OB_TRY(app::MachineOptions options, machine_options(parsed));
  OB_TRY(app::Machine machine, read_warm(options, request, console.dry_run));
  choice.simulated = machine.facts.simulated;
  if (request.optional && has_no_gpu(machine)) {
    console.note("no GPU here: running without");
    return choice;
  }
  OB_TRY(app::Chosen selected, app::choose_on(std::move(machine), options, request));
  auto chosen = std::make_shared<app::Chosen>(std::move(selected));
  for (const device::Selected& device : chosen->selection.devices)
    choice.names.push_back(device::stable_name(chosen->machine.inventory, device));
  console.say(cat("devices: ", visible_devices(choice)));

  bool named = spec.find("capabilities=") != std::string::npos;
  choice.hooks = hooks_for(std::move(chosen), read_tables(console), options, request, named);
  choice.hooks->visible_devices = visible_devices(choice);
  choice.hooks->moved_machine = is_moved(parsed);
  if (choice.hooks->moved_machine) choice.hooks->policy_text = policy_of(options);
  return choice;
}

}  // namespace outboard::cli
