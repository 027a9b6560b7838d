// SPDX-License-Identifier: Apache-2.0
// doc/error-texts.md, from the table of error texts.
#pragma once

#include <span>
#include <string>

#include "compat/error_texts.h"

namespace outboard::compat {

/// The whole document: a table for each program, without Outboard's own messages, which have
/// doc/errors.md.
std::string error_document(std::span<const ErrorText> errors);

}  // namespace outboard::compat
