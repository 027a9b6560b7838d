// SPDX-License-Identifier: Apache-2.0
// Telling an engine what went wrong. Docker and containerd show the last line of level "error" in
// the file that they name with
// --log, in the format that they name with --log-format (runc's logrus lines); stderr alone would
// be lost.
#pragma once

#include <string>

#include "base/result.h"

namespace outboard::runtime {

/// One line for a person: text, then the hint in brackets; no control characters, 8 KiB at most.
std::string error_line(const Error& error);
/// A line as runc writes it to --log. `time` is RFC 3339.
std::string log_line(const std::string& level, const std::string& message,
                     const std::string& format, const std::string& time);
/// Appends to the file, if there is one, with the message made printable; what cannot be written is
/// lost without an error, because the error is already being told.
void append_log(const std::string& path, const std::string& format, const std::string& level,
                const std::string& message);

}  // namespace outboard::runtime
