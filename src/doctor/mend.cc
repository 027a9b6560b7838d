// SPDX-License-Identifier: Apache-2.0
#include "doctor/mend.h"

#include "base/process.h"
#include "base/text.h"

namespace outboard::doctor {

Result<void> run_step(const Step& step) {
  if (step.empty()) return make_error(ErrorCode::kBug, "a mend without a command");
  auto program = find_program(step[0], &system_program_directories());
  if (!program) {
    return make_error(ErrorCode::kNotFound, cat("run '", step[0], "': no such program"),
                      "install it, or mend by hand");
  }
  Command command{step, std::vector<std::string>{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"},
                  "/"};
  command.argv[0] = *program;
  CaptureOptions options;
  options.deadline = std::chrono::seconds(60);
  auto output = run_captured(command, options);
  if (!output) return std::move(output).error();
  if (output->status.success()) return {};
  std::string said(trim(output->err.empty() ? output->out : output->err));
  return make_error(
      ErrorCode::kIo,
      cat("'", printable(shell_text(step)), "' failed: ",
          said.empty() ? cat("exit code ", output->status.shell_code()) : printable(said, 300)));
}

Result<void> run_steps(const std::vector<Step>& steps) {
  for (const Step& step : steps) OB_CHECK(run_step(step));
  return {};
}

}  // namespace outboard::doctor
