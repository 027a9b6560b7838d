// SPDX-License-Identifier: Apache-2.0
// outboard explain: every record that a container would get, and why; or what an error text means
// (explain_error.cc).
#include <cstdio>

#include "app/cli/command.h"
#include "app/cli/explain_error.h"
#include "app/cli/image_facts.h"
#include "app/cli/run_engine.h"
#include "app/compat_check.h"
#include "app/compat_files.h"
#include "app/prepare_host.h"
#include "base/json.h"
#include "base/root.h"
#include "base/text.h"
#include "engine/image_compat.h"
#include "engine/image_config.h"
#include "engine/image_drivers.h"
#include "render/describe.h"

namespace outboard::cli {

static Result<int> run(const Parsed& parsed) {
  if (is_error_text(parsed)) {
    for (const Option& option : explain_command().help.options) {
      if (option.name != "error" && option.name != "json" && parsed.has(option.name)) {
        return make_error(ErrorCode::kUsage,
                          cat("explain: --", option.name, " has no meaning for an error text"),
                          "give one IMAGE for what a container would get");
      }
    }
    return explain_error(parsed);
  }
  OB_TRY(app::MachineOptions options, machine_options(parsed));
  OB_TRY(device::Request request, device::parse_gpus_option(parsed.value("gpus", "all")));
  ImageFacts image;
  if (!parsed.words().empty()) {
    OB_TRY(image, image_facts(parsed.words()[0], "docker", make_console(parsed)));
  }
  auto variable = engine::find_variable(image.environment, "NVIDIA_DRIVER_CAPABILITIES");
  if (parsed.has("capabilities")) {
    OB_TRY(request.capabilities, device::parse_capabilities(parsed.value("capabilities")));
  } else if (variable && request.capabilities == device::kDefaultCapabilities) {
    OB_TRY(request.capabilities, device::parse_capabilities(*variable));
  }
  OB_TRY(app::Chosen chosen, app::choose(options, request));
  const Root* root = image.root();
  app::ImageDemands demands{image.environment, image.labels};
  if (root) demands.compat = engine::find_image_compat(*root, {});
  app::CompatTables tables = app::read_user_tables();
  std::vector<std::string> notes = tables.warnings();
  auto compat = app::check_compatibility(chosen, options, demands, tables.tables(), notes);
  if (!compat) notes.push_back(cat("it would not be started: ", compat.error().text));
  OB_TRY(plan::Plan plan, plan::make_plan(chosen.machine.facts, chosen.machine.inventory,
                                          chosen.selection, request.capabilities, image.layout));
  plan.notes.insert(plan.notes.end(), notes.begin(), notes.end());
  if (compat && compat->use_image_compat)
    plan::prefer_image_compat(plan, *demands.compat, compat->why);
  if (!app::is_real_root()) plan::fit_user_namespace(plan, plan::DeviceRules::kNone);
  if (root) {
    engine::overrule_image_drivers(*root, image.environment, {}, plan);
  } else {
    engine::leave_out_compat_directories(image.environment, plan);
  }
  std::string text =
      parsed.has("json") ? json::write_pretty(render::plan_json(plan)) : render::plan_text(plan);
  std::fputs(text.c_str(), stdout);
  return 0;
}

CliCommand explain_command() {
  CommandHelp help{
      "explain",
      "[IMAGE | ERROR...]",
      "print what a container would get, and why; or what an error text means",
      "Each line is one record of the plan that 'outboard run' and outboard-runtime "
      "carry out: a device node, a mounted file, an "
      "ld.so.cache entry, with the rule and the fact behind it. "
      "IMAGE, one of Docker's or rootfs:DIR, says where its loader looks and which capabilities it "
      "wants; without it Debian's directories are assumed.\n\n"
      "ERROR is an error text of docker, podman, runc, crun, containerd, Kubernetes, NVIDIA's "
      "toolkit, CUDA, NVML or the kernel, a code "
      "('CUDA 804', 'Xid 79', 803) or a name (cudaErrorInsufficientDriver); '-' reads it from "
      "standard input. Printed are its cause, how to check "
      "that and what mends it, from a table, without a look at the machine. More than one word, a "
      "word with blanks, upper case in a name without '/', "
      "or a number of up to four digits is an error text; --error says so for any text. The exit "
      "code is 0 if the text is known, 1 if it is not, and 2 "
      "if it is empty, binary or larger than 256 KiB.",
      {{"gpus", 0, "SPEC",
        "which GPUs: all, none, a count, indices, UUIDs, PCI bus ids, mig=PROFILE[:N] "
        "(default all)",
        "all none"},
       {"capabilities", 0, "LIST",
        "driver capabilities (default the image's, else utility,compute)",
        "all compute utility video graphics display ngx compat32"},
       {"error", 0, "TEXT", "explain this error text; '-' reads it from standard input", ""},
       {"json", 0, "", "print a JSON document", ""}},
      false};
  add_machine_options(help);
  return {std::move(help), run};
}

}  // namespace outboard::cli
