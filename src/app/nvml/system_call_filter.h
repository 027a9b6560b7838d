// SPDX-License-Identifier: Apache-2.0
// A list of system calls that fail from now on, in this process and its threads.
#pragma once

#include "base/result.h"

namespace outboard::app {

/// Needs PR_SET_NO_NEW_PRIVS. A kernel without seccomp filters is no error: they are the third
/// fence, after the user and the limits.
Result<void> install_system_call_filter();

}  // namespace outboard::app
