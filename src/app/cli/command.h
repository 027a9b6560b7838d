// SPDX-License-Identifier: Apache-2.0
// What the commands of `outboard` share: their table entry and the options that every command
// takes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/machine.h"
#include "app/policy.h"
#include "base/options.h"
#include "base/result.h"

namespace outboard::cli {

/// A command: its help table, and the function that runs it. The function returns the exit code; an
/// Error is printed once by main ("outboard: TEXT", then "  hint: HINT") and becomes the exit code
/// that fits its code.
struct CliCommand {
  CommandHelp help;
  Result<int> (*run)(const Parsed& parsed);
};

CliCommand capture_command();
CliCommand check_command();
CliCommand doctor_command();
CliCommand list_command();
CliCommand explain_command();
CliCommand run_command();
CliCommand args_command();
CliCommand verify_command();
CliCommand sim_command();

/// --root, --driver-root, --dev-root, --proc-root, --sys-root, --facts, --no-nvml: appended to a
/// command's own options.
void add_machine_options(CommandHelp& help);
/// Reads them, and OUTBOARD_ROOT where no root is given.
Result<app::MachineOptions> machine_options(const Parsed& parsed);
/// The same where the policy has been read.
Result<app::MachineOptions> machine_options(const Parsed& parsed, const app::Policy& policy);

/// The last place before a terminal: whatever a text quotes of an image, a registry or an engine,
/// nothing of it commands the terminal. Line feeds stay.
std::string printable_lines(std::string_view text);

/// Decisions, for -v, and notes: on stderr, "outboard: TEXT".
void say(const std::string& text);

}  // namespace outboard::cli
