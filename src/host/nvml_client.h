// SPDX-License-Identifier: Apache-2.0
// Asks NVML without loading it: the helper program outboard-nvml does that in a process of its own,
// which may crash or hang (initialising NVML takes 0.1 s for every GPU, and minutes with a broken
// one). Its answer is kept for the rest of the boot.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "host/facts.h"

namespace outboard::host {

struct NvmlOptions {
  /// Absolute path of the helper program. Empty: ../libexec/outboard/outboard-nvml beside the
  /// directory of this program.
  std::string helper;
  /// Where nvml.json is kept. It is believed only if it and the file belong to root or to this
  /// process's user and nobody else may write them. A user who may not write there has
  /// $XDG_RUNTIME_DIR/outboard too.
  std::string cache_directory = "/run/outboard";
  std::chrono::milliseconds deadline{10'000};
  bool health = false;  ///< ask for NvmlHealth too; that answer is not kept
};

/// Runs the helper on the driver that `facts` describe, with an empty environment, and keeps the
/// answer (a cache that cannot be written is no error). kNotFound: the driver root has no
/// libnvidia-ml. kBusy: no answer before the deadline. kUnsupported: NVML failed (the text is its
/// own), the helper crashed or its answer cannot be read.
Result<NvmlAnswer> query_nvml(const Facts& facts, const NvmlOptions& options);

/// The answer kept earlier in this boot for the same driver, GPUs and MIG layout, or nothing.
/// Whatever is wrong with the cache (missing, not trusted, broken, of another machine) is nothing.
/// Limit: a GPU instance that is destroyed and made again with the same number and another profile
/// between two looks cannot be told from the old one.
Result<std::optional<NvmlAnswer>> cached_nvml(const Facts& facts, const NvmlOptions& options);

/// What the answer depends on: boot, driver, GPUs, MIG layout.
json::Value nvml_cache_key(const Facts& facts);

}  // namespace outboard::host
