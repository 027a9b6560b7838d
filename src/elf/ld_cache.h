// SPDX-License-Identifier: Apache-2.0
// Codec of the dynamic loader's /etc/ld.so.cache, format glibc-ld.so.cache1.1 (glibc 2.2 and newer;
// sysdeps/generic/dl-cache.h and elf/cache.c of glibc), with the glibc-hwcaps extension of glibc
// 2.33. Files that carry the libc5 part "ld.so-1.7.0" in front are read; it is not written, as no
// glibc since 2.2 needs it. Pure: bytes in, bytes out; the bytes may come from a hostile image.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace outboard::elf {

/// Flags of an entry: kind of library in the low byte (3: ELF for glibc), ABI in the next.
inline constexpr int32_t kLdFlagsX86_64 = 0x0303;
inline constexpr int32_t kLdFlagsI386 = 0x0003;
inline constexpr int32_t kLdFlagsAarch64 = 0x0a03;
inline constexpr int32_t kLdFlagsArmHardFloat = 0x0903;

/// The flags of a library of that ELF class and machine; nothing for machines that no driver is
/// made for.
std::optional<int32_t> ld_cache_flags(int elf_class, uint16_t machine);

struct LdCacheEntry {
  int32_t flags = 0;
  std::string soname;
  std::string path;
  uint32_t os_version = 0;
  /// Either a bit mask of CPU features or, with bit 62, an index into LdCache::hwcaps.
  uint64_t hwcap = 0;

  bool operator==(const LdCacheEntry&) const = default;
};

struct LdCache {
  std::vector<LdCacheEntry> entries;  ///< in the file's order; serialising sorts
  std::vector<std::string> hwcaps;    ///< names of glibc-hwcaps subdirectories, as indexed
  std::optional<std::string> generator;

  bool operator==(const LdCache&) const = default;
};

/// Hands every entry out without copying; the views live as long as `bytes`. Stops early when
/// `visit` returns false. Errors as parse_ld_cache's.
struct LdCacheEntryView {
  int32_t flags = 0;
  std::string_view soname;
  std::string_view path;
  uint32_t os_version = 0;
  uint64_t hwcap = 0;
};
Result<void> scan_ld_cache(std::string_view bytes,
                           const std::function<bool(const LdCacheEntryView&)>& visit);

/// kConflict: not a cache, or one whose offsets lead outside. kUnsupported: the libc5 format alone,
/// or a big-endian file.
Result<LdCache> parse_ld_cache(std::string_view bytes);

/// The file that ldconfig would write for these entries: same order, as the loader searches by
/// halving.
std::string serialise_ld_cache(const LdCache& cache);

/// The order of sonames in the file: negative if `a` comes after `b` (glibc sorts downwards).
int compare_ld_sonames(std::string_view a, std::string_view b);

struct LdCacheAddition {
  std::string soname;
  std::string path;
  int32_t flags = kLdFlagsX86_64;

  bool operator==(const LdCacheAddition&) const = default;
};

/// An image's cache with a driver's libraries in it. Entries whose path is in `earlier` (added by
/// an earlier run) go first; then, for every addition, every other entry of the same soname (as the
/// loader compares them: "libcuda.so.01" is "libcuda.so.1") and ABI, whatever its CPU features,
/// because the loader would prefer some of them; then ours are added. Doing it twice gives the same
/// as doing it once.
LdCache merge_ld_cache(LdCache image, const std::vector<LdCacheAddition>& ours,
                       const std::vector<std::string>& earlier);

}  // namespace outboard::elf
