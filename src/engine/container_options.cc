// SPDX-License-Identifier: Apache-2.0
#include "engine/container_options.h"

#include <algorithm>

#include "base/files.h"
#include "base/text.h"
#include "engine/image_config.h"
#include "engine/run_environment.h"

namespace outboard::engine {

namespace {

constexpr std::string_view kKnown[] = {
    "env", "volume", "workdir", "user",       "rm",        "name", "interactive",
    "tty", "net",    "network", "entrypoint", "read-only", "pull", "sig-proxy"};

Error bad_value(std::string_view option, std::string_view value, std::string hint) {
  return make_error(ErrorCode::kUsage,
                    cat("run: --", option, "='", printable(value), "' is not possible"),
                    std::move(hint));
}

Result<void> check_known(const RunWords& words) {
  std::vector<std::string> unknown;
  for (const GivenOption& option : words.options) {
    if (std::find(std::begin(kKnown), std::end(kKnown), option.name) == std::end(kKnown))
      unknown.push_back(cat("--", option.name));
  }
  if (unknown.empty()) return {};
  return make_error(ErrorCode::kUnsupported,
                    cat("run: the built-in engine has no ", join(unknown, ", ")),
                    "use --engine docker or --engine podman, which have it, or leave it out");
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// A name is a directory's name, too.
bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && is_letter_or_digit(name.front()) &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return is_letter_or_digit(c) || c == '_' || c == '-' || c == '.';
         });
}

Result<void> read_network(const RunWords& words, ContainerOptions& options) {
  for (const GivenOption& option : words.options) {
    if (option.name != "network" && option.name != "net") continue;
    if (*option.value != "host" && *option.value != "none")
      return bad_value(option.name, *option.value,
                       "the built-in engine has --network host and --network none; use --engine "
                       "docker or --engine podman for others");
    options.host_network = *option.value == "host";
  }
  return {};
}

Result<void> read_name_and_pull(const RunWords& words, ContainerOptions& options) {
  options.name = words.value("name").value_or("");
  if (words.value("name") && !is_name(options.name)) {
    return bad_value("name", options.name,
                     "use letters, digits, '_', '-' and '.', at most 64, a letter or digit first");
  }
  options.pull = words.value("pull").value_or("missing");
  if (options.pull != "missing" && options.pull != "always" && options.pull != "never")
    return bad_value("pull", options.pull, "use always, missing or never");
  if (words.value("sig-proxy") && !words.is_on("sig-proxy")) {
    return bad_value("sig-proxy", "false",
                     "the built-in engine always passes signals on; use --engine docker");
  }
  return {};
}

}  // namespace

Result<Volume> parse_volume(std::string_view text) {
  auto wrong = [&](const char* why) {
    return make_error(ErrorCode::kUsage, cat("run: volume '", printable(text), "': ", why),
                      "write -v /SOURCE:/TARGET or -v /SOURCE:/TARGET:ro");
  };
  auto parts = split(text, ':');
  if (parts.size() < 2 || parts.size() > 3) return wrong("not SOURCE:TARGET[:ro]");
  Volume volume;
  volume.source = parts[0];
  volume.target = parts[1];
  if (parts[0].empty() || (parts[0][0] != '/' && parts[0][0] != '.'))
    return wrong("the built-in engine has no named volumes, the source must be a path");
  if (parts[1].empty() || parts[1][0] != '/') return wrong("the target must be an absolute path");
  if (parts[1] == "/") return wrong("the target cannot be the root");
  volume.source = absolute_path(volume.source);
  if (parts.size() == 3) {
    for (std::string_view flag : split(parts[2], ',')) {
      if (flag == "ro") {
        volume.read_only = true;
      } else if (flag != "rw" && flag != "z" && flag != "Z") {
        return wrong("the only flags are ro and rw");
      }
    }
  }
  return volume;
}

Result<ContainerOptions> container_options(const RunWords& words) {
  OB_CHECK(check_known(words));
  ContainerOptions options;
  for (const std::string& entry : words.values("env")) {
    if (entry.empty() || entry[0] == '=')
      return bad_value("env", entry, "write -e NAME=VALUE or -e NAME");
    if (auto resolved = resolved_variable(entry)) set_variable(options.environment, *resolved);
  }
  for (const std::string& text : words.values("volume")) {
    OB_TRY(Volume volume, parse_volume(text));
    options.volumes.push_back(std::move(volume));
  }
  OB_CHECK(read_network(words, options));
  OB_CHECK(read_name_and_pull(words, options));
  options.workdir = words.value("workdir");
  if (options.workdir && (options.workdir->empty() || options.workdir->front() != '/'))
    return bad_value("workdir", *options.workdir, "use an absolute path");
  options.user = words.value("user");
  options.entrypoint = words.value("entrypoint");
  options.remove = words.is_on("rm");
  options.interactive = words.is_on("interactive");
  options.terminal = words.is_on("tty");
  options.read_only = words.is_on("read-only");
  return options;
}

}  // namespace outboard::engine
