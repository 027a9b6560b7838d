// SPDX-License-Identifier: Apache-2.0
#include "elf/ld_cache.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <tuple>

#include "base/files.h"
#include "base/process.h"
#include "test/scratch.h"

using namespace outboard;
using namespace outboard::elf;

namespace {

std::string ldconfig() {
  auto path = find_program("ldconfig", &system_program_directories());
  REQUIRE(path);
  return *path;
}

std::string printed_by_ldconfig(const std::string& cache_file) {
  auto output = run_captured({{ldconfig(), "-p", "-C", cache_file}});
  REQUIRE(output);
  REQUIRE(output->status.success());
  // The first line counts the libraries and names the file.
  std::string text = output->out;
  text.replace(text.find(cache_file), cache_file.size(), "FILE");
  return text;
}

using test::Scratch;

// A cache made by the machine's own ldconfig, with CPU specific subdirectories.
std::string cache_by_ldconfig(const Scratch& scratch) {
  std::string lib = scratch.path + "/lib";
  REQUIRE(make_directories(lib + "/glibc-hwcaps/x86-64-v2"));
  REQUIRE(make_directories(lib + "/glibc-hwcaps/x86-64-v3"));
  auto library = read_file("/lib/x86_64-linux-gnu/libc.so.6", 1U << 28);
  if (!library) library = read_file("/lib64/libc.so.6", 1U << 28);
  if (!library) library = read_file("/lib/aarch64-linux-gnu/libc.so.6", 1U << 28);
  REQUIRE(library);
  for (const char* directory : {"", "/glibc-hwcaps/x86-64-v2", "/glibc-hwcaps/x86-64-v3"})
    REQUIRE(replace_file(lib + directory + "/libc.so.6", *library, {.mode = 0755}));
  REQUIRE(replace_file(scratch.path + "/conf", lib + "\n"));
  std::string file = scratch.path + "/made";
  auto output = run_captured({{ldconfig(), "-X", "-f", scratch.path + "/conf", "-C", file}});
  REQUIRE(output);
  INFO(output->err);
  REQUIRE(output->status.success());
  auto bytes = read_file(file);
  REQUIRE(bytes);
  return *bytes;
}

// Another order, in which only entries that the format cannot tell apart keep theirs.
LdCache disordered(LdCache cache) {
  std::stable_sort(cache.entries.begin(), cache.entries.end(), [](const auto& a, const auto& b) {
    return std::tie(a.soname, a.flags, a.hwcap) < std::tie(b.soname, b.flags, b.hwcap);
  });
  return cache;
}

LdCache small_cache() {
  LdCache cache;
  cache.entries = {{0x0303, "libz.so.1", "/lib/libz.so.1", 0, 0},
                   {0x0303, "libcuda.so.1", "/usr/local/lib/libcuda.so.1", 0, 0},
                   {0x0003, "libcuda.so.1", "/usr/local/lib32/libcuda.so.1", 0, 0},
                   {0x0303, "libcuda.so.1", "/old/libcuda.so.1", 0, 1},
                   {0x0303, "libnvidia-old.so.1", "/usr/lib/libnvidia-old.so.1", 0, 0}};
  return cache;
}

}  // namespace

TEST_CASE("sonames order as glibc orders them") {
  CHECK(compare_ld_sonames("libb.so", "liba.so") < 0);
  CHECK(compare_ld_sonames("libx.so.10", "libx.so.9") < 0);
  CHECK(compare_ld_sonames("libx.so.01", "libx.so.1") == 0);
  CHECK(compare_ld_sonames("lib1.so", "liba.so") < 0);
  CHECK(compare_ld_sonames("libx.so", "libx.so.1") > 0);
  CHECK(compare_ld_sonames("libx.so.4294967297", "libx.so.1") == 0);  // glibc's int wraps
}

TEST_CASE("a cache of ldconfig keeps its meaning and its order") {
  Scratch scratch;
  std::string bytes = cache_by_ldconfig(scratch);
  auto cache = parse_ld_cache(bytes);
  REQUIRE(cache);
  CHECK(cache->entries.size() >= 3);
  REQUIRE(cache->generator);
  CHECK(cache->hwcaps == std::vector<std::string>{"x86-64-v2", "x86-64-v3"});

  std::string ours = serialise_ld_cache(disordered(*cache));
  auto again = parse_ld_cache(ours);
  REQUIRE(again);
  CHECK((*again == *cache));
  REQUIRE(replace_file(scratch.path + "/ours", ours));
  CHECK(
      (printed_by_ldconfig(scratch.path + "/ours") == printed_by_ldconfig(scratch.path + "/made")));
}

TEST_CASE("the machine's own cache survives") {
  auto bytes = read_file("/etc/ld.so.cache");
  if (!bytes) {
    MESSAGE("no /etc/ld.so.cache on this machine");
    return;
  }
  auto cache = parse_ld_cache(*bytes);
  REQUIRE(cache);
  std::string ours = serialise_ld_cache(disordered(*cache));
  Scratch scratch;
  REQUIRE(replace_file(scratch.path + "/ours", ours));
  CHECK((printed_by_ldconfig(scratch.path + "/ours") == printed_by_ldconfig("/etc/ld.so.cache")));
}

TEST_CASE("merging replaces by soname and ABI") {
  LdCache merged =
      merge_ld_cache(small_cache(), {{"libcuda.so.1", "/usr/lib/libcuda.so.1", kLdFlagsX86_64}},
                     {"/usr/lib/libnvidia-old.so.1"});
  std::vector<LdCacheEntry> expected = {
      {0x0303, "libz.so.1", "/lib/libz.so.1", 0, 0},
      {0x0003, "libcuda.so.1", "/usr/local/lib32/libcuda.so.1", 0, 0},
      {0x0303, "libcuda.so.1", "/usr/lib/libcuda.so.1", 0, 0}};
  CHECK(merged.entries == expected);
}

TEST_CASE("merging replaces what the loader takes for the same name") {
  LdCache image;
  for (const char* soname : {"libcuda.so.01", "libcuda.so.4294967297", "libcuda.so.11",
                             "libcuda.so.1.0", "libcuda.so.00000000000000000001"})
    image.entries.push_back({0x0303, soname, std::string("/image/") + soname, 0, 0});
  LdCache merged = merge_ld_cache(image, {{"libcuda.so.1", "/usr/lib/libcuda.so.1"}}, {});
  REQUIRE(merged.entries.size() == 3);
  CHECK(merged.entries[0].soname == "libcuda.so.11");
  CHECK(merged.entries[1].soname == "libcuda.so.1.0");
}

TEST_CASE("entries that share one long text do not fill the memory") {
  LdCache cache;
  cache.entries = {{0x0303, std::string(5000, 'a'), "/lib/a", 0, 0}};
  CHECK_FALSE(parse_ld_cache(serialise_ld_cache(cache)));
  constexpr uint32_t kCount = 100'000;
  const std::string name(4000, 'a');
  cache.entries = {{0x0303, name, name, 0, 0}};
  std::string one = serialise_ld_cache(cache);
  std::string bytes = one.substr(0, 48);
  std::memcpy(bytes.data() + 20, &kCount, 4);
  std::string entry = one.substr(48, 24);
  const uint32_t text = 48 + kCount * 24;
  std::memcpy(entry.data() + 4, &text, 4);
  std::memcpy(entry.data() + 8, &text, 4);
  for (uint32_t i = 0; i < kCount; i++) bytes += entry;
  bytes += name + '\0';
  auto parsed = parse_ld_cache(bytes);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().text == "read ld.so.cache: its names overlap");
}

TEST_CASE("merging twice is merging once") {
  std::vector<LdCacheAddition> ours = {{"libcuda.so.1", "/usr/lib/libcuda.so.1", kLdFlagsX86_64},
                                       {"libcuda.so.1", "/usr/lib/libcuda.so.1", kLdFlagsX86_64},
                                       {"libcuda.so.1", "/usr/lib32/libcuda.so.1", kLdFlagsI386}};
  LdCache once = merge_ld_cache(small_cache(), ours, {});
  CHECK(once.entries.size() == 4);
  LdCache twice = merge_ld_cache(once, ours, {"/usr/lib/libcuda.so.1", "/usr/lib32/libcuda.so.1"});
  CHECK(serialise_ld_cache(twice) == serialise_ld_cache(once));
}

TEST_CASE("an image without a cache gets one that ldconfig can print") {
  Scratch scratch;
  LdCache merged = merge_ld_cache({}, {{"libcuda.so.1", "/usr/lib/libcuda.so.1"}}, {});
  REQUIRE(replace_file(scratch.path + "/ours", serialise_ld_cache(merged)));
  std::string printed = printed_by_ldconfig(scratch.path + "/ours");
  CHECK(printed.find("libcuda.so.1 (libc6,x86-64) => /usr/lib/libcuda.so.1") != std::string::npos);
}

TEST_CASE("a libc5 part in front is skipped") {
  std::string bytes = serialise_ld_cache(small_cache());
  std::string old("ld.so-1.7.0\0\1\0\0\0", 16);
  old.append(12, '\0');  // one entry
  old.append(4, '\0');   // alignment
  auto cache = parse_ld_cache(old + bytes);
  REQUIRE(cache);
  CHECK(cache->entries.size() == 5);
  auto alone = parse_ld_cache(old);
  REQUIRE_FALSE(alone);
  CHECK(alone.error().code == ErrorCode::kUnsupported);
}

TEST_CASE("broken caches are refused") {
  std::string good = serialise_ld_cache(small_cache());
  for (size_t length = 0; length < good.size(); length++)
    CHECK_FALSE(parse_ld_cache(std::string_view(good).substr(0, length)));
  auto changed = [&](size_t offset, uint32_t value) {
    std::string bytes = good;
    std::memcpy(bytes.data() + offset, &value, sizeof value);
    return parse_ld_cache(bytes);
  };
  CHECK_FALSE(changed(20, 0xffffffff));      // number of entries
  CHECK_FALSE(changed(48 + 4, 0xfffffff0));  // soname of the first
  CHECK_FALSE(changed(28, 3));               // big-endian
  // A broken extension is ignored, as the loader does.
  for (uint32_t offset : {1U, 4U, 0xfffffffcU}) {
    auto cache = changed(32, offset);
    REQUIRE(cache);
    CHECK(cache->hwcaps.empty());
  }
}

TEST_CASE("a damaged extension never leads outside") {
  LdCache cache = small_cache();
  cache.hwcaps = {"x86-64-v2", "x86-64-v3"};
  cache.generator = "ldconfig";
  std::string good = serialise_ld_cache(cache);
  uint32_t start;
  std::memcpy(&start, good.data() + 32, 4);
  REQUIRE(parse_ld_cache(good)->hwcaps == cache.hwcaps);
  for (size_t offset = start; offset + 4 <= good.size(); offset += 4) {
    for (uint32_t value : {0U, 0x7fffffffU, 0xffffffffU, static_cast<uint32_t>(good.size())}) {
      std::string bytes = good;
      std::memcpy(bytes.data() + offset, &value, sizeof value);
      auto read = parse_ld_cache(bytes);
      REQUIRE(read);
      CHECK(read->entries.size() == 5);
    }
  }
}
