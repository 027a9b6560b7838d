// SPDX-License-Identifier: Apache-2.0
// What an image demands of driver and GPU: the expressions of its NVIDIA_REQUIRE_* variables and
// the requirement that CUDA_VERSION implies (labels: image_labels.h). Grammar and meaning are those
// of NVIDIA's own tools (libnvidia-container 1.19):
//
//   EXPRESSION  := ALTERNATIVE { white space ALTERNATIVE }       one of them must hold
//   ALTERNATIVE := CLAUSE { "," CLAUSE }                         all of them must hold
//   CLAUSE      := ("cuda" | "driver" | "arch" | "brand") ("=" | "!=" | "<" | "<=" | ">" | ">=")
//   VALUE
//
// cuda, driver and arch are numbers with dots, compared number by number, missing ones being 0;
// brand knows = and != alone and no case. Names have no case either (images of CUDA 12.3 for arm64
// say CUDA>=12.3). An empty expression demands nothing. All variables must hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "compat/image_flavour.h"

namespace outboard::compat {

enum class Property { kCuda, kDriver, kArch, kBrand };
enum class Operator { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

struct Clause {
  Property property = Property::kCuda;
  Operator op = Operator::kEqual;
  std::string value;  ///< as written

  std::string text() const;
};

struct Requirement {
  std::string origin;  ///< "NVIDIA_REQUIRE_CUDA", "CUDA_VERSION", "label com.nvidia.cuda.version"
  std::string text;    ///< the expression, as written
  std::vector<std::vector<Clause>> alternatives;
};

/// kUsage: not of the grammar; the text shows the place with a caret.
Result<Requirement> parse_requirement(const std::string& origin, std::string_view text);

struct Requirements {
  std::vector<Requirement> all;    ///< in the order of their variables
  std::vector<std::string> notes;  ///< sentences: what was not understood or contradicts itself
  bool disabled = false;           ///< NVIDIA_DISABLE_REQUIRE: `all` is empty
  bool wants_driver = false;       ///< a label says so; only requirements_of_image() knows
  ImageFlavour flavour;            ///< the same
};

/// The demands of "NAME=value" entries; of several equal names the last counts.
/// NVIDIA_DISABLE_REQUIRE (true, 1, t, in any case) takes all away. CUDA_VERSION counts only where
/// NVIDIA_REQUIRE_CUDA is missing. NVIDIA_REQUIRE_JETPACK* is about other things and left alone.
Result<Requirements> requirements_of_environment(const std::vector<std::string>& environment);

/// A version of which only the least is known ("13.3 or newer").
struct KnownVersion {
  std::string text;
  bool at_least = false;
};

/// What is there to meet a demand with. Nothing: unknown.
struct Offer {
  std::optional<KnownVersion> cuda;
  std::optional<std::string> driver;
  std::optional<std::string> arch;   ///< compute capability, "9.0"
  std::optional<std::string> brand;  ///< as NVML names it: "Tesla", "GeForce RTX", "NVIDIA"
  bool has_gpu = true;               ///< false: clauses about arch and brand do not hold
};

enum class Truth { kNo, kUnknown, kYes };

Truth holds(const Clause& clause, const Offer& offer);
Truth holds(const Requirement& requirement, const Offer& offer);

/// True if the answer to `requirement` hangs on the brand, which only NVML knows.
bool depends_on_brand(const Requirement& requirement, const Offer& offer);

/// The lowest CUDA version that an alternative of cuda clauses alone asks for ("12.8"), which is
/// what an image means by its requirement; nothing if there is none.
std::optional<std::string> lowest_cuda(const Requirement& requirement);

/// "12.8" of "12.8.1", "12.0" of "12"; empty if it is no version.
std::string cuda_release(std::string_view version);

/// Orders versions by number, missing numbers being 0: "450" equals "450.0". Both must be versions.
int compare_padded(std::string_view a, std::string_view b);

}  // namespace outboard::compat
