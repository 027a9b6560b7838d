// SPDX-License-Identifier: Apache-2.0
// Files below the system's etc, run and usr, processes, and free space.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <ctime>
#include <limits>
#include <set>

#include "base/files.h"
#include "base/process.h"
#include "base/root.h"
#include "base/text.h"
#include "doctor/driver_state.h"
#include "doctor/engine_files.h"
#include "doctor/read_parts.h"
#include "elf/ld_cache.h"
#include "host/driver_files.h"
#include "host/small_files.h"

namespace outboard::doctor {

namespace {

std::string below(const Places& places, std::string_view path) {
  return join_path(places.system, path);
}

// Brings hot-plugged memory online: the rules of Ubuntu (40-vm-hotadd.rules) and RHEL
// (40-redhat.rules) assign the attribute "state" of devices of the subsystem "memory", directly or
// after a jump for all others.
bool onlines_memory(std::string_view text) {
  bool memory = false, assigns = false;
  for (std::string_view line : split(text, '\n')) {
    line = trim(line);
    if (line.empty() || line[0] == '#') continue;
    memory |= line.find("SUBSYSTEM==\"memory\"") != std::string_view::npos ||
              line.find("SUBSYSTEM!=\"memory\"") != std::string_view::npos;
    assigns |= line.find("ATTR{state}=\"") != std::string_view::npos;
  }
  return memory && assigns;
}

// A file in an earlier directory hides those of its name in later ones (udev(7)).
void read_memory_rules(const Root& root, std::vector<MemoryRule>& rules) {
  std::set<std::string> seen;
  for (const char* directory :
       {"/etc/udev/rules.d", "/run/udev/rules.d", "/usr/local/lib/udev/rules.d",
        "/usr/lib/udev/rules.d", "/lib/udev/rules.d"}) {
    auto names = root.list(directory);
    if (!names) continue;
    for (const std::string& name : *names) {
      if (name.size() < 6 || name.substr(name.size() - 6) != ".rules") continue;
      if (!seen.insert(name).second) continue;
      std::string path = cat(directory, "/", name);
      auto target = root.read_link(path);
      if (target && *target == "/dev/null") continue;
      auto text = root.read(path, 1U << 20);
      if (text && onlines_memory(*text)) rules.push_back({root.host_path(path), name});
    }
  }
}

void read_loader_cache(const Places& places, SystemFacts& system) {
  auto root = Root::open(places.roots.driver, Root::Trust::kHost);
  if (!root) return;
  auto bytes = root->read("/etc/ld.so.cache", 64U << 20);
  if (!bytes) {
    system.cache_error = bytes.error().text;
    return;
  }
  std::vector<std::string> paths;
  auto scanned = elf::scan_ld_cache(*bytes, [&](const elf::LdCacheEntryView& entry) {
    // A name that leads nowhere is of no use.
    bool is64 = entry.flags == elf::kLdFlagsX86_64 || entry.flags == elf::kLdFlagsAarch64;
    if (is64 && entry.soname == "libcuda.so.1" && root->is_file(entry.path))
      paths.emplace_back(entry.path);
    return true;
  });
  if (!paths.empty()) {
    auto real = root->real_path(paths.front());
    std::string name = real ? file_name_of(*real) : "";
    auto versioned = host::versioned_name(name);
    if (versioned) system.cached_version = std::string(versioned->version);
  }
  if (scanned) {
    system.cached_libcuda = std::move(paths);
  } else {
    system.cache_error = scanned.error().text;
  }
}

std::optional<Cgroups> read_cgroups(const std::string& sys) {
  std::string top = sys + "/fs/cgroup";
  if (!path_exists(top)) return std::nullopt;
  if (path_exists(top + "/cgroup.controllers")) return Cgroups::kV2;
  if (path_exists(top + "/devices"))
    return path_exists(top + "/unified") ? Cgroups::kHybrid : Cgroups::kV1;
  return Cgroups::kNone;
}

std::string_view unquoted(std::string_view text) {
  text = trim(text);
  bool quoted = text.size() > 1 && (text[0] == '"' || text[0] == '\'');
  return quoted ? text.substr(1, text.size() - 2) : text;
}

// "cgroupDriver: systemd" at the margin of a KubeletConfiguration, which may also be JSON.
std::optional<std::string> kubelet_cgroups(const Places& places) {
  auto text = read_file(below(places, "var/lib/kubelet/config.yaml"), 1U << 20);
  if (!text) return std::nullopt;
  for (std::string_view line : split(*text, '\n')) {
    constexpr std::string_view kKey = "cgroupDriver:";
    if (!line.starts_with(kKey)) continue;
    std::string_view value = unquoted(line.substr(kKey.size()));
    if (!value.empty()) return std::string(value);
  }
  return std::nullopt;
}

size_t count_driver_mounts(const std::string& proc) {
  auto text = read_file(proc + "/1/mountinfo", 64U << 20);
  if (!text) text = read_file(proc + "/self/mountinfo", 64U << 20);
  if (!text) return 0;
  size_t count = 0;
  for (std::string_view line : split(*text, '\n')) {
    if (line.find("nvidia") != std::string_view::npos ||
        line.find("/libcuda") != std::string_view::npos)
      count++;
  }
  return count;
}

std::string this_month() {
  std::time_t now = std::time(nullptr);
  std::tm parts{};
  if (!::gmtime_r(&now, &parts)) return "";
  char text[16];
  return std::strftime(text, sizeof text, "%Y-%m", &parts) > 0 ? text : "";
}

Distribution read_distribution(const Places& places) {
  Distribution distribution;
  auto text = host::read_small(AT_FDCWD, below(places, "etc/os-release"));
  if (!text) text = host::read_small(AT_FDCWD, below(places, "usr/lib/os-release"));
  if (!text) return distribution;
  for (std::string_view line : split(*text, '\n')) {
    size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    std::string_view key = line.substr(0, equals), value = unquoted(line.substr(equals + 1));
    if (key == "ID") distribution.id = std::string(value);
    if (key == "VERSION_ID") distribution.version = std::string(value);
    if (key != "ID_LIKE") continue;
    distribution.like.clear();
    for (std::string_view like : words(value)) distribution.like.emplace_back(like);
  }
  return distribution;
}

// Windows Subsystem for Linux, with or without a GPU: "5.15.153.1-microsoft-standard-WSL2".
bool is_wsl_kernel(const std::string& proc) {
  auto release = host::read_small(AT_FDCWD, proc + "/sys/kernel/osrelease");
  return release && lower(*release).find("microsoft") != std::string::npos;
}

// The names in the device tree end in NUL: "nvidia,p3737-0000+p3701-0000\0nvidia,tegra234\0".
std::optional<std::string> tegra_model(const std::string& proc) {
  auto compatible = read_file(proc + "/device-tree/compatible", 1U << 16);
  if (!compatible || compatible->find("nvidia,tegra") == std::string::npos) return std::nullopt;
  auto model = host::read_small(AT_FDCWD, proc + "/device-tree/model");
  return model && !model->empty() ? *model : "a board with a Tegra";
}

bool names_hosts(const std::string& path) {
  auto text = read_file(path, 1U << 20);
  if (!text) return false;
  for (std::string_view line : split(*text, '\n')) {
    line = trim(line);
    if (!line.empty() && line[0] != '#') return true;
  }
  return false;
}

bool has_entries(const std::string& directory) {
  auto names = list_directory(directory);
  return names && !names->empty();
}

// "Max locked memory         8388608              8388608              bytes": the soft limit.
std::optional<uint64_t> memory_lock_limit(int process) {
  auto text = host::read_small(process, "limits");
  if (!text) return std::nullopt;
  constexpr std::string_view kName = "Max locked memory";
  for (std::string_view line : split(*text, '\n')) {
    if (line.rfind(kName, 0) != 0) continue;
    auto fields = words(line.substr(kName.size()));
    if (fields.empty()) return std::nullopt;
    if (fields[0] == "unlimited") return std::numeric_limits<uint64_t>::max();
    return parse_number<uint64_t>(fields[0]);
  }
  return std::nullopt;
}

// Nothing: the descriptors may not be looked at.
std::optional<bool> holds_driver(int process, const std::string& dev) {
  UniqueFd directory(::openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return std::nullopt;
  for (const std::string& name : host::names_in(directory.get(), ".")) {
    char target[PATH_MAX];
    ssize_t length = ::readlinkat(directory.get(), name.c_str(), target, sizeof target);
    std::string_view path(target, static_cast<size_t>(std::max<ssize_t>(length, 0)));
    if (is_driver_node(path, dev) || is_driver_node(path)) return true;
  }
  return false;
}

}  // namespace

void read_processes(const Places& places, Facts& facts) {
  ProcessFacts& all = facts.processes;
  all.all_descriptors = true;
  auto proc = open_at(AT_FDCWD, places.roots.proc, O_RDONLY | O_DIRECTORY);
  if (!proc) return;
  for (const std::string& name : host::names_in(proc->get(), ".")) {
    auto pid = parse_number<uint32_t>(name);
    if (!pid) continue;
    auto directory = open_at(proc->get(), name, O_RDONLY | O_DIRECTORY);
    if (!directory) continue;  // gone
    auto command = host::read_small(directory->get(), "comm");
    if (!command) continue;
    Process process;
    process.pid = *pid;
    process.name = std::string(trim(*command));
    auto holds = holds_driver(directory->get(), places.roots.dev);
    if (!holds) all.all_descriptors = false;
    process.holds_driver = holds.value_or(false);
    if (process.name == "dockerd" || process.name == "containerd" || process.name == "crio" ||
        *pid == static_cast<uint32_t>(::getppid()))
      process.memory_lock = memory_lock_limit(directory->get());
    all.processes.push_back(std::move(process));
  }
}

void read_system(const Places& places, Facts& facts) {
  SystemFacts& system = facts.system;
  system.month = this_month();
  system.distribution = read_distribution(places);
  system.systemd = path_exists(below(places, "run/systemd/system"));
  if (system.systemd && !facts.machine.missing_char_links.empty()) {
    system.systemd_version = own_version(places, "systemctl");
    system.runc_version = own_version(places, "runc");
  }
  system.cgroups = read_cgroups(places.roots.sys);
  system.kubelet_cgroups = kubelet_cgroups(places);
  system.wsl_gpu = path_exists(places.roots.dev + "/dxg");
  system.wsl = system.wsl_gpu || is_wsl_kernel(places.roots.proc);
  system.wsl_driver = path_exists(below(places, "usr/lib/wsl/lib/libcuda.so.1"));
  system.tegra_model = tegra_model(places.roots.proc);
  if (auto text = host::read_small(AT_FDCWD, below(places, "etc/nv_tegra_release")))
    system.tegra_release = std::string(trim(text->substr(0, text->find('\n'))));
  system.persistence_socket = path_exists(below(places, "run/nvidia-persistenced/socket"));
  system.fabric_socket = has_entries(below(places, "run/nvidia-fabricmanager"));
  system.imex_nodes = names_hosts(below(places, "etc/nvidia-imex/nodes_config.cfg"));
  if (auto root = Root::open(places.system, Root::Trust::kHost))
    read_memory_rules(*root, system.memory_rules);
  read_loader_cache(places, system);
  system.has_ldconfig = find_program("ldconfig", &system_program_directories()).has_value();
  system.driver_mounts = count_driver_mounts(places.roots.proc);
}

void read_limits(const Places& places, Facts& facts) {
  LimitFacts& limits = facts.limits;
  std::string shm = places.roots.dev + "/shm";
  struct stat inside, above;
  struct statvfs status;
  // A directory on the file system of /dev says nothing about a size.
  if (::stat(shm.c_str(), &inside) == 0 && ::stat(places.roots.dev.c_str(), &above) == 0 &&
      inside.st_dev != above.st_dev && ::statvfs(shm.c_str(), &status) == 0)
    limits.shared_memory = uint64_t{status.f_blocks} * status.f_frsize;
  if (auto text = host::read_small(AT_FDCWD, places.roots.proc + "/meminfo")) {
    auto fields = words(*text);
    if (fields.size() > 1 && fields[0] == "MemTotal:") {
      if (auto kib = parse_number<uint64_t>(fields[1])) limits.memory = *kib << 10;
    }
  }
}

}  // namespace outboard::doctor
