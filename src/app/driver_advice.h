// SPDX-License-Identifier: Apache-2.0
// Which driver to install on a machine that has none, for the cards on its bus and a CUDA version.
#pragma once

#include <string>

#include "app/image_evidence.h"
#include "compat/tables.h"
#include "host/facts.h"

namespace outboard::app {

/// "for CUDA 12.8 on H200 SXM 141GB: driver 570.26 or newer, ...", with each model on the bus that
/// the tables know; empty: there is a driver, no such card, or the tables do not know the version.
std::string driver_advice(const host::Facts& facts, const CudaSign& cuda,
                          const compat::Tables& tables);

}  // namespace outboard::app
