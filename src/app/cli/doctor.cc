// SPDX-License-Identifier: Apache-2.0
// outboard doctor: why is there no GPU, and what mends it.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "app/cli/command.h"
#include "app/cli/own_files.h"
#include "base/files.h"
#include "base/privilege.h"
#include "base/process.h"
#include "base/text.h"
#include "doctor/find_container.h"
#include "doctor/mend.h"
#include "doctor/read_engines.h"
#include "doctor/report.h"

namespace outboard::cli {

namespace {

using doctor::Check;
using doctor::CheckResult;

std::vector<const Check*> all_of(const std::vector<Check>& table) {
  std::vector<const Check*> list;
  for (const Check& check : table) list.push_back(&check);
  return list;
}

// The engines that checks are about.
std::vector<std::string> engine_names() {
  std::vector<std::string> names;
  for (const Check& check : doctor::checks()) {
    std::string engine(check.engine);
    if (!engine.empty() && std::find(names.begin(), names.end(), engine) == names.end())
      names.push_back(std::move(engine));
  }
  return names;
}

Result<std::vector<const Check*>> chosen_checks(const std::vector<std::string>& ids,
                                                const std::string& engine) {
  std::vector<const Check*> list;
  if (auto names = engine_names();
      !engine.empty() && std::find(names.begin(), names.end(), engine) == names.end()) {
    return make_error(ErrorCode::kUsage, cat("doctor: unknown engine '", printable(engine), "'"),
                      cat("give one of ", join(names, ", ")));
  }
  if (ids.empty()) {
    for (const Check& check : doctor::checks()) {
      if (engine.empty() || check.engine.empty() || check.engine == engine) list.push_back(&check);
    }
    return list;
  }
  for (const std::string& id : ids) {
    const Check* check = doctor::find_check(id);
    if (!check) {
      std::vector<std::string> names;
      for (const Check& known : doctor::checks()) names.emplace_back(known.id);
      auto near = nearest_names(id, names);
      return make_error(ErrorCode::kUsage, cat("doctor: unknown check '", printable(id), "'"),
                        near.empty() ? "'outboard doctor --list' names them"
                                     : cat("did you mean '", near.front(), "'?"));
    }
    list.push_back(check);
  }
  return list;
}

// A machine of `outboard sim create`, or another system's tree: what is in its etc and run counts.
Result<doctor::Places> places_of(const Parsed& parsed) {
  // A policy that cannot be read is a finding, and the machine is examined all the same.
  auto policy = app::read_policy(app::kPolicyPath);
  OB_TRY(app::MachineOptions options,
         machine_options(parsed, policy ? existing_roots(*policy) : app::Policy{}));
  doctor::Places places;
  places.roots = options.roots;
  const std::pair<const char*, const std::string*> roots[] = {{"driver", &places.roots.driver},
                                                              {"dev", &places.roots.dev},
                                                              {"proc", &places.roots.proc},
                                                              {"sys", &places.roots.sys}};
  for (const auto& [name, path] : roots) {
    if (!path_exists(*path))
      return make_error(ErrorCode::kNotFound,
                        cat("the ", name, " root '", printable(*path), "' does not exist"),
                        cat("name an existing directory with --", name, "-root"));
  }
  places.may_ask_nvml = options.may_ask_nvml;
  if (!options.nvml_helper.empty()) places.nvml.helper = options.nvml_helper;
  if (!options.state_directory.empty()) places.nvml.cache_directory = options.state_directory;
  // The machine's directory, where all of it lies in one.
  std::string above = directory_of(places.roots.dev);
  if (above == directory_of(places.roots.proc) && above == directory_of(places.roots.sys))
    places.system = above;
  places.read_own = [system = places.system](doctor::OwnFacts& own) {
    read_own_files(system, own);
  };
  return places;
}

// --fix for the machine that this run looks at; sudo does not hand the environment on.
std::string fix_command(const Parsed& parsed) {
  std::string command = "sudo outboard doctor";
  const char* environment = std::getenv("OUTBOARD_ROOT");  // NOLINT: one thread
  for (const char* option : {"root", "driver-root", "dev-root", "proc-root", "sys-root"}) {
    bool is_root = std::string_view(option) == "root";
    std::string path = parsed.value(option, is_root && environment ? environment : "");
    if (!path.empty()) command += cat(" --", option, " ", shell_text({absolute_path(path)}));
  }
  return command + " --fix";
}

Result<std::vector<CheckResult>> examine(const std::vector<const Check*>& list,
                                         const doctor::Places& places) {
  doctor::RunOptions options;
  bool terminal = ::isatty(STDERR_FILENO) == 1;
  if (terminal) {
    options.progress = [](size_t number, size_t count, const Check& check) {
      std::fprintf(stderr, "\r\033[Kchecking %zu of %zu: %s", number + 1, count,
                   std::string(check.id).c_str());
    };
  }
  auto results = doctor::run_checks(list, places, options);
  if (terminal) std::fputs("\r\033[K", stderr);
  return results;
}

bool agreed() {
  std::fputs("run this? [y/N] ", stdout);
  std::fflush(stdout);
  char answer[64];
  if (!std::fgets(answer, sizeof answer, stdin)) return false;
  return answer[0] == 'y' || answer[0] == 'Y';
}

// The steps of all findings, to see whether a second look wants others.
std::vector<doctor::Step> all_steps(const CheckResult& result) {
  std::vector<doctor::Step> steps;
  for (const doctor::Finding& finding : result.findings)
    steps.insert(steps.end(), finding.steps.begin(), finding.steps.end());
  return steps;
}

struct Ran {
  bool any = false;
  bool refused = false;  ///< some were not agreed to
};

// Shows the commands of the check's findings and runs those that are agreed to.
Ran run_mends(const CheckResult& result, bool yes) {
  Ran ran;
  for (const doctor::Finding& finding : result.findings) {
    if (finding.steps.empty()) continue;
    std::printf("%s: %s\n", std::string(result.check->id).c_str(),
                printable(finding.what, 500).c_str());
    for (const doctor::Step& step : finding.steps)
      std::printf("  %s\n", printable(shell_text(step), 1000).c_str());
    if (!yes && !agreed()) {
      ran.refused = true;
      continue;
    }
    ran.any = true;
    if (auto done = doctor::run_steps(finding.steps); !done) {
      std::fflush(stdout);
      say(done.error().text);
    } else if (!finding.afterwards.empty()) {
      std::printf("  then %s\n", printable(finding.afterwards, 1000).c_str());
    }
  }
  return ran;
}

// Mends the checks in their order, causes first. Once something was mended the next ones are asked
// anew, and what a mend uncovers (a module without its nodes) is mended too.
Result<void> mend(const std::vector<CheckResult>& results, const doctor::Places& places, bool yes) {
  bool offered = false, ran = false;
  for (const CheckResult& first : results) {
    CheckResult result = first;
    if (ran) {
      OB_TRY(auto again, doctor::run_checks({first.check}, places));
      result = std::move(again.front());
    }
    constexpr int kRounds = 3;
    for (int round = 0; round < kRounds; round++) {
      std::vector<doctor::Step> steps = all_steps(result);
      if (steps.empty()) break;
      offered = true;
      Ran now = run_mends(result, yes);
      if (!now.any) break;
      ran = true;
      // A daemon that was told to reload does so in its own time.
      for (int i = 0; i < 10; i++) {
        if (i > 0) ::usleep(100'000);
        OB_TRY(auto again, doctor::run_checks({first.check}, places));
        result = std::move(again.front());
        if (result.severity() == doctor::Severity::kOk || all_steps(result) != steps) break;
      }
      if (now.refused || all_steps(result).empty() || all_steps(result) == steps ||
          round + 1 == kRounds) {
        // What is left to a person (a note, a conflict of two files) is told by the second report.
        bool good = all_steps(result).empty();
        std::printf("%s: %s\n", std::string(first.check->id).c_str(),
                    good ? "mended" : "not mended");
        break;
      }
    }
  }
  if (!offered) std::puts("nothing that --fix can mend");
  return {};
}

Result<int> run(const Parsed& parsed) {
  std::string engine = parsed.value("engine");
  OB_TRY(std::vector<const Check*> list, chosen_checks(parsed.words(), engine));
  if (parsed.has("list")) {
    if (parsed.words().empty()) {
      std::fputs(doctor::list_text().c_str(), stdout);
    } else {
      for (const Check* check : list) std::fputs(doctor::describe_check(*check).c_str(), stdout);
    }
    return 0;
  }
  bool fix = parsed.has("fix"), yes = parsed.has("yes");
  if (yes && !fix)
    return make_error(ErrorCode::kUsage, "doctor: --yes belongs to --fix", "add --fix");
  if (fix && parsed.has("json"))
    return make_error(ErrorCode::kUsage, "doctor: --fix has no JSON output", "leave out --json");
  if (fix && !is_real_root())
    return make_error(ErrorCode::kDenied, "doctor: --fix takes root", "run it with sudo");
  if (fix && !yes && ::isatty(STDIN_FILENO) != 1) {
    return make_error(ErrorCode::kUsage,
                      "doctor: --fix asks before each mend, and there is nobody to ask",
                      "give --yes to run every command that it shows");
  }
  if (parsed.has("container") && (fix || !parsed.words().empty())) {
    return make_error(ErrorCode::kUsage, "doctor: --container goes with neither --fix nor CHECK",
                      "leave those out");
  }
  OB_TRY(doctor::Places places, places_of(parsed));
  places.engine = engine;
  if (parsed.has("container")) {
    OB_TRY(places.container, doctor::find_container(parsed.value("container"), engine, places));
    list = all_of(doctor::container_checks());
  } else if (parsed.words().empty() && engine.empty() && doctor::is_inside_container(places)) {
    list = all_of(doctor::inside_checks());
  }
  OB_TRY(auto results, examine(list, places));
  bool simulated = path_exists(join_path(places.roots.driver, "outboard-sim.json"));
  if (fix) {
    OB_CHECK(mend(results, places, yes));
    std::fputs("\n", stdout);
    OB_TRY(results, examine(list, places));
  }
  if (!parsed.has("json") && list == all_of(doctor::inside_checks()))
    std::puts("seen from inside a container; the host is left out");
  if (parsed.has("json")) {
    std::fputs(json::write_pretty(doctor::report_json(results, simulated)).c_str(), stdout);
  } else {
    // Who asks about a container wants to know what it has, too.
    bool all = parsed.has("verbose") || parsed.has("container");
    doctor::ReportOptions options{simulated, all, fix_command(parsed)};
    std::fputs(doctor::report_text(results, options).c_str(), stdout);
  }
  return doctor::exit_code(results);
}

}  // namespace

CliCommand doctor_command() {
  CommandHelp help{
      "doctor",
      "[CHECK...]",
      "find out why there is no GPU, and mend it",
      "Looks at this machine from the PCI bus to the driver's nodes and prints what is wrong, what "
      "it leads to and the command that mends it. CHECK names single checks; doc/doctor.md "
      "describes them all. In a container it says what is wrong there; with --container it looks "
      "at "
      "one from outside.\n\n"
      "Exit codes: 0 nothing wrong, 1 errors (or doctor itself could not run), 2 wrong command "
      "line, 3 warnings only.",
      {{"container", 0, "NAME",
        "look at this running container from outside: what is wrong, what it has", ""},
       {"engine", 0, "ENGINE", "of the engines, look at docker, podman, containerd or crio alone",
        ""},
       {"list", 0, "", "print the checks; with CHECK, all about it", ""},
       {"verbose", 'v', "", "print passed checks too", ""},
       {"json", 0, "", "print a JSON document", ""},
       {"fix", 0, "", "mend what can be mended without risk: show each command, ask, run it", ""},
       {"yes", 'y', "", "with --fix: do not ask", ""}},
      false};
  add_machine_options(help);
  // A snapshot lacks most of what the checks look at.
  std::erase_if(help.options, [](const Option& option) { return option.name == "facts"; });
  return {std::move(help), run};
}

}  // namespace outboard::cli
