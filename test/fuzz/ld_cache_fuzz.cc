// SPDX-License-Identifier: Apache-2.0
// ld.so.cache: a file of an image (it starts as one), or a description of one with what is to be
// merged into it, one item a line:
//   FLAGS HWCAP SONAME PATH   an entry, numbers in hexadecimal
//   + SONAME PATH             a library of the driver
//   - PATH                    a path that an earlier run added
//   h NAME, g TEXT            a name of a glibc-hwcaps directory; the generator
// What is written again must mean the same to us, to ldconfig and to the loader, and after merging
// the loader must find the driver's libraries and no others of their names.
#include <algorithm>
#include <tuple>

#include "base/text.h"
#include "elf/ld_cache.h"
#include "glibc_reads.h"
#include "require.h"

using namespace outboard;
using namespace outboard::fuzz;
using namespace outboard::elf;

namespace {

struct Case {
  LdCache cache;
  std::vector<LdCacheAddition> ours;
  std::vector<std::string> earlier;
};

// Where nothing lies, so that the loader opens nothing.
std::string nowhere(std::string_view path) {
  return cat("/nowhere/", path);
}

Case described(std::string_view text) {
  Case made;
  for (const std::string& line : lines_of(text)) {
    auto parts = words(std::string_view(line).substr(0, line.find('\0')));
    if (parts.size() < 2) continue;
    std::string last = nowhere(parts.back());
    if (parts[0] == "+" && parts.size() == 3) {
      made.ours.push_back({std::string(parts[1]), last, kLdFlagsX86_64});
    } else if (parts[0] == "-") {
      made.earlier.push_back(last);
    } else if (parts[0] == "h") {
      made.cache.hwcaps.emplace_back(parts[1]);
    } else if (parts[0] == "g") {
      made.cache.generator = std::string(parts[1]);
    } else if (parts.size() == 4) {
      auto flags = parse_number<uint32_t>(parts[0], 16);
      auto hwcap = parse_number<uint64_t>(parts[1], 16);
      if (flags && hwcap)
        made.cache.entries.push_back(
            {static_cast<int32_t>(*flags), std::string(parts[2]), last, 0, *hwcap});
    }
  }
  return made;
}

auto order(const LdCacheEntry& entry) {
  return std::tie(entry.soname, entry.path, entry.flags, entry.hwcap, entry.os_version);
}

std::vector<LdCacheEntry> ordered(std::vector<LdCacheEntry> entries) {
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return order(a) < order(b); });
  return entries;
}

bool plain(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return c > ' ' && c < '\x7f' && c != ':'; });
}

void check_ldconfig(const std::string& bytes, const LdCache& cache) {
  for (const LdCacheEntry& entry : cache.entries) {
    if (!plain(entry.soname) || !plain(entry.path)) return;
  }
  auto printed = printed_by_ldconfig(bytes);
  FUZZ_REQUIRE(printed, "ldconfig does not accept the file");
  FUZZ_REQUIRE(printed->size() >= cache.entries.size());
  for (size_t i = 0; i < cache.entries.size(); i++) {
    const std::string& line = (*printed)[i];
    std::string start = cat("\t", cache.entries[i].soname, " (");
    std::string end = cat(") => ", cache.entries[i].path);
    FUZZ_REQUIRE(line.compare(0, start.size(), start) == 0, line, start);
    FUZZ_REQUIRE(
        line.size() >= end.size() && line.compare(line.size() - end.size(), end.size(), end) == 0,
        line, end);
  }
}

void check_loader(const std::string& bytes, const std::vector<LdCacheAddition>& ours) {
  std::vector<std::string> names;
  for (const LdCacheAddition& addition : ours) {
    // A name with a slash is a path, '$' is expanded: neither is looked up.
    if (!plain(addition.soname) || addition.soname.find_first_of("/$") != std::string::npos)
      continue;
    if (addition.path.find('$') != std::string::npos || addition.soname.size() > 200) continue;
    if (std::find(names.begin(), names.end(), addition.soname) == names.end())
      names.push_back(addition.soname);
  }
  if (names.empty()) return;
  auto found = found_by_loader(bytes, names);
  if (!found) return;
  for (size_t i = 0; i < names.size(); i++) {
    bool ok = std::any_of(ours.begin(), ours.end(), [&](const LdCacheAddition& addition) {
      return compare_ld_sonames(addition.soname, names[i]) == 0 && addition.path == (*found)[i];
    });
    FUZZ_REQUIRE(ok, cat(names[i], " is found at ", (*found)[i]));
  }
}

void check_written(const LdCache& cache, std::string_view input) {
  std::string bytes = serialise_ld_cache(cache);
  auto again = parse_ld_cache(bytes);
  FUZZ_REQUIRE(again, again ? "" : again.error().text);
  FUZZ_REQUIRE(ordered(again->entries) == ordered(cache.entries));
  FUZZ_REQUIRE(again->hwcaps == cache.hwcaps && again->generator == cache.generator);
  FUZZ_REQUIRE(serialise_ld_cache(*again) == bytes);
  for (size_t i = 1; i < again->entries.size(); i++)
    FUZZ_REQUIRE(compare_ld_sonames(again->entries[i - 1].soname, again->entries[i].soname) <= 0,
                 again->entries[i - 1].soname, again->entries[i].soname);
  if (one_in(256, input)) check_ldconfig(bytes, *again);
}

void check_merged(const LdCache& cache, const std::vector<LdCacheAddition>& ours,
                  const std::vector<std::string>& earlier, std::string_view input) {
  LdCache merged = merge_ld_cache(cache, ours, earlier);
  std::vector<std::string> paths;
  for (const LdCacheAddition& addition : ours) {
    paths.push_back(addition.path);
    LdCacheEntry entry{addition.flags, addition.soname, addition.path, 0, 0};
    FUZZ_REQUIRE(std::count(merged.entries.begin(), merged.entries.end(), entry) == 1);
  }
  for (const LdCacheEntry& entry : merged.entries) {
    bool is_ours = std::find(paths.begin(), paths.end(), entry.path) != paths.end();
    bool was_there =
        std::find(cache.entries.begin(), cache.entries.end(), entry) != cache.entries.end();
    FUZZ_REQUIRE(is_ours || was_there, entry.path);
    if (!is_ours)
      FUZZ_REQUIRE(std::find(earlier.begin(), earlier.end(), entry.path) == earlier.end());
  }
  std::string once = serialise_ld_cache(merged);
  // Where the image has a library of another name at one of our places, that entry goes with ours.
  bool places_are_free =
      std::none_of(merged.entries.begin(), merged.entries.end(), [&](const LdCacheEntry& entry) {
        return std::find(paths.begin(), paths.end(), entry.path) != paths.end() &&
               std::find(cache.entries.begin(), cache.entries.end(), entry) != cache.entries.end();
      });
  if (places_are_free)
    FUZZ_REQUIRE(serialise_ld_cache(merge_ld_cache(merged, ours, paths)) == once);
  FUZZ_REQUIRE(serialise_ld_cache(merge_ld_cache(merged, ours, {})) == once);
  check_written(merged, input);
  if (one_in(64, input)) check_loader(once, ours);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input = text_of(data, size);
  if (input.substr(0, 5) != "glibc" && input.substr(0, 5) != "ld.so") {
    Case made = described(input);
    check_written(made.cache, input);
    check_merged(made.cache, made.ours, made.earlier, input);
    return 0;
  }
  auto cache = parse_ld_cache(input);
  size_t scanned = 0;
  auto scan = scan_ld_cache(input, [&](const LdCacheEntryView&) {
    scanned++;
    return true;
  });
  FUZZ_REQUIRE(scan.has_value() == cache.has_value());
  if (!cache) {
    FUZZ_REQUIRE(cache.error().code == ErrorCode::kConflict ||
                 cache.error().code == ErrorCode::kUnsupported);
    require_readable(cache.error());
    return 0;
  }
  FUZZ_REQUIRE(scanned == cache->entries.size());
  check_written(*cache, input);
  std::vector<LdCacheAddition> ours = {{"libcuda.so.1", "/nowhere/libcuda.so.1", kLdFlagsX86_64}};
  std::vector<std::string> earlier;
  if (!cache->entries.empty()) {
    // The first name of the file becomes one of the driver's; the last was added by an earlier run.
    ours.push_back({cache->entries.front().soname, "/nowhere/first", kLdFlagsX86_64});
    earlier.push_back(cache->entries.back().path);
  }
  check_merged(*cache, ours, earlier, input);
  return 0;
}
