// SPDX-License-Identifier: Apache-2.0
// doc/compatibility-data.md: what the tables say, for people. Used by the test that holds
// the page to the tables (and writes it with OUTBOARD_UPDATE_GOLDEN=1); in no program.
#pragma once

#include <string>

#include "compat/tables.h"

namespace outboard::compat {

std::string table_document(const Tables& tables);

}  // namespace outboard::compat
