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
#include "compat/image_labels.h"
#include "compat/requirement_check.h"
#include "plan/image_compat.h"

namespace outboard::app {

/// What the image brings along.
struct ImageDemands {
  std::vector<std::string> environment;  ///< "NAME=value", of image and person
  compat::Labels labels = {};
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

/// The CUDA version that forward compatibility libraries would have to bring for all requirements,
/// if the support matrix allows them here; nothing if it does not, or nothing asks for a version.
std::optional<std::string> cuda_by_forward(const compat::Requirements& requirements,
                                           const compat::DriverTraits& driver,
                                           const std::vector<compat::CheckedGpu>& gpus,
                                           const compat::Tables& tables);

/// check_compatibility() while the image's files are not known: what such libraries could meet is
/// let through.
Result<void> check_before_pull(Chosen& chosen, const MachineOptions& options,
                               const ImageDemands& demands, const compat::Tables& tables);

}  // namespace outboard::app
