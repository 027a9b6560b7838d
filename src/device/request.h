// SPDX-License-Identifier: Apache-2.0
// What somebody asked for, before it is known whether it exists: the syntax of --gpus (ours and
// Docker's) and of NVIDIA_VISIBLE_DEVICES and NVIDIA_DRIVER_CAPABILITIES.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace outboard::device {

/// Driver capabilities, a set of bits. Names as in NVIDIA_DRIVER_CAPABILITIES.
enum class Capability : uint8_t {
  kCompute = 1,
  kUtility = 2,
  kVideo = 4,
  kGraphics = 8,
  kDisplay = 16,
  kNgx = 32,
  kCompat32 = 64,
};

struct Capabilities {
  uint8_t bits = 0;

  bool has(Capability c) const { return (bits & static_cast<uint8_t>(c)) != 0; }
  void add(Capability c) { bits = static_cast<uint8_t>(bits | static_cast<uint8_t>(c)); }
  bool operator==(const Capabilities&) const = default;
};

constexpr Capabilities kDefaultCapabilities{3};  ///< utility,compute
constexpr Capabilities kAllCapabilities{127};

/// A comma list of capability names or "all"; an empty list gives the default. Unknown names are
/// all reported in one error, in the words of NVIDIA's toolkit, which scripts look for.
Result<Capabilities> parse_capabilities(std::string_view list);
/// "compute,utility"; "all" for all of them.
std::string capabilities_text(Capabilities capabilities);

struct Request {
  enum class Kind {
    kNothing,     ///< no GPU and no driver files ("void")
    kDriverOnly,  ///< driver files and control nodes, no GPU ("none")
    kAll,
    kCount,  ///< the first `count` GPUs
    kNames,
  };
  Kind kind = Kind::kNothing;
  uint32_t count = 0;
  std::vector<std::string>
      names;  ///< index, UUID or a prefix of it, PCI bus id, "0:1", MIG UUID, "mig=PROFILE[:COUNT]"
  Capabilities capabilities = kDefaultCapabilities;
  bool optional = false;  ///< --gpus optional: where there is no GPU, run without

  bool operator==(const Request&) const = default;
};

/// --gpus: "all", "none", a count ("2"), names ("0,2", "GPU-8f3a", "0000:65:00.0", "0:1",
/// "mig=1g.10gb:2"), Docker's "device=0,2", "device=0,2,capabilities=compute", with or without its
/// inner quotes; "count=2"; "optional" and "optional:SPEC". A bare number is a count, as with
/// docker; "device=N" is an index; a comma list of numbers is a list of indices.
Result<Request> parse_gpus_option(std::string_view text);

/// NVIDIA_VISIBLE_DEVICES: "", "void" (anywhere in the list), "none", "all", or a comma list of
/// names; "nvidia.com/gpu=NAME" is NAME.
Request parse_visible_devices(std::string_view text);

}  // namespace outboard::device
