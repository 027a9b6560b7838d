// SPDX-License-Identifier: Apache-2.0
// What outboard-probe saw in a container, held against what was chosen for it. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace outboard::cli {

struct VerifyReport {
  std::string text;                   ///< for a person
  std::vector<std::string> problems;  ///< empty: all is right
  json::Value document;               ///< the probe's, with "expected" and "verified"
};

/// `expected`: stable names (UUID, MIG UUID or PCI bus id) of the chosen devices.
VerifyReport verify_report(const json::Value& probe, const std::vector<std::string>& expected);

}  // namespace outboard::cli
