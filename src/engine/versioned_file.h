// SPDX-License-Identifier: Apache-2.0
// Versions that stand in the names of an image's files: libraries, driver libraries, packages of
// Python (PEP 376, PEP 440) and conda. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace outboard::engine {

/// A library or package with its version: "libcudart" 12.8.90, "torch" 2.9.0+cu128.
struct VersionedFile {
  std::string name;
  std::string version;
  std::string path;
};

/// What a path in an image says; nothing for most, and for versions that are none. Names:
/// libcudart, libcudnn, libcublas, libnccl; torch, tensorflow, jaxlib, mxnet as packages; "driver"
/// and "compat" for libraries of a driver.
std::optional<VersionedFile> versioned_file(std::string_view path);

/// As far as its characters go: PEP 440 has epochs, local versions and names of stages.
bool is_python_version(std::string_view text);

}  // namespace outboard::engine
