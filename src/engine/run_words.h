// SPDX-License-Identifier: Apache-2.0
// The words after `outboard run`: options of ours, options of the engine, the image, the command.
// To find the image one must know which of the engine's options take a value; one table has those
// of `docker run` (28) and `podman run` (5). What is the engine's is passed on as it was typed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"
#include "base/result.h"

namespace outboard::engine {

/// An option of the engine as it was given. A cluster of letters ("-it") becomes one of these for
/// each letter.
struct GivenOption {
  std::string name;                  ///< long name without dashes; the letter, where it has none
  std::optional<std::string> value;  ///< nothing for a switch without "=..."

  /// A switch that is on: "--rm", "--rm=true".
  bool is_on() const { return !value || *value == "true" || *value == "1"; }
  /// As one word: "--name=value".
  std::string word() const;

  bool operator==(const GivenOption&) const = default;
};

struct RunWords {
  std::vector<std::string> own;      ///< options of ours, for parse_options
  std::vector<GivenOption> options;  ///< options of the engine, in order
  std::string image;                 ///< empty: none was given
  std::vector<std::string> arguments;

  /// The last value of an option; nothing if it was not given.
  std::optional<std::string> value(std::string_view name) const;
  std::vector<std::string> values(std::string_view name) const;
  /// True if the switch was given and its last word leaves it on.
  bool is_on(std::string_view name) const;
  void remove(std::string_view name);
};

/// Splits; `own` are our options (only long names; they may stand anywhere before the image).
/// kUsage: an unknown option (with the nearest name), a missing value.
Result<RunWords> split_run_words(const std::vector<std::string>& words,
                                 const std::vector<Option>& own);

/// Where `--volume`, `--mount` and `--tmpfs` put something into the container.
std::vector<std::string> mount_targets(const RunWords& words);

/// The options as words for the engine's command line.
std::vector<std::string> option_words(const std::vector<GivenOption>& options);

/// Image and arguments, with "--" in front of an image that starts with a dash.
void append_image(std::vector<std::string>& argv, const RunWords& words);

}  // namespace outboard::engine
