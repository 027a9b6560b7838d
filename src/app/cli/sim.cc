// SPDX-License-Identifier: Apache-2.0
// outboard sim: makes a simulated machine.
#include <cstdio>

#include "app/cli/command.h"
#include "base/files.h"
#include "base/text.h"
#include "sim/simulated_machine.h"

namespace outboard::cli {

static Result<int> run(const Parsed& parsed) {
  const auto& words = parsed.words();
  if (words.size() != 2 || words[0] != "create") {
    return make_error(ErrorCode::kUsage,
                      "sim: the form is 'outboard sim create --profile PROFILE DIR'",
                      cat("profiles: ", join(sim::profile_names(), ", ")));
  }
  std::string profile = parsed.value("profile", "h200x4");
  OB_CHECK(sim::create_simulated_machine(profile, absolute_path(words[1])));
  std::printf("simulated machine '%s' in %s; use it with --root %s or OUTBOARD_ROOT\n",
              profile.c_str(), words[1].c_str(), words[1].c_str());
  return 0;
}

CliCommand sim_command() {
  return {{"sim",
           "create DIR",
           "make a simulated machine, for development and tests without a GPU",
           "DIR gets a driver root with stub libraries, /proc and /sys trees and device nodes that "
           "no driver is behind. Every command takes it with "
           "--root DIR, and everything that it prints says 'simulated'. Needs root (mknod).",
           {{"profile", 0, "PROFILE",
             cat("the machine: ", join(sim::profile_names(), ", "), " (default h200x4)"),
             join(sim::profile_names(), " ")}},
           false},
          run};
}

}  // namespace outboard::cli
