// SPDX-License-Identifier: Apache-2.0
// What a card can run, from the compatibility tables: the answer to "does my card support CUDA?".
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "compat/tables.h"

namespace outboard::doctor {

/// "CUDA 8.0 to 12.9, drivers of branch 367 to 580, PyTorch 2.14.0 (CUDA 12.6), TensorFlow ...":
/// the newest releases of the frameworks whose packages have code for the card. Nothing for a
/// compute capability that the tables do not know.
std::optional<std::string> what_runs(const compat::Tables& tables,
                                     std::string_view compute_capability);

/// The last driver branch that drives the card ("470"); nothing where all new ones do.
std::optional<std::string> last_branch(const compat::Tables& tables,
                                       std::string_view compute_capability);

/// Why a driver of this version does not drive the card ("branch 470 was the last for it"), or
/// nothing. `flavor`: "open" or "proprietary" (host::Facts::module_flavor).
std::optional<std::string> why_not_driven(const compat::Tables& tables,
                                          std::string_view compute_capability,
                                          std::string_view driver, std::string_view flavor);

/// The month in which the driver's branch ended, if it lies before `month` ("2026-11").
std::optional<std::string> branch_ended(const compat::Tables& tables, std::string_view driver,
                                        std::string_view month);

}  // namespace outboard::doctor
