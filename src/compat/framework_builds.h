// SPDX-License-Identifier: Apache-2.0
// The cells of the framework tables read: ranges of versions, lists of CUDA and Python versions.
#pragma once

#include <string>
#include <string_view>

#include "compat/framework.h"

namespace outboard::compat {

/// "2.9.0" of "2.9.0a0+145a3a7bda.nv25.10": the numbers at its beginning.
std::string plain_version(std::string_view version);
/// "12.8" of "2.9.1+cu128"; empty where there is none.
std::string cuda_of_local_version(std::string_view version);

/// What a release is for that never uses CUDA: "the CPU alone" of "2.9.1+cpu", "AMD's ROCm" of
/// "2.9.1+rocm6.4"; empty for others.
std::string other_platform(std::string_view version);

/// Is it one of the releases that the build stands for? "2.9" is only where there is no patch.
bool covers(const FrameworkBuild& build, std::string_view version);
/// Does its first or last release begin with these numbers ("2.9", "2"), or do they lie between?
bool is_of_release(const FrameworkBuild& build, std::string_view release);
/// `cuda`: "12.8", or "12" for any of that major version.
bool has_cuda(const FrameworkBuild& build, std::string_view cuda);
/// "3.10-3.14,3.14t" has 3.12; an empty list, or text that is none, has all.
bool has_python(std::string_view list, std::string_view python);

/// The command that installs `version` of the build; empty if there is none.
std::string install_command(const FrameworkBuild& build, std::string_view version);

}  // namespace outboard::compat
