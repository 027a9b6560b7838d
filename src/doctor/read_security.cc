// SPDX-License-Identifier: Apache-2.0
// What keeps modules out and containers from nodes: Secure Boot and lockdown, SELinux, AppArmor,
// and what auditd wrote of their denials.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/files.h"
#include "base/text.h"
#include "doctor/read_parts.h"
#include "host/small_files.h"

namespace outboard::doctor {

namespace {

std::optional<std::string> attribute(const std::string& path) {
  auto text = host::read_small(AT_FDCWD, path);
  return text ? std::optional(std::string(trim(*text))) : std::nullopt;
}

void read_selinux(const std::string& sys, SecurityFacts& security) {
  if (auto text = attribute(sys + "/fs/selinux/enforce")) security.selinux_enforcing = *text == "1";
  for (const char* name :
       {"container_use_devices", "container_use_xserver_devices", "container_use_dri_devices"}) {
    // "current pending"
    if (auto text = attribute(cat(sys, "/fs/selinux/booleans/", name)))
      security.selinux_booleans[name] = text->rfind('1', 0) == 0;
  }
}

// Seconds since 1970: the line "btime N" of /proc/stat.
uint64_t boot_time(const std::string& proc) {
  auto text = read_file(proc + "/stat", 16U << 20);
  if (!text) return 0;
  for (std::string_view line : split(*text, '\n')) {
    if (line.rfind("btime ", 0) == 0) return parse_number<uint64_t>(line.substr(6)).value_or(0);
  }
  return 0;
}

// "type=AVC msg=audit(1732170000.123:456): ..."
uint64_t time_of(std::string_view record) {
  constexpr std::string_view kMark = "audit(";
  size_t at = record.find(kMark);
  if (at == std::string_view::npos) return 0;
  std::string_view digits = record.substr(at + kMark.size());
  return parse_number<uint64_t>(digits.substr(0, digits.find_first_not_of("0123456789")))
      .value_or(0);
}

// Since boot, as the kernel log has them; from the last of a log that may be large.
std::vector<std::string> read_denials(const std::string& path, uint64_t since) {
  constexpr off_t kTail = 1 << 20;
  auto fd = open_at(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  struct stat status;
  if (!fd || ::fstat(fd->get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  std::string text(static_cast<size_t>(std::min<off_t>(status.st_size, kTail)), '\0');
  ssize_t count = ::pread(fd->get(), text.data(), text.size(),
                          status.st_size - static_cast<off_t>(text.size()));
  text.resize(count < 0 ? 0 : static_cast<size_t>(count));
  std::vector<std::string> denials;
  for (std::string_view line : split(text, '\n')) {
    bool denied = line.find("denied") != std::string_view::npos ||
                  line.find("apparmor=\"DENIED\"") != std::string_view::npos;
    bool ours = line.find("nvidia") != std::string_view::npos ||
                line.find("xserver_misc_device_t") != std::string_view::npos;
    if (denied && ours && time_of(line) >= since) denials.emplace_back(line);
  }
  return denials;
}

// Four bytes of attributes, then the value (efivarfs).
std::optional<bool> read_secure_boot(const std::string& sys) {
  std::string efi = sys + "/firmware/efi";
  if (!path_exists(efi)) return false;  // started by a BIOS
  auto bytes = read_file(efi + "/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", 64);
  if (!bytes || bytes->size() != 5) return std::nullopt;
  return bytes->at(4) == 1;
}

}  // namespace

void read_security(const Places& places, Facts& facts) {
  SecurityFacts& security = facts.security;
  const std::string& sys = places.roots.sys;
  security.secure_boot = read_secure_boot(sys);
  if (auto text = attribute(sys + "/kernel/security/lockdown")) {
    size_t open = text->find('['), close = text->find(']');
    if (open != std::string::npos && close != std::string::npos && open < close)
      security.lockdown = text->substr(open + 1, close - open - 1);
  }
  read_selinux(sys, security);
  security.apparmor = attribute(sys + "/module/apparmor/parameters/enabled") == "Y";
  security.audit = read_denials(join_path(places.system, "var/log/audit/audit.log"),
                                boot_time(places.roots.proc));
}

}  // namespace outboard::doctor
