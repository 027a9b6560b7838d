// SPDX-License-Identifier: Apache-2.0
// Runs checks in a child process that reports each finding as it is made. No check can hang or end
// the caller: whoever does not answer in time, or crashes, is reported as unknown, and another
// child goes on with the rest.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "doctor/check.h"
#include "doctor/places.h"

namespace outboard::doctor {

struct CheckResult {
  const Check* check = nullptr;
  Findings findings;  ///< empty: passed with nothing to say
  /// The worst of its findings.
  Severity severity() const;
};

struct RunOptions {
  /// For reading one part, and for one check.
  std::chrono::milliseconds deadline{800};
  /// NVML starts every GPU.
  std::chrono::milliseconds nvml_deadline{2500};
  /// Called before each check with its number and their count.
  std::function<void(size_t, size_t, const Check&)> progress = nullptr;
  /// Reads one part; tests replace it.
  std::function<void(Part, const Places&, Facts&)> read = nullptr;
};

/// One result for each check, in the same order. An error only if no process can be started.
Result<std::vector<CheckResult>> run_checks(const std::vector<const Check*>& list,
                                            const Places& places, const RunOptions& options = {});

}  // namespace outboard::doctor
