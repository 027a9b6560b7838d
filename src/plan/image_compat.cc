// SPDX-License-Identifier: Apache-2.0
#include "plan/image_compat.h"

#include "base/text.h"
#include "plan/plan.h"

namespace outboard::plan {

// ldconfig lists the directories of ld.so.conf.d in the order of the files' names, and of two
// libraries of one name the first that it read stands first in the cache.
constexpr const char* kConfiguration = "/etc/ld.so.conf.d/00-outboard-cuda-compat.conf";

void prefer_image_compat(Plan& plan, const ImageCompat& compat, const std::string& why) {
  for (const std::string& soname : compat.sonames) {
    std::erase_if(plan.cache, [&](const PlannedCacheEntry& entry) {
      return entry.soname == soname && entry.elf_class == 64;
    });
    plan.cache.push_back({soname, cat(compat.directory, "/", soname), 64});
  }
  plan.files.push_back(
      {kConfiguration, compat.directory + "\n", {"CUDA forward compatibility", why}});
  plan.compat = compat;
  plan.notes.push_back(cat("CUDA forward compatibility: the image's '", printable(compat.directory),
                           "' (", printable(compat.version),
                           ") comes before the host's libcuda: ", why));
}

}  // namespace outboard::plan
