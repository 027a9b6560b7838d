// SPDX-License-Identifier: Apache-2.0
// Rules for the driver files of a plan: which are mounted, where in the container, and which names
// its ld.so.cache gets.
#pragma once

#include "base/result.h"
#include "device/request.h"
#include "host/facts.h"
#include "plan/plan.h"

namespace outboard::plan {

/// Adds to `plan` the mounts and cache entries of the files in `facts` that `capabilities` ask for,
/// and notes on what is missing. Error: a file that is needed can be changed by others than root
/// (host::DriverFile::distrust); `plan` is then to be thrown away.
Result<void> add_files(Plan& plan, const host::Facts& facts, device::Capabilities capabilities,
                       const ImageLayout& image);

}  // namespace outboard::plan
