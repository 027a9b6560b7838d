// SPDX-License-Identifier: Apache-2.0
// Checks a document against the JSON schema of the OCI runtime specification (draft 4, as far as
// that schema uses it), read from the distribution's package
// golang-github-opencontainers-specs-dev. The environment variable OUTBOARD_OCI_SCHEMA names
// another directory.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"

namespace outboard::fuzz {

/// The first thing that is wrong with a config.json, as "linux.devices: not an array", or nothing.
/// Aborts if the schema is not on the machine.
std::optional<std::string> schema_problem(const json::Value& spec);

}  // namespace outboard::fuzz
