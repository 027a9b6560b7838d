// SPDX-License-Identifier: Apache-2.0
// The part of an image's configuration that decides what runs (OCI image-spec, config.md; Docker's
// `image inspect` has the same names).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace outboard::engine {

struct ImageConfig {
  std::vector<std::string> entrypoint;
  std::vector<std::string> command;
  std::vector<std::string> environment;  ///< "NAME=value"
  std::string user;
  std::string working_directory;
  std::vector<std::pair<std::string, std::string>> labels;  ///< name, value

  bool operator==(const ImageConfig&) const = default;
};

/// From the object with Entrypoint, Cmd, Env, User, WorkingDir and Labels; what is missing is
/// empty.
ImageConfig image_config_from_json(const json::Value& config);

/// argv of the container: docker's rules. `entrypoint` nothing: the image's; given, even empty, it
/// also makes the image's Cmd void.
std::vector<std::string> container_argv(const ImageConfig& config, const std::string* entrypoint,
                                        const std::vector<std::string>& arguments);

/// The value of a variable in "NAME=value" entries, the last one.
std::optional<std::string> find_variable(const std::vector<std::string>& environment,
                                         std::string_view name);

/// Sets it: an entry of that name is replaced, else one is added. `entry` is "NAME=value".
void set_variable(std::vector<std::string>& environment, const std::string& entry);

}  // namespace outboard::engine
