// SPDX-License-Identifier: Apache-2.0
#include "app/cli/command.h"

#include <cstdio>
#include <cstdlib>

#include "app/policy.h"
#include "base/files.h"
#include "base/text.h"

namespace outboard::cli {

std::string printable_lines(std::string_view text) {
  std::vector<std::string> lines;
  for (std::string_view line : split(text, '\n'))
    lines.push_back(printable(line, std::string::npos));
  return join(lines, "\n");
}

void say(const std::string& text) {
  std::fprintf(stderr, "outboard: %s\n", printable_lines(text).c_str());
}

void add_machine_options(CommandHelp& help) {
  const Option kOptions[] = {
      {"root", 0, "DIR",
       "use the machine in DIR (its driver root, dev, proc and sys), as 'outboard sim create' "
       "makes one",
       "DIR"},
      {"driver-root", 0, "DIR", "where the driver's files are", "DIR"},
      {"dev-root", 0, "DIR", "where the device nodes are, instead of /dev", "DIR"},
      {"proc-root", 0, "DIR", "instead of /proc", "DIR"},
      {"sys-root", 0, "DIR", "instead of /sys", "DIR"},
      {"facts", 0, "FILE", "use a snapshot written by 'outboard capture' instead of this machine",
       "FILE"},
      {"no-nvml", 0, "", "do not ask NVML; what only NVML knows is left out", ""},
  };
  for (const Option& option : kOptions) help.options.push_back(option);
}

Result<app::MachineOptions> machine_options(const Parsed& parsed) {
  OB_TRY(app::Policy policy, app::read_policy(app::kPolicyPath));
  return machine_options(parsed, policy);
}

Result<app::MachineOptions> machine_options(const Parsed& parsed, const app::Policy& policy) {
  app::MachineOptions options;
  options.roots = policy.roots;
  options.nvml_helper = policy.nvml_helper;
  options.state_directory = policy.state_directory;
  options.nvml_deadline_ms = policy.nvml_deadline_ms;
  options.any_owner = policy.any_owner;
  options.compat = policy.compat;
  const char* environment = std::getenv("OUTBOARD_ROOT");  // NOLINT: one thread
  std::string root = parsed.value("root", environment ? environment : "");
  if (!root.empty()) {
    if (!path_exists(root)) {
      return make_error(ErrorCode::kNotFound,
                        cat("machine root '", printable(root), "' does not exist"),
                        "make one with 'outboard sim create --profile h200x4 DIR'");
    }
    options.roots = app::roots_below(absolute_path(root));
  }
  if (parsed.has("driver-root")) options.roots.driver = absolute_path(parsed.value("driver-root"));
  if (parsed.has("dev-root")) options.roots.dev = absolute_path(parsed.value("dev-root"));
  if (parsed.has("proc-root")) options.roots.proc = absolute_path(parsed.value("proc-root"));
  if (parsed.has("sys-root")) options.roots.sys = absolute_path(parsed.value("sys-root"));
  options.facts_file = parsed.value("facts");
  options.may_ask_nvml = !parsed.has("no-nvml");
  return options;
}

}  // namespace outboard::cli
