// SPDX-License-Identifier: Apache-2.0
// Which driver to install on a machine that has none, for the cards on its bus and a CUDA version.
#pragma once

#include <string>

#include "app/image_evidence.h"
#include "compat/tables.h"
#include "host/facts.h"

namespace outboard::app {

struct DriverAdvice {
  /// "for CUDA 12.8 on H200 SXM 141GB: driver 570.26 or newer, ...", with each model on the bus;
  /// empty: there is a driver, or no card.
  std::string text;
  bool none = false;  ///< no driver will do on any of the cards
};

/// `cuda`: of `image`. A package of a framework in it without code for a card is told in place of
/// a driver.
DriverAdvice driver_advice(const host::Facts& facts, const ImageEvidence& image,
                           const CudaSign& cuda, const compat::Tables& tables);

}  // namespace outboard::app
