// SPDX-License-Identifier: Apache-2.0
// Results as a person and as a program read them, and the documents that are made from the table of
// checks. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "doctor/run_checks.h"

namespace outboard::doctor {

struct ReportOptions {
  bool simulated = false;  ///< say that the machine is a simulated one
  bool verbose = false;    ///< list passed checks too
  /// The command that mends what is found on this machine; the id of a check may follow.
  std::string fix = "sudo outboard doctor --fix";
};

/// What is wrong first: what, consequence, mend; then one line that counts the rest. Commands are
/// not broken over lines.
std::string report_text(const std::vector<CheckResult>& results, const ReportOptions& options);
json::Value report_json(const std::vector<CheckResult>& results, bool simulated);

/// 0: nothing wrong (notes and unknowns are no fault), 1: an error, 3: warnings only.
int exit_code(const std::vector<CheckResult>& results);

/// A line for each check: id and title.
std::string list_text();
/// All that the table says about one check.
std::string describe_check(const Check& check);
/// doc/doctor.md.
std::string document();

}  // namespace outboard::doctor
