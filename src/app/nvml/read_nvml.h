// SPDX-License-Identifier: Apache-2.0
// Asks an NVML library for what the inventory needs. What a driver cannot say stays unknown.
#pragma once

#include "app/nvml/nvml_library.h"
#include "base/result.h"
#include "host/facts.h"

namespace outboard::app {

/// Initialises NVML, reads (with `health` the state of each GPU too), shuts down. kUnsupported with
/// NVML's own text if it does not start. A GPU that NVML cannot open (it has fallen off the bus, or
/// the permission is missing) is left out.
Result<host::NvmlAnswer> read_nvml(const NvmlFunctions& nvml, bool health);

}  // namespace outboard::app
