// SPDX-License-Identifier: Apache-2.0
// Outboard's own files: what an administrator wrote, and whether it can be used.
#include "base/text.h"
#include "doctor/tables.h"

namespace outboard::doctor {

namespace {

Findings look_at_policy(const Facts& facts) {
  const OwnFacts& own = facts.own;
  Findings findings;
  for (const OwnFault& fault : own.policy) {
    Finding finding = found(fault.refused ? Severity::kError : Severity::kWarning,
                            printable(fault.what, 500), printable(fault.mend, 300));
    if (!fault.refused) finding.consequence = "what it names cannot be used";
    findings.push_back(std::move(finding));
  }
  if (!findings.empty()) return findings;
  if (own.policy_file.empty()) return unknown("nobody looked at it");
  return ok(own.policy_exists
                ? printable(own.policy_file)
                : cat("there is no ", printable(own.policy_file), ", and none is needed"));
}

Findings look_at_rows(const Facts& facts) {
  Findings findings;
  constexpr size_t kShown = 8;
  for (const OwnFault& fault : facts.own.rows) {
    if (findings.size() == kShown) {
      findings.back().what += cat("; and ", facts.own.rows.size() - kShown, " more");
      break;
    }
    findings.push_back(
        found(Severity::kWarning, printable(fault.what, 500), printable(fault.mend, 300)));
  }
  if (!findings.empty()) return findings;
  if (facts.own.directories.empty()) return ok("the built-in tables alone");
  return ok(cat("rows of ", printable(join(facts.own.directories, ", "), 400)));
}

}  // namespace

std::vector<Check> own_checks() {
  return {
      {"outboard-config",
       "Outboard's own configuration can be read, and what it names exists",
       "/etc/outboard/config.toml: syntax, keys, types, owner and mode, the paths and programs in "
       "it",
       "outboard-runtime refuses every container that asks for a GPU, and every other command ends "
       "with the same error",
       "correct the file; doc/configuration.md has its keys",
       {Part::kOwn},
       look_at_policy},
      {"outboard-tables",
       "every row that extends the compatibility tables is used",
       "*.csv in /etc/outboard/compat.d and in the user's ~/.config/outboard/compat.d: names, "
       "headers, rows, owner and mode",
       "the row or file is skipped: requirements are judged without it",
       "correct the row; doc/compatibility-data.md shows the columns",
       {Part::kOwn},
       look_at_rows},
  };
}

}  // namespace outboard::doctor
