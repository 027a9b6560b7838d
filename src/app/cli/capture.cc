// SPDX-License-Identifier: Apache-2.0
// outboard capture: the machine as a JSON document, to be read back with --facts.
#include <cstdio>

#include "app/cli/command.h"
#include "base/files.h"
#include "base/json.h"
#include "host/facts_json.h"

namespace outboard::cli {

static Result<int> run(const Parsed& parsed) {
  if (parsed.words().size() > 1) return make_error(ErrorCode::kUsage, "capture: one file at most");
  OB_TRY(app::MachineOptions options, machine_options(parsed));
  std::string nvml_error;
  OB_TRY(app::Machine machine,
         app::read_machine(options,
                           options.may_ask_nvml ? app::NvmlUse::kAsk : app::NvmlUse::kCacheOnly,
                           &nvml_error));
  if (!nvml_error.empty()) say("NVML is left out: " + nvml_error);
  json::Value document;
  document.set("outboard", OUTBOARD_VERSION);
  document.set("facts", host::facts_to_json(machine.facts));
  document.set("nvml", machine.nvml ? host::nvml_to_json(*machine.nvml) : json::Value());
  std::string text = json::write_pretty(document);
  if (parsed.words().empty() || parsed.words()[0] == "-") {
    std::fputs(text.c_str(), stdout);
  } else {
    OB_CHECK(replace_file(parsed.words()[0], text));
  }
  return 0;
}

CliCommand capture_command() {
  CommandHelp help{"capture",
                   "[FILE]",
                   "write down what this machine offers, as JSON",
                   "The snapshot holds the driver's files, device nodes, GPUs and MIG layout; "
                   "every other command reads it with --facts. "
                   "It makes a report that can be worked with elsewhere. It holds GPU UUIDs and no "
                   "file contents.",
                   {},
                   false};
  add_machine_options(help);
  return {std::move(help), run};
}

}  // namespace outboard::cli
