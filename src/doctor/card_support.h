// SPDX-License-Identifier: Apache-2.0
// What a card can run, from the compatibility tables: the answer to "does my card support CUDA?".
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compat/tables.h"

namespace outboard::doctor {

/// "CUDA 8.0 to 12.9, drivers of branch 367 to 580, PyTorch 2.14.0 (CUDA 12.6), TensorFlow ...":
/// the newest releases of the frameworks whose packages have code for the card. Nothing for a
/// compute capability that the tables do not know.
std::optional<std::string> what_runs(const compat::Tables& tables,
                                     std::string_view compute_capability);

/// Which drivers drive a card.
struct DriverNeed {
  std::string architecture;          ///< "Blackwell"
  std::optional<std::string> first;  ///< the lowest driver ("570.26")
  std::optional<std::string> last;   ///< the last branch ("470"); nothing: all new ones do
  /// Turing brought the processor that the open kernel modules need, and from Blackwell on the
  /// driver has no others (NVIDIA Driver Installation Guide, "Kernel Modules").
  enum class Modules { kAny, kOpen, kProprietary } modules = Modules::kAny;
};
std::optional<DriverNeed> driver_need(const compat::Tables& tables,
                                      std::string_view compute_capability);

/// The long-term or production branch that drives all those cards and is maintained longest after
/// `month` ("2026-11"); where the cards' branches have ended the last that drives them.
std::optional<std::string> branch_to_choose(const compat::Tables& tables,
                                            const std::vector<DriverNeed>& needs,
                                            std::string_view month);

/// Why a driver of this version does not drive the card ("branch 470 was the last for it"), or
/// nothing. `flavor`: "open" or "proprietary" (host::Facts::module_flavor).
std::optional<std::string> why_not_driven(const compat::Tables& tables,
                                          std::string_view compute_capability,
                                          std::string_view driver, std::string_view flavor);

/// How the driver's branch ended, if it did before `month` ("2026-11"): "ended in 2026-06". NVIDIA
/// names no month for a new-feature branch: it ends when the next branch appears.
std::optional<std::string> branch_ended(const compat::Tables& tables, std::string_view driver,
                                        std::string_view month);

/// The month until which the tables say that a branch is maintained.
std::optional<std::string> branch_end(const compat::Tables& tables, std::string_view branch);

}  // namespace outboard::doctor
