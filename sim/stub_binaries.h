// SPDX-License-Identifier: Apache-2.0
// The compiled parts of the simulated driver. They are inside this program (put there by the
// assembler's .incbin), so a machine can be made from the build tree and from any place of
// installation without a file to look for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sim/gpu_table.h"

namespace outboard::sim {

std::string_view libcuda_binary();
std::string_view libnvidia_ml_binary();
std::string_view nvidia_smi_binary();
/// A program that says that it is simulated; for every other program of the driver.
std::string_view other_program_binary();

/// The library with this table in it. kBug: it has none, or one of another build.
Result<std::string> with_gpu_table(std::string_view library, const std::string& driver_version,
                                   int cuda_version, const std::vector<sim_gpu>& gpus);

}  // namespace outboard::sim
