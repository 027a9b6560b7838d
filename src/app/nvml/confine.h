// SPDX-License-Identifier: Apache-2.0
// What the process may still do while it runs a library that is not ours. NVML is large, closed and
// talks to a kernel driver; a fault in it, or a file in its place, must not become root's.
#pragma once

#include <string>

#include "base/result.h"

namespace outboard::app {

/// Gives up, for good, all that NVML has no use for:
/// - the user root, if `library` and the driver's nodes in `dev_root` (/dev) can be opened by user
///   65534 (their usual modes, 0755 and 0666); else root stays without any capability but that to
///   read (CAP_DAC_READ_SEARCH);
/// - other descriptors than 0, 1 and 2, the working directory, core dumps, ever gaining privileges;
/// - programs, processes, namespaces, mounts, changes of the file tree, signals to others, sockets
///   other than local ones, and interfaces into the kernel that need privileges anyway (seccomp;
///   each fails with EPERM, which NVML survives);
/// - memory (1 GiB of its own, 16 GiB of addresses), processor time (120 s), writing to files.
/// It ends with its parent. A kernel without seccomp is no error.
Result<void> confine(const std::string& library, const std::string& dev_root);

}  // namespace outboard::app
