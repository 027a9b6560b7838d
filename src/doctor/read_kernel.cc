// SPDX-License-Identifier: Apache-2.0
// /proc/modules, /proc/cmdline, lib/modules, and the kernel log. The log's records are those of
// /dev/kmsg (Documentation/ABI/testing/dev-kmsg in the kernel's sources): one a read, the oldest
// first.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/files.h"
#include "base/root.h"
#include "base/text.h"
#include "doctor/read_parts.h"
#include "host/small_files.h"

namespace outboard::doctor {

namespace {

constexpr size_t kLogLimit = 8U << 20;

bool is_driver_module(std::string_view name) {
  return name == "nvidia.ko" || name.rfind("nvidia.ko.", 0) == 0 || name == "nvidia-current.ko" ||
         name.rfind("nvidia-current.ko.", 0) == 0;
}

// Where packages put it: updates/dkms (DKMS on Debian and Ubuntu), extra (DKMS and kmods on Fedora
// and RHEL), kernel/drivers/video (NVIDIA's installer), kernel/nvidia-535 (Ubuntu's signed ones),
// weak-updates. Three levels below the release's directory cover them.
void find_driver_modules(const Root& root, const std::string& directory, int depth,
                         std::vector<std::string>& found) {
  auto names = root.list(directory);
  if (!names) return;
  for (const std::string& name : *names) {
    std::string path = cat(directory, "/", name);
    if (is_driver_module(name)) {
      found.push_back(path);
    } else if (depth > 0 && name.find('.') == std::string::npos && root.is_directory(path)) {
      find_driver_modules(root, path, depth - 1, found);
    }
  }
}

// A signed module ends in this line (Documentation/admin-guide/module-signing.rst in the kernel's
// sources). Whose signature it is the kernel decides.
std::optional<bool> is_signed(const std::string& path) {
  constexpr std::string_view kEnd = "~Module signature appended~\n";
  if (path.size() < 3 || path.substr(path.size() - 3) != ".ko") return std::nullopt;
  auto fd = open_at(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!fd) return std::nullopt;
  off_t size = ::lseek(fd->get(), 0, SEEK_END);
  std::string end(kEnd.size(), '\0');
  if (size < static_cast<off_t>(end.size())) return false;
  ssize_t count = ::pread(fd->get(), end.data(), end.size(), size - static_cast<off_t>(end.size()));
  if (count != static_cast<ssize_t>(end.size())) return std::nullopt;
  return end == kEnd;
}

void read_driver_modules(const Places& places, KernelFacts& kernel) {
  auto release = host::read_small(AT_FDCWD, places.roots.proc + "/sys/kernel/osrelease");
  auto root = Root::open(places.system, Root::Trust::kHost);
  if (!release || !root) return;
  std::string top = cat("/lib/modules/", trim(*release));
  if (!root->is_directory(top)) return;
  std::vector<std::string> found;
  for (const char* place : {"/updates", "/extra", "/weak-updates", "/kernel/drivers/video",
                            "/kernel/drivers/char/drm", "/misc"})
    find_driver_modules(*root, top + place, 2, found);
  // Ubuntu: kernel/nvidia-570/nvidia.ko
  if (auto names = root->list(top + "/kernel")) {
    for (const std::string& name : *names) {
      if (name.rfind("nvidia", 0) == 0)
        find_driver_modules(*root, cat(top, "/kernel/", name), 1, found);
    }
  }
  if (!found.empty()) kernel.module_signed = is_signed(root->host_path(found.front()));
  kernel.driver_modules = std::move(found);
}

// "Loading of unsigned module is rejected", "Loading of module with unavailable key is rejected"
// (kernel/module/signing.c in the kernel's sources; newer ones put "NAME: loading" first).
constexpr std::string_view kRejected = " is rejected";

bool concerns_us(std::string_view text) {
  constexpr std::string_view kWords[] = {
      "NVRM",   "nvidia", "nouveau", "Nouveau",  "avc:",   "DENIED",
      "PKCS#7", "AER:",   "SELinux", "Lockdown", kRejected};
  return std::any_of(std::begin(kWords), std::end(kWords),
                     [&](auto word) { return text.find(word) != std::string_view::npos; });
}

// "6,339,5140900,-;text": priority, sequence, microseconds, flags.
std::optional<LogLine> kmsg_line(std::string_view line) {
  size_t semicolon = line.find(';');
  if (semicolon == std::string_view::npos) return std::nullopt;
  auto fields = split(line.substr(0, semicolon), ',');
  if (fields.size() < 4 || !is_digits(fields[0])) return std::nullopt;
  LogLine record{std::nullopt, std::string(line.substr(semicolon + 1))};
  if (auto microseconds = parse_number<uint64_t>(fields[2]))
    record.seconds = static_cast<double>(*microseconds) / 1e6;
  return record;
}

// "[    5.140900] text"
LogLine dmesg_line(std::string_view line) {
  size_t end = line.find("] ");
  if (line.empty() || line[0] != '[' || end == std::string_view::npos)
    return {std::nullopt, std::string(line)};
  LogLine record{std::nullopt, std::string(line.substr(end + 2))};
  char* stop = nullptr;
  std::string number(trim(line.substr(1, end - 1)));
  double seconds = std::strtod(number.c_str(), &stop);
  if (stop && *stop == 0 && !number.empty()) record.seconds = seconds;
  return record;
}

std::optional<std::string> drain(int fd, std::string& text) {
  while (text.size() < kLogLimit) {
    char record[8192];
    ssize_t count = ::read(fd, record, sizeof record);
    if (count > 0) {
      text.append(record, static_cast<size_t>(count));
    } else if (count == 0 || errno == EAGAIN) {
      return std::nullopt;
    } else if (errno != EPIPE && errno != EINTR) {  // EPIPE: overwritten meanwhile
      return std::strerror(errno);
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<Module> parse_modules(std::string_view text) {
  std::vector<Module> modules;
  for (std::string_view line : split(text, '\n')) {
    auto fields = words(line);
    if (fields.size() < 4) continue;
    Module module{std::string(fields[0]), parse_number<uint32_t>(fields[2]), {}};
    for (std::string_view user : split(fields[3], ',')) {
      if (!user.empty() && user != "-") module.used_by.emplace_back(user);
    }
    modules.push_back(std::move(module));
  }
  return modules;
}

std::vector<LogLine> parse_kernel_log(std::string_view text) {
  std::vector<LogLine> lines;
  for (std::string_view line : split(text, '\n')) {
    if (line.empty() || line[0] == ' ' || !concerns_us(line)) continue;
    auto record = kmsg_line(line);
    lines.push_back(record ? std::move(*record) : dmesg_line(line));
  }
  return lines;
}

void read_kernel(const Places& places, Facts& facts) {
  KernelFacts& kernel = facts.kernel;
  if (auto text = host::read_small(AT_FDCWD, places.roots.proc + "/modules"))
    kernel.modules = parse_modules(*text);
  if (auto text = host::read_small(AT_FDCWD, places.roots.proc + "/cmdline"))
    kernel.command_line = std::string(trim(*text));
  read_driver_modules(places, kernel);
}

void read_log(const Places& places, Facts& facts) {
  std::string path = places.roots.dev + "/kmsg";
  auto fd = open_at(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  // A log that a test wrote counts, but without one there is nothing to be unknown.
  if (!fd && fd.error().code == ErrorCode::kNotFound &&
      path_exists(join_path(places.roots.driver, "outboard-sim.json"))) {
    facts.log.none = true;
    return;
  }
  if (!fd) {
    facts.log.unknown = fd.error().code == ErrorCode::kDenied
                            ? cat("the kernel log '", path, "' takes root to read")
                            : cat("the kernel log cannot be read: ", fd.error().text);
    return;
  }
  std::string text;
  if (auto why = drain(fd->get(), text))
    facts.log.unknown = cat("the kernel log '", path, "' cannot be read: ", *why);
  facts.log.lines = parse_kernel_log(text);
}

}  // namespace outboard::doctor
