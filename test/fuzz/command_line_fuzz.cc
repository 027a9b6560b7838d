// SPDX-License-Identifier: Apache-2.0
// The runtime's command line, one argument a line: whatever it holds, the low-level runtime gets
// what an engine gave, in its order, less our own options.
#include <algorithm>

#include "app/runtime/command_line.h"
#include "require.h"

using namespace outboard;
using namespace outboard::fuzz;

static bool may_be_ours(const std::string& argument) {
  return argument.rfind("-outboard-", 0) == 0 || argument.rfind("--outboard-", 0) == 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::string> arguments = lines_of(text_of(data, size));
  runtime::CommandLine line = runtime::read_command_line(arguments);
  if (std::none_of(arguments.begin(), arguments.end(), may_be_ours)) {
    FUZZ_REQUIRE(line.passed_on == arguments);
    FUZZ_REQUIRE(line.problem.empty() && line.policy_file.empty() && !line.as_default);
  }
  // What is passed on is a selection of the arguments in their order.
  auto at = arguments.begin();
  for (const std::string& passed : line.passed_on) {
    at = std::find(at, arguments.end(), passed);
    FUZZ_REQUIRE(at != arguments.end(), passed);
    ++at;
  }
  FUZZ_REQUIRE(line.policy_file.empty() || line.policy_file[0] == '/');
  if (!line.command.empty())
    FUZZ_REQUIRE(std::count(line.passed_on.begin(), line.passed_on.end(), line.command) > 0);
  // Both readers of the command line, we and the one that gets it, see the same command and bundle.
  runtime::CommandLine again = runtime::read_command_line(line.passed_on);
  FUZZ_REQUIRE(again.passed_on == line.passed_on);
  FUZZ_REQUIRE(again.command == line.command, again.command, line.command);
  FUZZ_REQUIRE(again.bundle == line.bundle, again.bundle, line.bundle);
  FUZZ_REQUIRE(again.config == line.config && again.log == line.log &&
               again.log_format == line.log_format);
  return 0;
}
