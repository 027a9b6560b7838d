// SPDX-License-Identifier: Apache-2.0
// What this process may do to the machine.
#pragma once

namespace outboard {

/// True for root in the first user namespace.
bool is_real_root();

}  // namespace outboard
