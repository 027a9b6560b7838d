// SPDX-License-Identifier: Apache-2.0
#include "app/policy.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <functional>
#include <map>

#include "app/prepare_host.h"
#include "base/files.h"
#include "base/text.h"
#include "base/toml_library.h"
#include "host/file_trust.h"

namespace outboard::app {

host::Roots roots_below(const std::string& directory) {
  return {directory, join_path(directory, "dev"), join_path(directory, "proc"),
          join_path(directory, "sys")};
}

namespace {

using Setter = std::function<bool(const toml::node&)>;

// A NUL byte ("\u0000" in TOML) would end the name early in every system call.
bool is_name(const std::string& text) {
  return !text.empty() && text.find('\0') == std::string::npos;
}

// Absolute, because the runtime's working directory is a bundle that others may write.
Setter absolute_path(std::string& target) {
  return [&target](const toml::node& node) {
    auto value = node.value_exact<std::string>();
    if (!value || !is_name(*value) || value->front() != '/') return false;
    target = *value;
    return true;
  };
}

Setter flag(bool& target) {
  return [&target](const toml::node& node) {
    auto value = node.value_exact<bool>();
    if (value) target = *value;
    return value.has_value();
  };
}

Setter mode(CompatMode& target) {
  return [&target](const toml::node& node) {
    auto value = parse_compat_mode(node.value_exact<std::string>().value_or(""));
    if (value) target = *value;
    return value.has_value();
  };
}

Setter positive(int& target) {
  return [&target](const toml::node& node) {
    auto value = node.value_exact<int64_t>();
    if (!value || *value <= 0 || *value > 3'600'000) return false;
    target = static_cast<int>(*value);
    return true;
  };
}

Setter texts(std::vector<std::string>& target) {
  return [&target](const toml::node& node) {
    const toml::array* list = node.as_array();
    if (!list || list->empty()) return false;
    target.clear();
    for (const toml::node& item : *list) {
      auto value = item.value_exact<std::string>();
      if (!value || !is_name(*value) ||
          (value->find('/') != std::string::npos && value->front() != '/'))
        return false;
      target.push_back(*value);
    }
    return true;
  };
}

struct Key {
  Setter set;
  const char* kind;
};

Error policy_error(const std::string& path, const toml::source_region& where,
                   const std::string& why, std::string hint = {}) {
  return make_error(ErrorCode::kUsage, cat(printable(path), ":", where.begin.line, ": ", why),
                    std::move(hint));
}

}  // namespace

Result<Policy> parse_policy(const std::string& content, const std::string& path) {
  toml::parse_result parsed = toml::parse(content, path);
  if (!parsed) {
    return policy_error(path, parsed.error().source(),
                        cat("not valid TOML: ", printable(parsed.error().description())));
  }
  Policy policy;
  std::string dev, proc, sys;
  std::map<std::string, Key> keys = {
      {"driver.root", {absolute_path(policy.roots.driver), "an absolute path"}},
      {"driver.dev-root", {absolute_path(dev), "an absolute path"}},
      {"driver.proc-root", {absolute_path(proc), "an absolute path"}},
      {"driver.sys-root", {absolute_path(sys), "an absolute path"}},
      {"driver.any-owner", {flag(policy.any_owner), "true or false"}},
      {"runtime.low-level",
       {texts(policy.low_level_runtimes), "a list of program names or absolute paths"}},
      {"runtime.log", {absolute_path(policy.log), "an absolute path"}},
      {"runtime.state-directory", {absolute_path(policy.state_directory), "an absolute path"}},
      {"requests.environment", {flag(policy.environment), "true or false"}},
      {"requests.environment-as-default", {flag(policy.environment_as_default), "true or false"}},
      {"requests.mount-list", {flag(policy.mount_list), "true or false"}},
      {"cuda.compat", {mode(policy.compat), "\"auto\", \"off\" or \"force\""}},
      {"nvml.helper", {absolute_path(policy.nvml_helper), "an absolute path"}},
      {"nvml.deadline-ms", {positive(policy.nvml_deadline_ms), "milliseconds, 1 to 3600000"}},
  };
  std::vector<std::string> known;
  for (const auto& [name, key] : keys) known.push_back(name);
  auto unknown = [&](const std::string& name, const toml::node& node) {
    auto near = nearest_names(name, known);
    return policy_error(path, node.source(), cat("unknown key '", printable(name), "'"),
                        near.empty() ? cat("known keys: ", join(known, ", "))
                                     : cat("did you mean '", near.front(), "'?"));
  };
  for (auto&& [section, node] : parsed.table()) {
    const toml::table* table = node.as_table();
    if (!table) return unknown(std::string(section.str()), node);
    for (auto&& [name, value] : *table) {
      std::string full = cat(section.str(), ".", name.str());
      auto key = keys.find(full);
      if (key == keys.end()) return unknown(full, value);
      if (!key->second.set(value))
        return policy_error(path, value.source(), cat("'", full, "' must be ", key->second.kind));
    }
  }
  if (policy.roots.driver != "/" &&
      path_exists(join_path(policy.roots.driver, "outboard-sim.json"))) {
    policy.roots = roots_below(policy.roots.driver);
  }
  if (!dev.empty()) policy.roots.dev = dev;
  if (!proc.empty()) policy.roots.proc = proc;
  if (!sys.empty()) policy.roots.sys = sys;
  return policy;
}

Result<Policy> read_policy(const std::string& path) {
  auto fd = open_at(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!fd) {
    if (fd.error().os_errno == ENOENT) return Policy{};
    return std::move(fd).error();
  }
  // It names programs that are run as root.
  struct stat status;
  if (::fstat(fd->get(), &status) != 0) return os_error(cat("stat '", printable(path), "'"));
  auto distrust = host::distrust_of_file(status);
  if (distrust && is_real_root()) {
    return make_error(
        ErrorCode::kDenied,
        cat("policy file '", printable(path), "' is ", *distrust, ", so it is not read"),
        cat("run 'sudo chown root:root ", printable(path), " && sudo chmod 0644 ", printable(path),
            "'"));
  }
  OB_TRY(std::string content, read_fd(fd->get(), path, 1U << 20));
  return parse_policy(content, path);
}

}  // namespace outboard::app
