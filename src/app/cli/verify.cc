// SPDX-License-Identifier: Apache-2.0
// outboard verify: `outboard run` with outboard-probe as the program, and a report of what it saw.
// The probe is bind-mounted, so that it works in any image with glibc 2.17 or newer.
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "app/cli/command.h"
#include "app/cli/gpu_choice.h"
#include "app/cli/run_engine.h"
#include "app/cli/verify_report.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/own_programs.h"

namespace outboard::cli {

namespace {

constexpr const char* kTarget = "/outboard-probe";
constexpr std::chrono::minutes kDeadline(30);  ///< an image may have to be pulled

CommandHelp verify_help() {
  CommandHelp help{
      "verify",
      "[IMAGE]",
      "show that GPUs work inside a container",
      "Runs outboard-probe in a container and compares what it sees with what was chosen: the "
      "devices by NVML and by CUDA, the driver, ld.so.cache, and a kernel that it runs on every "
      "device and checks. Exit code 1 if anything is wrong. Without IMAGE this machine's own root "
      "file system serves as image (rootfs:/, by the built-in engine, as root; nothing is written "
      "to it). An image needs glibc 2.17 or newer. A simulated machine runs no kernel.",
      {{"gpus", 0, "SPEC", "which GPUs, as for 'outboard run' (default all)", "all none"},
       {"require-kernel", 0, "", "fail if no kernel was run, as on a simulated machine", ""},
       {"json", 0, "", "print a JSON document", ""}},
      false};
  for (Option& option : engine_options()) help.options.push_back(std::move(option));
  add_machine_options(help);
  return help;
}

Result<std::string> choose_image(const Parsed& parsed) {
  if (parsed.words().size() > 1) return make_error(ErrorCode::kUsage, "verify: one image at most");
  if (!parsed.words().empty()) return parsed.words()[0];
  std::string engine = parsed.value("engine");
  if (!engine.empty() && engine != "builtin") {
    return make_error(ErrorCode::kUsage, cat("verify: --engine ", engine, " needs an image"),
                      "write 'outboard verify --engine ... IMAGE'");
  }
  if (::geteuid() != 0) {
    return make_error(ErrorCode::kDenied, "verify: without an image this needs root",
                      "run it with sudo, or write 'outboard verify IMAGE'");
  }
  return std::string("rootfs:/");
}

Result<Command> probe_command(const Parsed& parsed, const std::string& image, size_t devices) {
  auto probe = engine::find_own_program("outboard-probe");
  if (!probe) {
    return make_error(ErrorCode::kNotFound, "there is no 'outboard-probe' beside this program",
                      "install outboard completely");
  }
  auto self = engine::find_own_program("outboard");
  if (!self) return make_error(ErrorCode::kBug, "this program does not know where it is");
  std::vector<std::string> argv = {*self, "run"};
  for (const char* name :
       {"gpus", "engine", "root", "driver-root", "dev-root", "proc-root", "sys-root", "facts"}) {
    if (parsed.has(name)) argv.push_back(cat("--", name, "=", parsed.value(name)));
  }
  if (parsed.has("no-nvml")) argv.emplace_back("--no-nvml");
  argv.insert(argv.end(),
              {"--rm", "--network=none", cat("--volume=", *probe, ":", kTarget, ":ro"),
               cat("--entrypoint=", kTarget), image, cat("--expect-devices=", devices)});
  if (parsed.has("require-kernel")) argv.emplace_back("--require-kernel");
  return Command{argv};
}

/// What to say when the probe said nothing: what the engine said.
Error no_answer(const Output& output, const std::string& image) {
  std::string said;
  for (std::string_view line : split(trim(output.err), '\n'))
    said += cat("\n  ", printable(line, 1000));
  bool no_loader = output.status.shell_code() == 127 ||
                   output.err.find("no such file or directory") != std::string::npos;
  return make_error(ErrorCode::kUnsupported,
                    cat("verify: outboard-probe did not run in '", printable(image),
                        "' (exit code ", output.status.shell_code(), ")", said),
                    no_loader ? "use an image with glibc 2.17 or newer: the driver has no "
                                "libraries for others"
                              : "");
}

Result<int> run(const Parsed& parsed) {
  OB_TRY(std::string image, choose_image(parsed));
  engine::Console console = make_console(parsed);
  OB_TRY(GpuChoice choice, choose_gpus(parsed.value("gpus", "all"), parsed, console));
  if (!choice.hooks) {
    return make_error(ErrorCode::kNotFound, "verify: there is no GPU to verify",
                      "choose some with --gpus");
  }
  OB_TRY(Command command, probe_command(parsed, image, choice.names.size()));
  if (console.dry_run) {
    console.show(command);
    return 0;
  }
  CaptureOptions limits;
  limits.deadline = kDeadline;
  OB_TRY(Output output, run_captured(command, limits));
  auto document = json::parse(output.out, "outboard-probe");
  if (!document || !document->is_object()) return no_answer(output, image);
  VerifyReport report = verify_report(*document, choice.names);
  if (parsed.has("json")) {
    std::fputs(json::write_pretty(report.document).c_str(), stdout);
  } else {
    std::fputs(report.text.c_str(), stdout);
  }
  return report.problems.empty() && output.status.success() ? 0 : 1;
}

}  // namespace

CliCommand verify_command() {
  return {verify_help(), run};
}

}  // namespace outboard::cli
