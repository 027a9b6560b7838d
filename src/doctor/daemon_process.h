// SPDX-License-Identifier: Apache-2.0
// A daemon's process, as /proc shows it. The daemon was found on this kernel, so this is always the
// real /proc.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "doctor/engine_facts.h"

namespace outboard::doctor {

/// The process with that id; nothing if it is gone.
std::optional<DaemonProcess> daemon_process(uint32_t pid);
/// The one process whose name (/proc/PID/comm) this is; nothing if there is none or several.
std::optional<DaemonProcess> daemon_named(const std::string& name);

/// The value that follows `--name` or stands in `--name=value`; nothing without it. Pure.
std::optional<std::string> option_of(const std::vector<std::string>& argv, const std::string& name);

/// Looks for a program as the daemon does: absolute, or in its PATH (the system's directories where
/// that is unknown).
std::optional<FoundProgram> find_for(const std::optional<DaemonProcess>& process,
                                     const std::string& name);

/// The wall clock when a process started that /proc/PID/stat's field 22 says started so many clock
/// ticks after boot; nothing if `stat` is not one.
std::optional<double> start_time(std::string_view stat);

}  // namespace outboard::doctor
