// SPDX-License-Identifier: Apache-2.0
// Man page and shell completions, made from the same tables that parse the command line.
#include "base/options.h"
#include "base/text.h"

namespace outboard {

// man(7): a line that starts with a dot or a quote would be a request, a backslash an escape, a
// dash a hyphen.
static std::string roff(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); i++) {
    bool line_start = i == 0 || text[i - 1] == '\n';
    if (line_start && (text[i] == '.' || text[i] == '\'')) out += "\\&";
    if (text[i] == '\\') {
      out += "\\e";
    } else if (text[i] == '-') {
      out += "\\-";
    } else if (text[i] == '\n' && i + 1 < text.size() && text[i + 1] == '\n') {
      out += "\n.PP";
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string man_page(const std::string& program, const std::string& version,
                     const std::string& description, const std::vector<CommandHelp>& commands,
                     const std::string& tail) {
  std::string upper;
  for (char c : program) upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  std::string out =
      cat(".TH ", upper, " 1 \"\" \"outboard ", version, "\" \"User Commands\"\n.SH NAME\n",
          roff(program), " \\- ", roff(description), "\n.SH SYNOPSIS\n");
  for (const CommandHelp& command : commands) {
    out += cat(".B ", roff(cat(program, " ", command.name)), "\n",
               command.options.empty() ? "" : "[options] ", roff(command.arguments), "\n.br\n");
  }
  out += ".SH COMMANDS\n";
  for (const CommandHelp& command : commands) {
    out += cat(".SS ", roff(command.name), " ", roff(command.arguments), "\n",
               roff(command.summary), "\n");
    if (!command.details.empty()) out += cat(".PP\n", roff(command.details), "\n");
    for (const Option& option : command.options) {
      out += ".TP\n\\fB";
      if (option.letter) out += cat("\\-", option.letter, "\\fR, \\fB");
      out += cat("\\-\\-", roff(option.name), "\\fR");
      if (!option.value.empty()) out += cat(" \\fI", roff(option.value), "\\fR");
      out += cat("\n", roff(option.help), "\n");
    }
  }
  return out + tail;
}

static std::string option_words(const CommandHelp& command) {
  std::string out;
  for (const Option& option : command.options)
    out += cat(out.empty() ? "" : " ", "--", option.name);
  return out;
}

static std::string bash_script(const std::string& program,
                               const std::vector<CommandHelp>& commands) {
  std::string names, cases;
  for (const CommandHelp& command : commands) {
    names += cat(names.empty() ? "" : " ", command.name);
    cases += cat("    ", command.name, ") words=\"", option_words(command), "\" ;;\n");
  }
  std::string values;
  for (const CommandHelp& command : commands) {
    for (const Option& option : command.options) {
      if (option.completion.empty() || option.completion == "FILE" || option.completion == "DIR")
        continue;
      values += cat("    ", command.name, ":--", option.name, ") COMPREPLY=($(compgen -W \"",
                    option.completion, "\" -- \"$current\")); return ;;\n");
    }
  }
  return cat("# bash completion for ", program, "\n_", program,
             "() {\n  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} "
             "words=\n",
             "  if [ \"$COMP_CWORD\" -eq 1 ]; then COMPREPLY=($(compgen -W \"", names,
             "\" -- \"$current\")); return; fi\n", "  case ${COMP_WORDS[1]}:$previous in\n", values,
             "  esac\n  case ${COMP_WORDS[1]} in\n", cases,
             "  esac\n  case $current in\n    -*) COMPREPLY=($(compgen -W \"$words\" -- "
             "\"$current\")) ;;\n    *) COMPREPLY=($(compgen -f -- \"$current\")) ;;\n  esac\n}\n",
             "complete -F _", program, " ", program, "\n");
}

static std::string quoted(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return cat("'", out, "'");
}

static std::string fish_script(const std::string& program,
                               const std::vector<CommandHelp>& commands) {
  std::string out = cat("# fish completion for ", program, "\n");
  for (const CommandHelp& command : commands) {
    out += cat("complete -c ", program, " -n __fish_use_subcommand -a ", command.name, " -d ",
               quoted(command.summary), "\n");
    for (const Option& option : command.options) {
      out += cat("complete -c ", program, " -n '__fish_seen_subcommand_from ", command.name,
                 "' -l ", option.name);
      if (option.letter) out += cat(" -s ", option.letter);
      if (!option.value.empty()) out += " -r";
      if (!option.completion.empty() && option.completion != "FILE" && option.completion != "DIR")
        out += cat(" -a ", quoted(option.completion));
      out += cat(" -d ", quoted(option.help), "\n");
    }
  }
  return out;
}

static std::string zsh_script(const std::string& program,
                              const std::vector<CommandHelp>& commands) {
  std::string names, cases;
  for (const CommandHelp& command : commands) {
    names += cat("    ", quoted(cat(command.name, ":", command.summary)), "\n");
    cases += cat("    ", command.name, ") offered=(", option_words(command), ") ;;\n");
  }
  return cat("#compdef ", program, "\n_", program,
             "() {\n  local -a commands offered\n  commands=(\n", names,
             "  )\n  if (( CURRENT == 2 )); then _describe command commands; return; fi\n  case "
             "${words[2]} in\n",
             cases,
             "  esac\n  if [[ $PREFIX == -* ]]; then compadd -- $offered; else _files; fi\n}\n_",
             program, " \"$@\"\n");
}

Result<std::string> completion_script(const std::string& shell, const std::string& program,
                                      const std::vector<CommandHelp>& commands) {
  if (shell == "bash") return bash_script(program, commands);
  if (shell == "zsh") return zsh_script(program, commands);
  if (shell == "fish") return fish_script(program, commands);
  return make_error(ErrorCode::kUsage, cat("completion: unknown shell '", printable(shell), "'"),
                    "give 'bash', 'zsh' or 'fish'");
}

}  // namespace outboard
