// SPDX-License-Identifier: Apache-2.0
#include "engine/image_config.h"

#include <algorithm>

namespace outboard::engine {

ImageConfig image_config_from_json(const json::Value& config) {
  ImageConfig out{config["Entrypoint"].as_strings(), config["Cmd"].as_strings(),
                  config["Env"].as_strings(), config["User"].text(), config["WorkingDir"].text()};
  for (const auto& [name, value] : config["Labels"].members()) {
    if (value.is_string()) out.labels.emplace_back(name, value.text());
  }
  return out;
}

std::vector<std::string> container_argv(const ImageConfig& config, const std::string* entrypoint,
                                        const std::vector<std::string>& arguments) {
  std::vector<std::string> argv;
  if (!entrypoint) {
    argv = config.entrypoint;
  } else if (!entrypoint->empty()) {
    argv = {*entrypoint};
  }
  const bool use_command = arguments.empty() && !entrypoint;
  const std::vector<std::string>& rest = use_command ? config.command : arguments;
  argv.insert(argv.end(), rest.begin(), rest.end());
  return argv;
}

static bool is_entry_of(const std::string& entry, std::string_view name) {
  return entry.size() > name.size() && entry[name.size()] == '=' &&
         entry.compare(0, name.size(), name) == 0;
}

std::optional<std::string> find_variable(const std::vector<std::string>& environment,
                                         std::string_view name) {
  std::optional<std::string> found;
  for (const std::string& entry : environment) {
    if (is_entry_of(entry, name)) found = entry.substr(name.size() + 1);
  }
  return found;
}

void set_variable(std::vector<std::string>& environment, const std::string& entry) {
  std::string_view name = std::string_view(entry).substr(0, entry.find('='));
  // An image can name a variable twice, and the last one counts.
  auto is_other = [&](const std::string& known) { return is_entry_of(known, name); };
  auto first = std::find_if(environment.begin(), environment.end(), is_other);
  if (first != environment.end()) {
    *first = entry;
    environment.erase(std::remove_if(std::next(first), environment.end(), is_other),
                      environment.end());
    return;
  }
  environment.push_back(entry);
}

}  // namespace outboard::engine
