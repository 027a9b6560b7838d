// SPDX-License-Identifier: Apache-2.0
// Parsing and help. Completions and man pages are in option_documents.cc.
#include "base/options.h"

#include <getopt.h>

#include "base/text.h"

namespace outboard {

std::string Parsed::value(std::string_view name, const std::string& otherwise) const {
  auto found = values_.find(name);
  return found == values_.end() ? otherwise : found->second.back();
}

const std::vector<std::string>& Parsed::values(std::string_view name) const {
  static const std::vector<std::string> kNone;
  auto found = values_.find(name);
  return found == values_.end() ? kNone : found->second;
}

static Error unknown_option(const CommandHelp& command, const std::string& word) {
  std::vector<std::string> names;
  for (const Option& option : command.options) names.push_back("--" + option.name);
  std::string name = word.substr(0, word.find('='));
  auto near = nearest_names(name, names);
  std::string hint = near.empty() ? cat("see 'outboard ", command.name, " --help'")
                                  : cat("did you mean '", near.front(), "'?");
  return make_error(ErrorCode::kUsage,
                    cat(command.name, ": unknown option '", printable(name), "'"), hint);
}

Result<Parsed> parse_options(const CommandHelp& command,
                             const std::vector<std::string>& arguments) {
  Parsed parsed;
  if (command.reads_own_words) {
    parsed.words_ = arguments;
    return parsed;
  }
  constexpr int kFirstLong = 256;
  std::vector<Option> table = command.options;
  bool own_h = false;
  for (const Option& option : table) own_h = own_h || option.letter == 'h';
  table.push_back({"help", own_h ? '\0' : 'h', "", "print this help", ""});

  std::vector<option> long_options;
  // '+': stop at the first word; ':': a missing argument is told apart from an unknown option.
  std::string letters = command.stop_at_first_word ? "+:" : ":";
  for (size_t i = 0; i < table.size(); i++) {
    int has_argument = table[i].value.empty() ? no_argument : required_argument;
    long_options.push_back(
        {table[i].name.c_str(), has_argument, nullptr, kFirstLong + static_cast<int>(i)});
    if (table[i].letter) {
      letters += table[i].letter;
      if (has_argument == required_argument) letters += ':';
    }
  }
  long_options.push_back({nullptr, 0, nullptr, 0});

  std::vector<std::string> copies = arguments;
  copies.insert(copies.begin(), command.name);
  std::vector<char*> argv;
  for (std::string& copy : copies) argv.push_back(copy.data());
  argv.push_back(nullptr);
  int argc = static_cast<int>(copies.size());

  optind = 0;  // glibc: also forgets the state of an earlier parse
  opterr = 0;
  while (true) {
    int word = optind == 0 ? 1 : optind;
    int code = getopt_long(argc, argv.data(), letters.c_str(), long_options.data(), nullptr);
    if (code == -1) break;
    std::string text = word < argc ? argv[static_cast<size_t>(word)] : "";
    if (code == ':') {
      return make_error(ErrorCode::kUsage,
                        cat(command.name, ": option '", printable(text), "' needs a value"));
    }
    if (code == '?') {
      bool known_switch = optopt >= kFirstLong;
      if (known_switch) {
        return make_error(
            ErrorCode::kUsage,
            cat(command.name, ": option '--", table[static_cast<size_t>(optopt - kFirstLong)].name,
                "' takes no value"));
      }
      return unknown_option(command, optopt > 0 ? cat("-", static_cast<char>(optopt)) : text);
    }
    const Option* found = nullptr;
    for (size_t i = 0; i < table.size(); i++) {
      if (code == kFirstLong + static_cast<int>(i) || code == table[i].letter) found = &table[i];
    }
    parsed.values_[found->name].emplace_back(optarg ? optarg : "");
  }
  for (int i = optind; i < argc; i++) parsed.words_.emplace_back(argv[static_cast<size_t>(i)]);
  return parsed;
}

std::string help_text(const std::string& program, const CommandHelp& command) {
  std::string out =
      cat("usage: ", program, " ", command.name, command.options.empty() ? "" : " [options]",
          command.arguments.empty() ? "" : " ", command.arguments, "\n\n", command.summary, "\n");
  if (!command.details.empty()) out += cat("\n", command.details, "\n");
  if (command.options.empty()) return out;
  out += "\noptions:\n";
  for (const Option& option : command.options) {
    std::string left = option.letter ? cat("  -", option.letter, ", --", option.name)
                                     : cat("      --", option.name);
    if (!option.value.empty()) left += cat(" ", option.value);
    out += left;
    out += left.size() < 32 ? std::string(32 - left.size(), ' ') : "\n" + std::string(32, ' ');
    out += cat(option.help, "\n");
  }
  return out;
}

}  // namespace outboard
