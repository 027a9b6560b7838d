// SPDX-License-Identifier: Apache-2.0
// The files of a simulated driver: every library, program, firmware and configuration file that
// NVIDIA's 580 branch installs on Debian for x86-64 (names: its installer's manifest), with
// contents that do nothing. libcuda, libnvidia-ml and nvidia-smi are the compiled ones; the rest
// are stubs.
#pragma once

#include "sim/profiles.h"
#include "sim/tree.h"

namespace outboard::sim {

void write_driver_files(Tree& tree, const Profile& profile);

}  // namespace outboard::sim
