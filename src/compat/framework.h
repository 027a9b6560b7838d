// SPDX-License-Identifier: Apache-2.0
// Does a release of a framework run on a driver and a GPU? From the tables of its published
// packages: which CUDA and cuDNN it was built with, for which GPUs it has code, and which other
// releases would run instead.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compat/gpu_code.h"
#include "compat/tables.h"
#include "compat/verdict.h"

namespace outboard::compat {

enum class Framework { kPytorch, kTensorflow, kJax, kMxnet };

/// "PyTorch", "TensorFlow", "JAX", "MXNet".
std::string_view framework_name(Framework framework);
/// By name or package ("torch", "pytorch", "tensorflow-gpu", "jaxlib", "mxnet-cu112"), in any case.
std::optional<Framework> framework_of(std::string_view name);

/// A package of a framework for one CUDA version.
struct FrameworkBuild {
  std::string first;           ///< the first release that it stands for (JAX's rows are ranges)
  std::string version;         ///< the last: "2.9.1"
  std::string cuda;            ///< release that it was built with, "12.8"
  bool cuda_or_newer = false;  ///< any later one of the same major version will do (JAX)
  std::string cudnn;           ///< "9.10.2.21"; may be empty
  std::string python;          ///< "3.10-3.14,3.14t"; may be empty
  std::string architectures;   ///< GpuCode's list; empty: not known
  std::string install;         ///< the command that installs it; empty: there is none
  bool is_default = false;     ///< what the plain package name gives
  bool is_doubtful = false;    ///< whether it was published is not confirmed
  std::string confidence, source;
  /// Of `architectures`; empty: `confidence` and `source` are theirs, too.
  std::string architectures_confidence, architectures_source;
};

/// All of a framework, oldest first.
std::vector<FrameworkBuild> framework_builds(const Tables& tables, Framework framework);

struct FrameworkWish {
  Framework framework = Framework::kPytorch;
  /// "2.9", "2.9.1", "2.9.1+cu128": a release alone means its newest, what follows the numbers
  /// ("2.9.0a0+145a3a7bda.nv25.10") is dropped, "+cu128" is the CUDA version if `cuda` is empty.
  std::string version;
  std::string cuda;    ///< "12.8", "12" for any of that major version; empty: the default one
  std::string python;  ///< "3.12"; empty: any
};

struct FrameworkAnswer {
  /// What the answer is about; nothing if the tables do not have it (then the verdict is kUnknown,
  /// or that of `wish.cuda` alone).
  std::optional<FrameworkBuild> build;
  std::string version;  ///< the release that is meant; empty without `build`
  GpuCode code = GpuCode::kUnknown;
  /// As of judge_toolkit. kNo: no code for this GPU, no package for this Python, built for no CUDA,
  /// or a driver that is too old. The ways out name releases to choose, with the command to install
  /// them.
  Judgement judgement;
};

FrameworkAnswer judge_framework(const Tables& tables, const FrameworkWish& wish,
                                const DriverTraits& driver, const GpuTraits& gpu);

}  // namespace outboard::compat
