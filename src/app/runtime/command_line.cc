// SPDX-License-Identifier: Apache-2.0
#include "app/runtime/command_line.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace outboard::runtime {

namespace {

// Options that take the next word as their value where no "=" is given (runc 1.1.5 and crun 1.8.1,
// --help of each). A word that is missing here would be taken for the command, so options of both
// programs and of later versions are listed.
constexpr std::string_view kGlobalWithValue[] = {
    "log",      "log-format",     "log-level",       "root",          "criu",
    "rootless", "cgroup-manager", "outboard-config", "outboard-entry"};
constexpr std::string_view kCreateWithValue[] = {
    "bundle",         "b",        "config",       "f",
    "console-socket", "pid-file", "preserve-fds", "preserve-file-descriptors"};

template <size_t N>
bool takes_value(const std::string_view (&list)[N], std::string_view name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

// One option word: name without dashes (Go's flag packages take one dash or two) and the value
// after "=".
struct Word {
  std::string_view name;
  std::optional<std::string_view> value;
};

std::optional<Word> option_word(std::string_view text) {
  if (text.size() < 2 || text[0] != '-' || text == "--") return std::nullopt;
  text.remove_prefix(text[1] == '-' ? 2 : 1);
  size_t equals = text.find('=');
  if (equals == std::string_view::npos) return Word{text, std::nullopt};
  return Word{text.substr(0, equals), text.substr(equals + 1)};
}

}  // namespace

CommandLine read_command_line(const std::vector<std::string>& arguments) {
  CommandLine line;
  bool create = false;
  bool ended = false;
  for (size_t i = 0; i < arguments.size(); i++) {
    const std::string& text = arguments[i];
    auto option = ended ? std::nullopt : option_word(text);
    if (!option) {
      if (line.command.empty() && !ended) {
        line.command = text;
        create = text == "create" || text == "run";
      } else if (text == "--" && !ended) {
        ended = true;
      } else if (line.container.empty()) {
        line.container = text;
      }
      line.passed_on.push_back(text);
      continue;
    }
    bool global = line.command.empty();
    bool valued = global ? takes_value(kGlobalWithValue, option->name)
                         : create && takes_value(kCreateWithValue, option->name);
    bool separate = valued && !option->value && i + 1 < arguments.size();
    std::string value(option->value ? *option->value
                      : separate    ? std::string_view(arguments[i + 1])
                                    : std::string_view());
    bool ours = global && option->name.substr(0, 9) == "outboard-";
    if (ours) {
      if (option->name == "outboard-config" && !value.empty() && value[0] == '/') {
        line.policy_file = value;
      } else if (option->name == "outboard-entry" && (value == "default" || value == "name")) {
        line.as_default = value == "default";
      } else {
        line.problem = "option '" + text +
                       "': --outboard-config takes an absolute path, --outboard-entry takes "
                       "'default' or 'name'";
      }
    } else if (global && option->name == "root") {
      line.root = value;
    } else if (global && option->name == "log") {
      line.log = value;
    } else if (global && option->name == "log-format") {
      line.log_format = value;
    } else if (create && (option->name == "bundle" || option->name == "b")) {
      line.bundle = value;
    } else if (create && (option->name == "config" || option->name == "f")) {
      line.config = value;
    }
    if (!ours) line.passed_on.push_back(text);
    if (separate) {
      if (!ours) line.passed_on.push_back(arguments[i + 1]);
      i++;
    }
  }
  return line;
}

}  // namespace outboard::runtime
