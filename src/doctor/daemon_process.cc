// SPDX-License-Identifier: Apache-2.0
#include "doctor/daemon_process.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <ctime>

#include "base/files.h"
#include "base/process.h"
#include "base/text.h"
#include "host/small_files.h"

namespace outboard::doctor {

namespace {

constexpr const char* kProc = "/proc";

double seconds_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::vector<std::string> nul_separated(const std::string& text) {
  std::vector<std::string> all;
  for (std::string_view piece : split(text, '\0')) {
    if (!piece.empty()) all.emplace_back(piece);
  }
  return all;
}

// "0::/system.slice/docker.service": the last part that is a service.
std::string unit_of(const std::string& cgroups) {
  std::string unit;
  for (std::string_view line : split(cgroups, '\n')) {
    for (std::string_view part : split(line, '/')) {
      if (part.size() > 8 && part.substr(part.size() - 8) == ".service") unit = std::string(part);
    }
    if (!unit.empty()) break;
  }
  return unit;
}

}  // namespace

std::optional<double> start_time(std::string_view stat) {
  // The name in parentheses may hold blanks and parentheses.
  size_t close = stat.rfind(')');
  if (close == std::string_view::npos) return std::nullopt;
  auto fields = words(stat.substr(close + 1));
  constexpr size_t kStart = 22 - 3;  // the first field after the name is number 3
  if (fields.size() <= kStart) return std::nullopt;
  auto ticks = parse_number<uint64_t>(fields[kStart]);
  if (!ticks) return std::nullopt;
  double since_boot = static_cast<double>(*ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return seconds_of(CLOCK_REALTIME) - seconds_of(CLOCK_BOOTTIME) + since_boot;
}

std::optional<DaemonProcess> daemon_process(uint32_t pid) {
  std::string directory = cat(kProc, "/", pid);
  auto stat = read_file(directory + "/stat", 4096);
  if (!stat) return std::nullopt;
  DaemonProcess process;
  process.pid = pid;
  process.started = start_time(*stat);
  char target[PATH_MAX];
  ssize_t length = ::readlink((directory + "/exe").c_str(), target, sizeof target);
  if (length > 0) process.program.assign(target, static_cast<size_t>(length));
  if (auto text = read_file(directory + "/cmdline", 1U << 20)) process.argv = nul_separated(*text);
  if (auto text = read_file(directory + "/cgroup", 1U << 20)) process.unit = unit_of(*text);
  if (auto text = read_file(directory + "/environ", 1U << 20)) {
    process.search_path.emplace();
    for (const std::string& entry : nul_separated(*text)) {
      if (entry.rfind("PATH=", 0) != 0) continue;
      for (std::string_view part : split(std::string_view(entry).substr(5), ':'))
        process.search_path->emplace_back(part);
    }
  }
  return process;
}

std::optional<DaemonProcess> daemon_named(const std::string& name) {
  std::optional<DaemonProcess> only;
  for (const std::string& entry : host::names_in(AT_FDCWD, kProc)) {
    auto pid = parse_number<uint32_t>(entry);
    if (!pid) continue;
    auto comm = host::read_small(AT_FDCWD, cat(kProc, "/", entry, "/comm"));
    if (!comm || trim(*comm) != name) continue;
    if (only) return std::nullopt;
    only = daemon_process(*pid);
  }
  return only;
}

std::optional<std::string> option_of(const std::vector<std::string>& argv,
                                     const std::string& name) {
  for (size_t i = 1; i < argv.size(); i++) {
    if (argv[i] == name && i + 1 < argv.size()) return argv[i + 1];
    if (argv[i].rfind(name + "=", 0) == 0) return argv[i].substr(name.size() + 1);
  }
  return std::nullopt;
}

std::optional<FoundProgram> find_for(const std::optional<DaemonProcess>& process,
                                     const std::string& name) {
  bool known = process && process->search_path;
  auto path = find_program(name, known ? &*process->search_path : &system_program_directories());
  if (!path) return std::nullopt;
  // Of a link the link itself counts: what it leads to may have been upgraded since.
  struct stat link, file;
  if (::lstat(path->c_str(), &link) != 0 || ::stat(path->c_str(), &file) != 0) return std::nullopt;
  auto changed = [](const struct stat& status) {
    return static_cast<double>(status.st_ctim.tv_sec) +
           static_cast<double>(status.st_ctim.tv_nsec) * 1e-9;
  };
  return FoundProgram{*path, S_ISLNK(link.st_mode) ? changed(link) : changed(file)};
}

}  // namespace outboard::doctor
