// SPDX-License-Identifier: Apache-2.0
// From facts to an edited specification, as every program of ours goes.
#pragma once

#include "host/facts.h"
#include "plan/plan.h"

namespace outboard::fuzz {

/// Facts survive their JSON; selecting on them, planning and editing gives an error, or records
/// that a low-level runtime can take. (What an error quotes of facts is made printable where it is
/// printed.)
void check_pipeline(const host::Facts& facts, const host::NvmlAnswer* nvml,
                    const plan::ImageLayout& image);

}  // namespace outboard::fuzz
