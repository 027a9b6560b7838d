// SPDX-License-Identifier: Apache-2.0
// How a driver is installed that drives a card, by distribution. Pure.
#pragma once

#include <optional>
#include <string>

#include "doctor/card_support.h"
#include "doctor/facts.h"

namespace outboard::doctor {

/// What to do, as a mend. `need`: of the card; nothing for one that the tables do not know.
/// `branch`: which to choose where the distribution's packages are of one branch each.
std::string how_to_install(const Distribution& distribution, const std::optional<DriverNeed>& need,
                           const std::optional<std::string>& branch);

}  // namespace outboard::doctor
