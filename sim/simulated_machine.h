// SPDX-License-Identifier: Apache-2.0
// Makes a simulated machine: a directory with a driver root and the trees proc, sys and dev, in
// which the ordinary discovery finds GPUs. Everything in it says "simulated"; its device nodes have
// numbers that no driver can own, so that a real GPU is never reached. Programs in containers see
// exactly the simulated devices whose nodes they may open.
//
// Layout of DIR: usr, lib, etc, run (driver root), proc, sys, dev, and outboard-sim.json, by which
// the discovery knows that it is simulated. The compiled parts are inside this library
// (stub_binaries.h): no file is looked for.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "sim/profiles.h"

namespace outboard::sim {

inline constexpr const char* kMarkerFile = "outboard-sim.json";

/// Makes the machine `profile` (see profiles.h) with `driver` at `directory`, which may exist if it
/// is empty or holds a simulated machine; that is replaced as a whole at the end, and an error
/// before leaves it as it was. Needs CAP_MKNOD and a file system that is not mounted nodev. Errors:
/// kNotFound (unknown profile: lists them), kConflict (something else is in the directory),
/// kDenied, kUnsupported (nodev, no free device numbers), kIo.
Result<void> create_simulated_machine(const std::string& profile, const std::string& directory,
                                      const SimulatedDriver& driver = {});

}  // namespace outboard::sim
