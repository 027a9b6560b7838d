// SPDX-License-Identifier: Apache-2.0
// A check: what it looks at, why that matters, what mends it, and the pure function that decides.
// The one table of checks() makes the run, its JSON, `outboard doctor --list` and doc/doctor.md.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "doctor/facts.h"

namespace outboard::doctor {

enum class Severity {
  kOk,
  kNote,     ///< works, but somebody may want to know
  kUnknown,  ///< could not be found out, with the reason
  kWarning,  ///< works now or in part; will cost time, speed or a failure later
  kError,    ///< containers do not get a working GPU
};
std::string_view severity_name(Severity severity);

/// One command of a mend, as it is shown and as it is run: argv[0] is a name that is searched in
/// the system's directories, nothing passes through a shell.
using Step = std::vector<std::string>;

struct Finding {
  Severity severity = Severity::kOk;
  std::string what;         ///< what was found, one sentence without a period
  std::string consequence;  ///< empty: the check's own
  std::string mend;         ///< what to do; empty: the check's own, where something is wrong
  /// Commands that `--fix` may run: they take nothing away that cannot be made again, interrupt
  /// nobody, and doing them twice does no harm.
  std::vector<Step> steps = {};
  /// What is left to a person after the steps, in words; empty: nothing.
  std::string afterwards = {};
};
using Findings = std::vector<Finding>;

Findings ok(std::string what);
Findings unknown(std::string why);
Finding found(Severity severity, std::string what, std::string mend = {},
              std::vector<Step> steps = {}, std::string afterwards = {});

/// The first `most` names, safe to print, and how many more there are: "a, b and 3 more".
std::string listed(const std::vector<std::string>& names, size_t most = 6);

/// Which parts of the snapshot a check needs.
struct Parts {
  constexpr Parts(std::initializer_list<Part> list) {
    for (Part part : list) bits |= 1U << static_cast<int>(part);
  }
  constexpr bool has(Part part) const { return (bits >> static_cast<int>(part) & 1U) != 0; }
  unsigned bits = 0;
};

struct Check {
  std::string_view id;           ///< "char-links"
  std::string_view title;        ///< what is true when nothing is wrong: "the GPU has a driver"
  std::string_view looks_at;     ///< sources, for a person who wants to look too
  std::string_view consequence;  ///< what goes wrong for the user, with the error text they see
  std::string_view mend;         ///< what to do about it
  Parts parts;
  /// Findings; none, or only kOk ones, is a passed check.
  Findings (*look)(const Facts& facts);
  std::string_view engine = {};  ///< the engine that it is about, as --engine names it
};

/// All checks, in the order in which their findings make sense to a reader: causes first.
const std::vector<Check>& checks();
/// Checks of one running container, seen from the host (Places::container).
const std::vector<Check>& container_checks();
/// Checks of the container that this process runs in.
const std::vector<Check>& inside_checks();
/// Of checks(). Null for an unknown id.
const Check* find_check(std::string_view id);

}  // namespace outboard::doctor
