// SPDX-License-Identifier: Apache-2.0
// The container's /etc/ld.so.cache with the driver's libraries in it, so that programs which ask
// `ldconfig -p` find them and an image's own libcuda never wins. The loader itself finds default
// directories without the cache.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/root.h"
#include "plan/plan.h"

namespace outboard::app {

/// The image's cache (empty text: it has none) with the plan's entries merged in; entries of an
/// earlier run (`earlier`: paths) and all other libraries of the same SONAME and ABI are gone. A
/// cache that cannot be read is replaced by ours alone.
std::string merged_cache(std::string_view image_cache, const plan::Plan& plan,
                         const std::vector<std::string>& earlier);

/// Writes the merged cache into the root, if the root is a mount of its own that can be written;
/// else into `fallback_directory` (the bundle), and returns that file's path to be bind-mounted. An
/// empty result: it is in the root.
Result<std::string> place_cache(const Root& root, const plan::Plan& plan,
                                const std::vector<std::string>& earlier,
                                const std::string& fallback_directory);

/// Takes away what a place_cache that was killed left in the root.
void remove_cache_leftovers(const Root& root);

/// Writes the plan's small files into `directory` (the bundle); their paths, in their order.
Result<std::vector<std::string>> place_files(const plan::Plan& plan, const std::string& directory);

/// True if the directory is the top of a mount (an engine's overlay) and not the host's own root,
/// so that nobody else sees what is written there.
bool is_own_mount(const Root& root);
bool is_read_only(const Root& root);

}  // namespace outboard::app
