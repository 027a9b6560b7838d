// SPDX-License-Identifier: Apache-2.0
// Does this image run on this driver and these GPUs, and do its forward compatibility libraries
// come first? The one place where requirements and tables meet the machine, for the runtime and
// the command line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/machine.h"
#include "base/result.h"
#include "compat/requirement_check.h"
#include "plan/image_compat.h"

namespace outboard::app {

/// What the image brings along.
struct ImageDemands {
  std::vector<std::string> environment;  ///< "NAME=value", of image and person
  std::vector<std::pair<std::string, std::string>> labels = {};
  std::optional<plan::ImageCompat> compat = {};
};

struct CompatDecision {
  bool use_image_compat = false;
  std::string cuda;  ///< the CUDA version that a container gets by it
  std::string why;
};

/// The driver and the chosen GPUs as compat/ sees them; brands are there if NVML was asked.
compat::DriverTraits driver_traits(const Machine& machine);
std::vector<compat::CheckedGpu> chosen_gpus(const Chosen& chosen, const compat::Tables& tables);

/// kUnsupported: a requirement does not hold. kUsage: it cannot be read. May ask NVML for brands,
/// if the answer hangs on them. `notes` gets what a person should know.
Result<CompatDecision> check_compatibility(Chosen& chosen, const MachineOptions& options,
                                           const ImageDemands& demands,
                                           const compat::Tables& tables,
                                           std::vector<std::string>& notes);

}  // namespace outboard::app
