// SPDX-License-Identifier: Apache-2.0
// A command's options as one table: what parses the command line also writes its help, the man
// page's list and the shell completions. getopt_long(3) does the parsing.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace outboard {

/// One option. `value` names the argument in help ("SPEC"); empty means a switch. The same option
/// may be given several times.
struct Option {
  std::string name;   ///< long name without dashes
  char letter = 0;    ///< short name, or 0
  std::string value;  ///< placeholder of its argument; empty: takes none
  std::string help;   ///< one sentence, no period
  std::string
      completion;  ///< words to offer for its argument, separated by spaces, or "FILE" or "DIR"
};

/// One command of a program.
struct CommandHelp {
  std::string name;       ///< "run"
  std::string arguments;  ///< "IMAGE [COMMAND [ARGUMENT...]]"
  std::string summary;    ///< one line
  std::string details;    ///< paragraphs for --help and the man page, may be empty
  std::vector<Option> options;
  /// Options end at the first word that is no option (docker's way: the rest belongs to the
  /// container).
  bool stop_at_first_word = false;
  /// The command reads its words itself (`run` takes the engines' options, too): parse_options
  /// hands all of them on in words(). The table still makes help, man page and completions.
  bool reads_own_words = false;
};

/// What stood on a command line.
class Parsed {
 public:
  bool has(std::string_view name) const { return values_.find(name) != values_.end(); }
  /// The last value given, or `otherwise`.
  std::string value(std::string_view name, const std::string& otherwise = {}) const;
  const std::vector<std::string>& values(std::string_view name) const;
  const std::vector<std::string>& words() const { return words_; }
  bool help() const { return has("help"); }

 private:
  friend Result<Parsed> parse_options(const CommandHelp&, const std::vector<std::string>&);
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::vector<std::string> words_;
};

/// Parses what follows the command's name. `--help` and `-h` are always known (unless the table has
/// its own 'h'). An unknown option, a missing or a superfluous argument is a kUsage error that
/// names the nearest option. "--" ends the options.
Result<Parsed> parse_options(const CommandHelp& command, const std::vector<std::string>& arguments);

/// "usage: PROGRAM NAME [options] ARGUMENTS", summary, details and the options.
std::string help_text(const std::string& program, const CommandHelp& command);
/// The whole program's man page in man(7) format.
std::string man_page(const std::string& program, const std::string& version,
                     const std::string& description, const std::vector<CommandHelp>& commands,
                     const std::string& tail);
/// A completion script for "bash", "zsh" or "fish"; kUsage for any other shell.
Result<std::string> completion_script(const std::string& shell, const std::string& program,
                                      const std::vector<CommandHelp>& commands);

}  // namespace outboard
