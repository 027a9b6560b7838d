// SPDX-License-Identifier: Apache-2.0
// Does a CUDA version run on a driver and a GPU? NVIDIA's rules (docs.nvidia.com/deploy/
// cuda-compatibility, edition R615): a driver runs every older toolkit; from CUDA 11 on, every
// toolkit of the same major version (minor-version compatibility); a newer one with the libraries
// of a cuda-compat package where the support matrix allows it (forward compatibility). And the GPU
// must be one that both know.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compat/gpu_class.h"
#include "compat/gpu_code.h"
#include "compat/requirement.h"
#include "compat/tables.h"

namespace outboard::compat {

enum class Verdict {
  kNo,
  kUnknown,  ///< a version is newer than the tables: it may run, nothing forbids it
  kForward,  ///< with the libraries of a cuda-compat package alone
  kMinor,    ///< minor-version compatibility: code for this GPU runs, see Judgement::missing
  kFull,
};

/// "full", "minor", "forward", "unknown", "no".
std::string_view verdict_name(Verdict verdict);

/// The highest CUDA version of a driver, from the tables (which may have been extended).
std::optional<KnownVersion> cuda_of_driver(const Tables& tables, std::string_view driver);

/// What is known of a container's libraries of a cuda-compat package.
enum class ForwardLibraries {
  kOpen,    ///< nothing: they may be there, and count where the support matrix allows them
  kNone,    ///< there are none that would do
  kOff,     ///< they are not used
  kForced,  ///< they may be there, and count whatever the matrix says
};

struct DriverTraits {
  std::string version;               ///< "535.104.05"
  std::optional<KnownVersion> cuda;  ///< what it reports; nothing: by its branch
  ForwardLibraries forward = ForwardLibraries::kOpen;
};

struct Judgement {
  Verdict verdict = Verdict::kUnknown;
  std::string reason;                 ///< one sentence, with the versions
  std::vector<std::string> missing;   ///< what does not work under kMinor; warnings of any kind
  std::vector<std::string> ways_out;  ///< each with the versions to choose; empty for kFull
  std::string source;                 ///< of the row that decided
};

/// How a way out begins that names a CUDA image.
constexpr std::string_view kImageWay = "an image of CUDA ";

/// `toolkit`: "12.8" or "12.8.1" (a release means its first version). `code`: what the program that
/// was built with it has for this GPU; kNone does not decide here (the caller knows the program).
Judgement judge_toolkit(const Tables& tables, std::string_view toolkit, const DriverTraits& driver,
                        const GpuTraits& gpu, GpuCode code = GpuCode::kUnknown);

/// The lowest driver with full support of a toolkit ("570.26"), the lowest with minor-version
/// compatibility; nothing for an unknown release.
std::optional<std::string> full_driver(const Tables& tables, std::string_view toolkit);
std::optional<std::string> minor_driver(const Tables& tables, std::string_view toolkit);

struct DriverToInstall {
  std::string text;   ///< "driver 570.26 or newer, for example of branch 580 (long-term support)"
  bool none = false;  ///< no driver makes the toolkit run on the card; `text` says why
};
/// For a machine that has no driver yet. `compute_capability`: empty if it is not known; then the
/// toolkit alone decides, and nothing is said of minor-version compatibility.
DriverToInstall driver_to_install(const Tables& tables, std::string_view toolkit,
                                  std::string_view compute_capability);

}  // namespace outboard::compat
