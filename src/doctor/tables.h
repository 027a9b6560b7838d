// SPDX-License-Identifier: Apache-2.0
// The table of checks, by subject. Only check.cc puts them together.
#pragma once

#include <vector>

#include "doctor/check.h"

namespace outboard::doctor {

std::vector<Check> own_checks();
std::vector<Check> platform_checks();
std::vector<Check> driver_checks();
std::vector<Check> node_checks();
std::vector<Check> docker_checks();
std::vector<Check> engine_file_checks();
std::vector<Check> engine_cdi_checks();
std::vector<Check> toolkit_checks();
std::vector<Check> cdi_checks();
std::vector<Check> service_checks();
std::vector<Check> bus_checks();
std::vector<Check> system_checks();
std::vector<Check> limit_checks();
std::vector<Check> log_checks();
std::vector<Check> health_checks();
std::vector<Check> running_checks();

}  // namespace outboard::doctor
