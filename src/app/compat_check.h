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
  bool files_known = true;  ///< false: the image may have such libraries all the same
};

struct CompatDecision {
  bool use_image_compat = false;
  std::string cuda;  ///< the CUDA version that a container gets by it
  std::string why;
};

/// What every answer about an image rests on, whoever asks.
struct CompatBasis {
  compat::Requirements requirements;
  compat::DriverTraits driver;
  std::vector<compat::CheckedGpu> gpus;  ///< brands are there if the answer hangs on them
  CompatMode mode = CompatMode::kAuto;   ///< the policy's, or the environment's own
  bool mode_of_environment = false;
  /// Of all the GPUs together: they share one container.
  CompatDecision decision;
  /// Where the image's files are not known: the CUDA release by which libraries in them would meet
  /// the requirements, if they do not hold without. Empty: there is none.
  std::string possible_cuda;

  /// The CUDA version that the container will have by forward compatibility; empty: the driver's.
  std::string compat_cuda() const { return decision.use_image_compat ? decision.cuda : ""; }

  /// The driver as a message sees it: libraries that are switched off are no way out.
  compat::DriverTraits driver_for_message() const {
    compat::DriverTraits traits = driver;
    if (mode == CompatMode::kOff) traits.forward = compat::ForwardLibraries::kOff;
    return traits;
  }
};

/// kUsage: a requirement, or OUTBOARD_CUDA_COMPAT, cannot be read. May ask NVML for brands, if the
/// answer hangs on them.
Result<CompatBasis> compat_basis(Chosen& chosen, const MachineOptions& options,
                                 const ImageDemands& demands, const compat::Tables& tables);

/// Adds to the message of a requirement that does not hold that forward compatibility would meet
/// it, where that alone is switched off, and by what.
void tell_switched_off(Error& error, const CompatBasis& basis, const ImageDemands& demands,
                       const compat::Tables& tables);

/// kUnsupported: a requirement does not hold. kUsage: it cannot be read. `notes` gets what a person
/// should know.
Result<CompatDecision> check_compatibility(Chosen& chosen, const MachineOptions& options,
                                           const ImageDemands& demands,
                                           const compat::Tables& tables,
                                           std::vector<std::string>& notes);

/// check_compatibility() while the image's files are not known: what libraries in them could meet
/// is let through.
Result<void> check_before_pull(Chosen& chosen, const MachineOptions& options, ImageDemands demands,
                               const compat::Tables& tables);

}  // namespace outboard::app
