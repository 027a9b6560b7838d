// SPDX-License-Identifier: Apache-2.0
// The options of `outboard run` that the built-in engine has. It has few, and refuses the others by
// name rather than leave them out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/run_words.h"

namespace outboard::engine {

/// "-v SOURCE:TARGET[:ro]".
struct Volume {
  std::string source;  ///< absolute host path
  std::string target;  ///< absolute path in the container
  bool read_only = false;

  bool operator==(const Volume&) const = default;
};

struct ContainerOptions {
  std::vector<std::string> environment;  ///< "NAME=value"
  std::vector<Volume> volumes;
  std::optional<std::string> workdir;
  std::optional<std::string> user;
  std::optional<std::string> entrypoint;
  std::string name;  ///< empty: none
  bool remove = false;
  bool interactive = false;
  bool terminal = false;
  bool read_only = false;
  bool host_network = true;      ///< else no network but loopback
  std::string pull = "missing";  ///< or "always", "never"
};

/// kUsage or kUnsupported: every option that it does not have, in one error. `-e NAME` without a
/// value takes it from this process's environment.
Result<ContainerOptions> container_options(const RunWords& words);

/// kUsage for a volume that is none; a relative source that starts with "." is made absolute.
Result<Volume> parse_volume(std::string_view text);

}  // namespace outboard::engine
