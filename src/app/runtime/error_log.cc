// SPDX-License-Identifier: Apache-2.0
#include "app/runtime/error_log.h"

#include <fcntl.h>

#include <ctime>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"

namespace outboard::runtime {

// Texts quote what an image or a specification says. Each place that does so makes it printable;
// this is the last one, so that a place that forgot cannot write a second line or a terminal's
// commands into an engine's log.
constexpr size_t kLongestLine = 8192;

std::string error_line(const Error& error) {
  return printable(error.hint.empty() ? cat("outboard: ", error.text)
                                      : cat("outboard: ", error.text, " (", error.hint, ")"),
                   kLongestLine);
}

std::string log_line(const std::string& level, const std::string& message,
                     const std::string& format, const std::string& time) {
  if (format == "json") {
    json::Value line;
    line.set("level", level);
    line.set("msg", message);
    line.set("time", time);
    return json::write(line) + "\n";
  }
  return cat("time=\"", time, "\" level=", level, " msg=", json::write(json::Value(message)), "\n");
}

static std::string now() {
  std::time_t seconds = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return std::string(text, length);
}

void append_log(const std::string& path, const std::string& format, const std::string& level,
                const std::string& message) {
  if (path.empty()) return;
  // O_NONBLOCK: a log that is a FIFO without a reader must not stop a container's start.
  auto fd = open_at(AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK, 0644);
  if (!fd) return;
  [[maybe_unused]] auto written =
      write_all(fd->get(), log_line(level, printable(message, kLongestLine), format, now()), path);
}

}  // namespace outboard::runtime
