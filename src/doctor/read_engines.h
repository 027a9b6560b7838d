// SPDX-License-Identifier: Apache-2.0
// Reads what concerns container engines. Every function leaves what it cannot learn unknown and
// never fails; daemons are asked with a deadline.
#pragma once

#include "doctor/facts.h"
#include "doctor/places.h"

namespace outboard::doctor {

void read_docker(const Places& places, Facts& facts);
void read_cdi(const Places& places, Facts& facts);

/// The system's directories with programs, below the machine that is looked at.
std::vector<std::string> program_directories(const Places& places);

/// From the answer to GET /info. Looks for the programs of its runtimes where `process` would.
DockerInfo docker_info(const json::Value& answer, const std::optional<DaemonProcess>& process);

}  // namespace outboard::doctor
