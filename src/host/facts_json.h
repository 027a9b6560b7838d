// SPDX-License-Identifier: Apache-2.0
// Facts and NVML's answer as JSON: what `outboard capture` writes and --facts reads, the golden
// files of the tests, and what outboard-nvml prints. Unknown members are ignored, so that a newer
// program's snapshot can be read; what is unknown is null or left out. Pure.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "host/facts.h"

namespace outboard::host {

/// Number in the member "schema". It changes only when an old reader would misunderstand.
inline constexpr int kFactsSchema = 1;

json::Value facts_to_json(const Facts& facts);
/// kUsage: a member has the wrong type or an impossible value, and is named ("gpus[1].minor: not a
/// number"); or the schema is newer than this program's.
Result<Facts> facts_from_json(const json::Value& value);

json::Value nvml_to_json(const NvmlAnswer& answer);
Result<NvmlAnswer> nvml_from_json(const json::Value& value);

}  // namespace outboard::host
