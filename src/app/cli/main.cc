// SPDX-License-Identifier: Apache-2.0
// outboard: finds the command, runs it, prints an error once.
#include <cstdio>

#include "app/cli/command.h"
#include "base/text.h"

namespace outboard::cli {
namespace {

constexpr const char* kSummary = "GPUs in containers: one command, no daemon, no hooks";

std::vector<CliCommand> commands() {
  return {run_command(),    check_command(), list_command(),    doctor_command(), explain_command(),
          verify_command(), args_command(),  capture_command(), sim_command()};
}

std::vector<CommandHelp> tables() {
  std::vector<CommandHelp> list;
  for (CliCommand& command : commands()) list.push_back(std::move(command.help));
  return list;
}

void print_usage(FILE* out) {
  std::fprintf(out, "outboard %s: %s\n\nusage: outboard COMMAND [options]\n\n", OUTBOARD_VERSION,
               kSummary);
  for (const CommandHelp& help : tables())
    std::fprintf(out, "  %-10s %s\n", help.name.c_str(), help.summary.c_str());
  std::fputs(
      "  completion print a completion script for bash, zsh or fish\n  man        print the man "
      "page\n\n"
      "'outboard COMMAND --help' explains a command.\n",
      out);
}

// docker's 125 for `run`: 1 and 2 would be taken for the program's own.
int exit_code(const std::string& command, const Error& error) {
  if (command == "run") return 125;
  if (error.code == ErrorCode::kUsage) return 2;
  // `check` says by 1 that something does not run here.
  return command == "check" ? 4 : 1;
}

int fail(const std::string& command, const Error& error) {
  say(error.text);
  if (!error.hint.empty())
    std::fprintf(stderr, "  hint: %s\n", printable_lines(error.hint).c_str());
  return exit_code(command, error);
}

int unknown_command(const std::string& name) {
  std::vector<std::string> names = {"completion", "man"};
  for (const CommandHelp& help : tables()) names.push_back(help.name);
  auto near = nearest_names(name, names);
  return fail(name, make_error(ErrorCode::kUsage, cat("unknown command '", printable(name), "'"),
                               near.empty() ? "see 'outboard --help'"
                                            : cat("did you mean '", near.front(), "'?")));
}

int print_document(const Result<std::string>& text, const std::string& command) {
  if (!text) return fail(command, text.error());
  std::fputs(text->c_str(), stdout);
  return 0;
}

int run_program(const std::vector<std::string>& words) {
  if (words.empty()) {
    print_usage(stderr);
    return 2;
  }
  const std::string& name = words[0];
  if (name == "--help" || name == "-h" || name == "help") {
    print_usage(stdout);
    return 0;
  }
  if (name == "--version" || name == "version") {
    std::printf("outboard %s\n", OUTBOARD_VERSION);
    return 0;
  }
  if (name == "man")
    return print_document(man_page("outboard", OUTBOARD_VERSION, kSummary, tables(), ""), name);
  if (name == "completion")
    return print_document(completion_script(words.size() > 1 ? words[1] : "", "outboard", tables()),
                          name);
  for (const CliCommand& command : commands()) {
    if (command.help.name != name) continue;
    auto parsed = parse_options(command.help, {words.begin() + 1, words.end()});
    if (!parsed) return fail(name, parsed.error());
    if (parsed->help()) {
      std::fputs(help_text("outboard", command.help).c_str(), stdout);
      return 0;
    }
    auto code = command.run(*parsed);
    if (!code) return fail(name, code.error());
    return *code;
  }
  return unknown_command(name);
}

}  // namespace
}  // namespace outboard::cli

int main(int argc, char** argv) {
  return outboard::cli::run_program(
      std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
}
