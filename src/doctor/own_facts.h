// SPDX-License-Identifier: Apache-2.0
// What Outboard itself is told: its policy file and the rows that extend the compatibility tables.
// The folder app knows how to read them and fills this in (Places::read_own): types only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compat/tables.h"

namespace outboard::doctor {

struct OwnFault {
  std::string what;  ///< with file and line where there is one
  std::string mend;
  bool refused = false;  ///< the whole file is refused, not a value or row of it
};

struct OwnFacts {
  std::string policy_file;  ///< where the policy was looked for; empty: nobody looked
  bool policy_exists = false;
  std::vector<OwnFault> policy;          ///< what is wrong with it
  bool any_owner = false;                ///< [driver] any-owner
  std::vector<std::string> directories;  ///< of table rows that exist
  std::vector<OwnFault> rows;            ///< files and rows of them that are skipped
  /// The tables with those rows; null: the built-in ones.
  std::shared_ptr<const compat::Tables> tables;
};

}  // namespace outboard::doctor
