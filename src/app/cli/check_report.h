// SPDX-License-Identifier: Apache-2.0
// What `outboard check` found, as text and as JSON.
#pragma once

#include <string>

#include "app/image_check.h"
#include "base/json.h"
#include "engine/image_files.h"
#include "engine/image_inspect.h"

namespace outboard::cli {

struct CheckReport {
  bool simulated = false;
  std::string name;                             ///< as it was asked for; empty: versions alone
  std::optional<engine::InspectedImage> image;  ///< nothing: versions alone
  std::optional<engine::ImageFiles> files;      ///< nothing: they were not looked at
  app::ImageVerdict verdict;
};

std::string check_text(const CheckReport& report);
json::Value check_json(const CheckReport& report);

/// 0: runs on every GPU, or nothing forbids it; 1: not on all; 3: on some by forward compatibility
/// alone.
int check_exit_code(const app::ImageVerdict& verdict);

}  // namespace outboard::cli
