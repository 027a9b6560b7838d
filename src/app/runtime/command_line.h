// SPDX-License-Identifier: Apache-2.0
// The command line of an OCI runtime as runc 1.1 and crun 1.8 take it, read only as far as we must:
// which command, which bundle, where errors are logged. Everything else is passed on as it stands.
#pragma once

#include <string>
#include <vector>

namespace outboard::runtime {

struct CommandLine {
  std::string command;       ///< "create", "run", ...; empty if there is none (--version, --help)
  std::string bundle = ".";  ///< --bundle, -b of create and run
  std::string config;  ///< crun's --config, -f of create and run; empty: config.json in the bundle
  std::string container;    ///< the id: first word after the command that is no option
  std::string root;         ///< global --root
  std::string log;          ///< global --log
  std::string log_format;   ///< global --log-format: "json" or "text"
  std::string policy_file;  ///< our own global --outboard-config; removed from `passed_on`
  bool as_default = false;  ///< our own global --outboard-entry=default; removed from `passed_on`
  std::string problem;      ///< our own options used wrongly: what is wrong, else empty
  std::vector<std::string> passed_on;  ///< arguments for the low-level runtime, without argv[0]
};

CommandLine read_command_line(const std::vector<std::string>& arguments);

}  // namespace outboard::runtime
