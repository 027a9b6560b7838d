// SPDX-License-Identifier: Apache-2.0
// outboard sim: makes a simulated machine.
#include <cstdio>

#include "app/cli/command.h"
#include "app/compat_files.h"
#include "base/files.h"
#include "base/text.h"
#include "compat/csv.h"
#include "compat/verdict.h"
#include "sim/simulated_machine.h"

namespace outboard::cli {

// "535.104.05", with the CUDA version that its branch reports.
static Result<sim::SimulatedDriver> simulated_driver(const std::string& version) {
  auto highest = compat::cuda_of_driver(app::read_user_tables().tables(), version);
  if (!highest || !compat::is_version(version) || version.find('.') == std::string::npos) {
    return make_error(ErrorCode::kUsage,
                      cat("sim: '", printable(version), "' is no version of an NVIDIA driver"),
                      "write it in full, for example --driver 535.104.05");
  }
  auto parts = split(highest->text, '.');
  int cuda =
      parse_number<int>(parts[0]).value_or(0) * 1000 + parse_number<int>(parts[1]).value_or(0) * 10;
  return sim::SimulatedDriver{version, cuda};
}

static Result<int> run(const Parsed& parsed) {
  const auto& words = parsed.words();
  if (words.size() != 2 || words[0] != "create") {
    return make_error(ErrorCode::kUsage,
                      "sim: the form is 'outboard sim create --profile PROFILE DIR'",
                      cat("profiles: ", join(sim::profile_names(), ", ")));
  }
  std::string profile = parsed.value("profile", "h200x4");
  sim::SimulatedDriver driver;
  if (parsed.has("driver")) {
    OB_TRY(driver, simulated_driver(parsed.value("driver")));
  }
  OB_CHECK(sim::create_simulated_machine(profile, absolute_path(words[1]), driver));
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
             join(sim::profile_names(), " ")},
            {"driver", 0, "VERSION",
             "the driver's version, with the CUDA version of its branch (default 580.95.05)", ""}},
           false},
          run};
}

}  // namespace outboard::cli
