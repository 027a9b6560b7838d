// SPDX-License-Identifier: Apache-2.0
// CDI specifications (Container Device Interface 0.3 to 1.1, SPEC.md) that name NVIDIA's devices,
// held against the files and nodes that there are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "doctor/engine_facts.h"
#include "doctor/places.h"

namespace outboard::doctor {

/// "/etc/cdi" and "/var/run/cdi": what every engine reads if nobody says otherwise. Of two that
/// define a device, the later one's wins.
const std::vector<std::string>& usual_cdi_directories();

/// Where a directory that an engine reads lies on this machine, symbolic links resolved.
std::string place_of_cdi_directory(const Places& places, const std::string& directory);

/// Reads every NVIDIA specification of the directory at `place`, in the order of names. Nothing
/// where it does not exist; files that `specs` has already are left out.
void read_cdi_directory(const Places& places, const std::string& place,
                        std::vector<CdiSpec>& specs);

/// JSON, or YAML in block style (nvidia-ctk writes both).
Result<json::Value> parse_cdi(const std::string& text, const std::string& file);

}  // namespace outboard::doctor
