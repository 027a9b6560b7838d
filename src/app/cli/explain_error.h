// SPDX-License-Identifier: Apache-2.0
// outboard explain --error: what an error text of Docker, Podman, NVIDIA's toolkit, CUDA or NVML
// means.
#pragma once

#include <string>

#include "base/options.h"
#include "base/result.h"

namespace outboard::cli {

/// The words of `explain` are an error text and no image: several words, a word with blanks, "-", a
/// number of up to four digits, or a name with upper case that no image can have.
bool is_error_text(const Parsed& parsed);

/// Prints the explanation. 0 if the text is known; else 1, with an Error (kNotFound) or, for
/// --json, a document without matches. kUsage for text that is empty, binary or too long.
Result<int> explain_error(const Parsed& parsed);

}  // namespace outboard::cli
