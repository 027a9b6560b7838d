// SPDX-License-Identifier: Apache-2.0
// How an engine tells a person something without printing itself.
#pragma once

#include <functional>
#include <string>

#include "base/process.h"

namespace outboard::engine {

struct Console {
  bool dry_run = false;                           ///< show commands instead of running them
  std::function<void(const std::string&)> print;  ///< a result, for stdout
  std::function<void(const std::string&)> note;   ///< a sentence that a person must see
  std::function<void(const std::string&)> say;    ///< a decision, for --verbose

  void show(const Command& command) const { print(shell_text(command.argv)); }
};

}  // namespace outboard::engine
