// SPDX-License-Identifier: Apache-2.0
// Starting other programs: no shell, an explicit environment, a deadline, no descriptor passed on
// by accident.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace outboard {

/// A program with its arguments; what --dry-run prints and what is run are this same value.
struct Command {
  std::vector<std::string>
      argv;  ///< argv[0] is a path, or a name that is searched in PATH by find_program
  /// "NAME=value" entries; nothing means this process's own environment.
  std::optional<std::vector<std::string>> environment = std::nullopt;
  /// Where it starts; empty means this process's own working directory.
  std::string working_directory = {};
};

/// The command as a person can paste it into a shell: words quoted where needed.
std::string shell_text(const std::vector<std::string>& argv);

/// How a program ended.
struct ExitStatus {
  bool signalled = false;
  int number = 0;  ///< exit code, or the signal
  /// As a shell counts: the code, or 128 + signal.
  int shell_code() const { return signalled ? 128 + number : number; }
  bool success() const { return !signalled && number == 0; }
};

struct Output {
  ExitStatus status;
  std::string out;
  std::string err;
  bool stopped = false;  ///< by the sink
};

struct CaptureOptions {
  std::chrono::milliseconds deadline{
      30'000};               ///< of all of it; then killed, and kBusy even if stuck
  size_t limit = 16U << 20;  ///< bytes of stdout and of stderr; more is an error
  std::string input;         ///< what it reads on stdin
  /// Gets stdout piece by piece, in place of Output::out and without `limit`. False: no more is
  /// wanted, and the child is killed.
  std::function<bool(std::string_view)> sink = nullptr;
};

/// Runs to the end and keeps what it printed. Of our descriptors it gets 0, 1 and 2 alone, whoever
/// opened the others. The error says that it could not be started, timed
/// out or printed too much; a program that ran and failed is no error here: look at `status`.
Result<Output> run_captured(const Command& command, const CaptureOptions& options = {});

/// Runs with this process's stdin, stdout and stderr. SIGINT, SIGTERM, SIGHUP and SIGQUIT that
/// reach us while it runs are passed on (a terminal sends its own to both; a second delivery is
/// harmless).
Result<ExitStatus> run_attached(const Command& command);

/// Replaces this process. Returns only on failure.
Error exec_program(const std::string& path, const std::vector<std::string>& argv);

/// A name without "/" is searched in `directories` (default: PATH of the environment); the first
/// executable file wins.
std::optional<std::string> find_program(const std::string& name,
                                        const std::vector<std::string>* directories = nullptr);
/// Where system programs lie, for privileged code that must not believe PATH.
const std::vector<std::string>& system_program_directories();

}  // namespace outboard
