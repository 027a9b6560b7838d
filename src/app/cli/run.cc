// SPDX-License-Identifier: Apache-2.0
// outboard run: words apart, GPUs chosen, engine chosen, container run. Everything that a person
// can get wrong about GPUs is found before an engine is asked for anything.
#include <cstdio>

#include "app/cli/command.h"
#include "app/cli/gpu_choice.h"
#include "app/cli/run_engine.h"
#include "base/text.h"
#include "engine/run_words.h"

namespace outboard::cli {

namespace {

CommandHelp run_help() {
  CommandHelp help{
      "run",
      "IMAGE [COMMAND [ARGUMENT...]]",
      "run a program in a container with GPUs",
      "Options of 'docker run' and 'podman run' are passed on to the engine as they are; to pass "
      "one on that is not known here, write it as --option=VALUE.\n\n"
      "Without --engine: docker if its daemon answers, else podman, else the built-in engine, "
      "which "
      "needs no daemon and no root (only crun or runc). The built-in engine also reads the images "
      "rootfs:DIR, oci:DIR[:TAG], oci-archive:FILE[:TAG] and docker-archive:FILE, and what lies at "
      "a path (./x, /x), has -e -v -w -u -i -t --rm --name "
      "--entrypoint --read-only --pull and --network host|none (default host), and refuses other "
      "options by name. Without --name, or with --rm, it removes what the container wrote.\n\n"
      "Exit codes: the program's own; 125 if the container could not be started, 126 if the "
      "program "
      "cannot be executed, 127 if it does not exist.",
      {{"gpus", 0, "SPEC",
        "which GPUs: all, none, a count, indices, UUIDs, PCI bus ids, 0:1, mig=PROFILE[:N], "
        "optional[:SPEC] (default all)",
        "all none optional"}},
      true,
      true};
  for (Option& option : engine_options()) help.options.push_back(std::move(option));
  add_machine_options(help);
  return help;
}

/// Our own options, parsed by the table.
Result<Parsed> parse_own(CommandHelp help, const std::vector<std::string>& own) {
  help.reads_own_words = false;
  return parse_options(help, own);
}

Result<void> check_environment(const engine::RunWords& words) {
  for (const std::string& entry : words.values("env")) {
    if (entry.substr(0, entry.find('=')) == "NVIDIA_VISIBLE_DEVICES") {
      return make_error(ErrorCode::kUsage,
                        "run: '-e NVIDIA_VISIBLE_DEVICES' chooses GPUs a second "
                        "time",
                        "choose them with --gpus alone, for example --gpus device=0");
    }
  }
  return {};
}

Result<int> run(const Parsed& raw) {
  CommandHelp help = run_help();
  std::vector<Option> own = help.options;
  own.push_back({"help", 0, "", "", ""});
  OB_TRY(engine::RunWords words, engine::split_run_words(raw.words(), own));
  OB_TRY(Parsed parsed, parse_own(help, words.own));
  if (parsed.help()) {
    std::fputs(help_text("outboard", help).c_str(), stdout);
    return 0;
  }
  if (words.image.empty()) {
    return make_error(ErrorCode::kUsage, "run: no image is named",
                      "write 'outboard run [options] IMAGE [COMMAND]'");
  }
  OB_CHECK(check_environment(words));
  if (parsed.has("facts") && !parsed.has("dry-run")) {
    return make_error(ErrorCode::kUsage, "run: a snapshot (--facts) is no machine to run on",
                      "add --dry-run");
  }

  engine::Console console = make_console(parsed);
  OB_TRY(GpuChoice choice, choose_gpus(parsed.value("gpus", "all"), parsed, console));
  if (choice.simulated && choice.hooks)
    console.note("simulated machine: no real GPU is in this container");
  return run_with_engine(parsed.value("engine"), words, choice.hooks ? &*choice.hooks : nullptr,
                         console);
}

}  // namespace

CliCommand run_command() {
  return {run_help(), run};
}

}  // namespace outboard::cli
