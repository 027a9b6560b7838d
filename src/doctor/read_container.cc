// SPDX-License-Identifier: Apache-2.0
// A running container from outside: its specification, its /dev, its mounts and its device rules.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <ctime>

#include "base/files.h"
#include "base/process.h"
#include "base/root.h"
#include "base/text.h"
#include "doctor/daemon_process.h"
#include "doctor/driver_mounts.h"
#include "doctor/read_engines.h"

namespace outboard::doctor {

namespace {

std::optional<std::vector<SeenNode>> read_nodes(uint32_t pid) {
  auto root = Root::open(cat("/proc/", pid, "/root"), Root::Trust::kUntrusted);
  if (!root) return std::nullopt;
  std::vector<SeenNode> nodes;
  for (const char* directory : {"/dev", "/dev/nvidia-caps", "/dev/nvidia-caps-imex-channels"}) {
    auto names = root->list(directory);
    if (!names) continue;
    for (const std::string& name : *names) {
      if (name.rfind("nvidia", 0) != 0 && name.rfind("channel", 0) != 0) continue;
      std::string path = cat(directory, "/", name);
      auto status = root->status(path);
      if (status && S_ISCHR(status->st_mode))
        nodes.push_back({path, major(status->st_rdev), minor(status->st_rdev)});
    }
  }
  return nodes;
}

std::optional<std::vector<SeenMount>> read_mounts(uint32_t pid) {
  auto text = read_file(cat("/proc/", pid, "/mountinfo"), 64U << 20);
  if (!text) return std::nullopt;
  return driver_mounts(*text);
}

// The path of the process in the hierarchy of that controller ("" is v2's).
std::optional<std::string> cgroup_path(uint32_t pid, std::string_view controller) {
  auto text = read_file(cat("/proc/", pid, "/cgroup"), 1U << 20);
  if (!text) return std::nullopt;
  for (std::string_view line : split(*text, '\n')) {
    auto fields = split(line, ':');
    if (fields.size() < 3) continue;
    for (std::string_view name : split(fields[1], ',')) {
      if (name == controller)
        return std::string(line.substr(line.find(':', line.find(':') + 1) + 1));
    }
    if (fields[1].empty() && controller.empty())
      return std::string(line.substr(line.find(':', line.find(':') + 1) + 1));
  }
  return std::nullopt;
}

std::optional<std::string> ask_systemd(const std::vector<std::string>& words) {
  auto program = find_program("systemctl", &system_program_directories());
  if (!program) return std::nullopt;
  Command command{{*program, "show"}};
  command.argv.insert(command.argv.end(), words.begin(), words.end());
  CaptureOptions options;
  options.deadline = std::chrono::milliseconds(300);
  auto output = run_captured(command, options);
  if (!output || !output->status.success()) return std::nullopt;
  return std::string(trim(output->out));
}

// The monotonic clock's microseconds as seconds since 1970.
std::optional<double> wall_clock(const std::string& microseconds) {
  auto number = parse_number<uint64_t>(microseconds);
  if (!number || *number == 0) return std::nullopt;
  auto seconds = [](clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
  };
  return seconds(CLOCK_REALTIME) - seconds(CLOCK_MONOTONIC) + static_cast<double>(*number) * 1e-6;
}

}  // namespace

std::vector<DeviceRule> parse_device_rules(std::string_view text) {
  std::vector<DeviceRule> rules;
  for (std::string_view line : split(text, '\n')) {
    auto fields = words(line);
    if (fields.size() < 3 || fields[0].size() != 1) continue;
    auto numbers = split(fields[1], ':');
    if (numbers.size() != 2) continue;
    DeviceRule rule{fields[0][0], {}, {}, std::string(fields[2])};
    rule.major = parse_number<uint32_t>(numbers[0]);
    rule.minor = parse_number<uint32_t>(numbers[1]);
    if ((!rule.major && numbers[0] != "*") || (!rule.minor && numbers[1] != "*")) continue;
    rules.push_back(std::move(rule));
  }
  return rules;
}

bool allows(const std::vector<DeviceRule>& rules, uint32_t major, uint32_t minor) {
  for (const DeviceRule& rule : rules) {
    if (rule.type != 'a' && rule.type != 'c') continue;
    if (rule.access.find('r') == std::string::npos || rule.access.find('w') == std::string::npos)
      continue;
    if ((!rule.major || *rule.major == major) && (!rule.minor || *rule.minor == minor)) return true;
  }
  return false;
}

bool read_container_files(ContainerFacts& container) {
  uint32_t pid = container.place.pid;
  auto process = daemon_process(pid);
  if (!process) return false;
  container.started = process->started;
  if (container.place.bundle.empty()) {
    container.spec_error = "where its specification lies is not known";
  } else {
    std::string file = container.place.bundle + "/config.json";
    auto text = read_file(file, 16U << 20);
    auto spec = text ? json::parse(*text, file) : Result<json::Value>(text.error());
    if (spec) {
      container.spec = std::move(*spec);
    } else {
      container.spec_error = spec.error().text;
    }
  }
  container.nodes = read_nodes(pid);
  container.mounts = read_mounts(pid);
  if (auto path = cgroup_path(pid, "devices")) {
    if (auto text = read_file(cat("/sys/fs/cgroup/devices", *path, "/devices.list"), 1U << 20))
      container.rules = parse_device_rules(*text);
  }
  auto path = cgroup_path(pid, "name=systemd");
  if (!path || scope_of(*path).empty()) path = cgroup_path(pid, "");
  if (path) container.scope = scope_of(*path);
  return true;
}

std::string scope_of(std::string_view path) {
  for (std::string_view part : split(path, '/')) {
    if (part.size() > 6 && part.ends_with(".scope")) return std::string(part);
  }
  return "";
}

std::vector<std::string> device_lists(std::string_view shown,
                                      const std::vector<std::string>& scopes) {
  std::vector<std::string> lists(scopes.size());
  constexpr std::string_view kId = "Id=", kAllow = "DeviceAllow=";
  std::string id, list;
  auto finish = [&] {
    for (size_t i = 0; i < scopes.size(); i++) {
      if (scopes[i] == id) lists[i] = list;
    }
    id.clear();
    list.clear();
  };
  for (std::string_view line : split(shown, '\n')) {
    if (trim(line).empty()) finish();
    if (line.rfind(kId, 0) == 0) id = std::string(line.substr(kId.size()));
    if (line.rfind(kAllow, 0) == 0 && line.size() > kAllow.size())
      list += cat(list.empty() ? "" : "\n", line.substr(kAllow.size()));
  }
  finish();
  return lists;
}

void ask_systemd_about(std::vector<ContainerFacts>& containers) {
  std::vector<std::string> scopes, question = {"--property=Id,DeviceAllow", "--"};
  for (const ContainerFacts& container : containers) scopes.push_back(container.scope);
  for (const std::string& scope : scopes) {
    if (!scope.empty()) question.push_back(scope);
  }
  if (question.size() == 2 || !path_exists("/run/systemd/system")) return;
  auto shown = ask_systemd(question);
  auto when = ask_systemd({"--value", "--property=UnitsLoadTimestampMonotonic"});
  if (!shown) return;
  std::vector<std::string> lists = device_lists(*shown, scopes);
  for (size_t i = 0; i < containers.size(); i++) {
    if (containers[i].scope.empty()) continue;
    containers[i].allowed_by_systemd = lists[i];
    if (when) containers[i].reloaded = wall_clock(*when);
  }
}

void read_container(const Places& places, Facts& facts) {
  std::vector<ContainerFacts> one(1);
  one[0].place = places.container;
  if (!read_container_files(one[0])) {
    facts.unread[Part::kContainer] = "the container has ended meanwhile";
    return;
  }
  ask_systemd_about(one);
  facts.container = std::move(one[0]);
}

}  // namespace outboard::doctor
