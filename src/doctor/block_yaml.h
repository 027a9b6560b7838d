// SPDX-License-Identifier: Apache-2.0
// The part of YAML that programs write (sigs.k8s.io/yaml, which NVIDIA's toolkit uses): mappings
// and sequences in block style, empty ones as "{}" and "[]", plain and quoted scalars on one line.
// Anything else (anchors, tags, block scalars, flow style, several documents) is an error, never a
// guess.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace outboard::doctor {

/// kUsage: not YAML of that kind, with file and line. Pure.
Result<json::Value> parse_block_yaml(std::string_view text, const std::string& file);

}  // namespace outboard::doctor
