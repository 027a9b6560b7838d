// SPDX-License-Identifier: Apache-2.0
// The file: header (48 bytes), entries (24 bytes each), strings, then optionally the extension
// directory with its sections. Offsets of strings count from the header; offsets of the extension
// count from the start of the file, which differs only behind a libc5 part.
#include "elf/ld_cache.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "elf/elf_file.h"

namespace outboard::elf {

namespace {

constexpr std::string_view kOldMagic = "ld.so-1.7.0";
constexpr std::string_view kMagic = "glibc-ld.so.cache1.1";
constexpr size_t kOldHeaderSize = 16;
constexpr size_t kOldEntrySize = 12;
constexpr size_t kHeaderSize = 48;
constexpr size_t kEntrySize = 24;
constexpr size_t kFlagsOffset = 28;
constexpr size_t kExtensionOffset = 32;
constexpr uint8_t kLittleEndian = 2;
constexpr uint8_t kBigEndian = 3;
constexpr uint32_t kExtensionMagic = 0xeaa42174;
constexpr uint32_t kTagGenerator = 0;
constexpr uint32_t kTagHwcaps = 1;
constexpr uint64_t kHwcapExtension = uint64_t{1} << 62;
constexpr uint64_t kHwcapIsaLevelMask = uint64_t{0x3ff} << 32;

Error broken(std::string_view why) {
  return make_error(ErrorCode::kConflict, cat("read ld.so.cache: ", why));
}

template <typename T>
T take(std::string_view bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

template <typename T>
void put(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

template <typename T>
void put_at(std::string& out, size_t offset, T value) {
  std::memcpy(out.data() + offset, &value, sizeof value);
}

// Many entries of a hostile file can share one long text, whose copies would fill the memory: no
// name is longer than PATH_MAX, and all together are a few hundred kilobytes in the largest real
// files.
constexpr size_t kNameLimit = 4096;
constexpr size_t kNamesLimit = 64U << 20;

std::optional<std::string_view> text_at(std::string_view bytes, uint32_t offset) {
  if (offset >= bytes.size()) return std::nullopt;
  std::string_view rest = bytes.substr(offset, kNameLimit);
  size_t end = rest.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  return rest.substr(0, end);
}

// The part in the new format, header checked.
Result<std::string_view> find_new_part(std::string_view bytes) {
  std::string_view part = bytes;
  if (bytes.substr(0, kOldMagic.size()) == kOldMagic) {
    if (bytes.size() < kOldHeaderSize) return broken("cut off");
    uint64_t end = kOldHeaderSize + uint64_t{take<uint32_t>(bytes, 12)} * kOldEntrySize;
    // Aligned for the new header: to 8 on 64 bit machines, to 4 on i386.
    part = {};
    for (uint64_t start : {(end + 7) & ~uint64_t{7}, (end + 3) & ~uint64_t{3}}) {
      if (start < bytes.size() && bytes.substr(start, kMagic.size()) == kMagic) {
        part = bytes.substr(start);
        break;
      }
    }
    if (part.empty()) {
      return make_error(ErrorCode::kUnsupported,
                        "read ld.so.cache: it holds the format of libc5 alone");
    }
  }
  if (part.substr(0, kMagic.size()) != kMagic) return broken("not a cache of glibc");
  if (part.size() < kHeaderSize) return broken("cut off");
  if ((take<uint8_t>(part, kFlagsOffset) & 3) == kBigEndian)
    return make_error(ErrorCode::kUnsupported, "read ld.so.cache: not little-endian");
  if (take<uint32_t>(part, 20) > (part.size() - kHeaderSize) / kEntrySize)
    return broken("it holds fewer entries than it says");
  return part;
}

// A broken extension is left out, as the loader does.
void read_extension(std::string_view bytes, uint32_t offset, LdCache& cache) {
  if (offset == 0 || offset % 4 != 0 || offset > bytes.size() || bytes.size() - offset < 8) return;
  if (take<uint32_t>(bytes, offset) != kExtensionMagic) return;
  uint32_t count = take<uint32_t>(bytes, offset + 4);
  if (count > (bytes.size() - offset - 8) / 16) return;
  for (uint32_t i = 0; i < count; i++) {
    size_t at = offset + 8 + size_t{i} * 16;
    uint32_t tag = take<uint32_t>(bytes, at);
    uint32_t start = take<uint32_t>(bytes, at + 8);
    uint32_t size = take<uint32_t>(bytes, at + 12);
    if (start > bytes.size() || size > bytes.size() - start) continue;
    if (tag == kTagGenerator) cache.generator = std::string(bytes.substr(start, size));
    if (tag != kTagHwcaps) continue;
    std::vector<std::string> names;
    size_t total = 0;
    for (uint32_t word = 0; word + 4 <= size; word += 4) {
      auto name = text_at(bytes, take<uint32_t>(bytes, start + word));
      if (!name || (total += name->size()) > kNamesLimit) break;
      names.emplace_back(*name);
    }
    if (names.size() == size / 4) cache.hwcaps = std::move(names);
  }
}

bool is_hwcap_index(uint64_t hwcap) {
  return ((hwcap & ~kHwcapIsaLevelMask) >> 32) == (kHwcapExtension >> 32);
}

// glibc's _dl_cache_libcmp: runs of digits compare as numbers (wrapping like its int), and a digit
// is greater than anything else.
int compare_names(const char* a, const char* b) {
  auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  auto number = [&](const char*& text) {
    uint32_t value = 0;
    while (is_digit(*text)) value = value * 10 + static_cast<uint32_t>(*text++ - '0');
    return static_cast<int32_t>(value);
  };
  while (*a != 0) {
    if (is_digit(*a) && is_digit(*b)) {
      int32_t first = number(a), second = number(b);
      if (first != second) return first < second ? -1 : 1;
    } else if (is_digit(*a)) {
      return 1;
    } else if (is_digit(*b)) {
      return -1;
    } else if (*a != *b) {
      return *a - *b;
    } else {
      a++;
      b++;
    }
  }
  return *a - *b;
}

// The name with its numbers written as compare_names reads them: equal for two names that the
// loader takes for the same ("libcuda.so.01"). Nearly every name is written so already; `storage`
// is for the others.
std::string_view as_compared(std::string_view name, std::string& storage) {
  auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  bool same = true;
  for (size_t i = 0; i < name.size() && same;) {
    size_t end = i;
    while (end < name.size() && is_digit(name[end])) end++;
    same = end - i < 10 && (end - i < 2 || name[i] != '0');
    i = std::max(end, i + 1);
  }
  if (same) return name;
  storage.clear();
  for (size_t i = 0; i < name.size();) {
    if (!is_digit(name[i])) {
      storage += name[i++];
      continue;
    }
    uint32_t value = 0;
    while (i < name.size() && is_digit(name[i]))
      value = value * 10 + static_cast<uint32_t>(name[i++] - '0');
    append_piece(storage, value);
  }
  return storage;
}

// compare() in glibc's elf/cache.c.
bool comes_before(const LdCache& cache, const LdCacheEntry& a, const LdCacheEntry& b) {
  int names = compare_names(b.soname.c_str(), a.soname.c_str());
  if (names != 0) return names < 0;
  if (a.flags != b.flags) return a.flags > b.flags;
  bool a_indexed = is_hwcap_index(a.hwcap), b_indexed = is_hwcap_index(b.hwcap);
  if (a_indexed != b_indexed) return a_indexed;
  if (a_indexed) {
    auto name = [&](const LdCacheEntry& entry) -> std::string_view {
      auto index = static_cast<uint32_t>(entry.hwcap);
      return index < cache.hwcaps.size() ? std::string_view(cache.hwcaps[index])
                                         : std::string_view();
    };
    return name(a) < name(b);
  }
  int a_bits = std::popcount(a.hwcap), b_bits = std::popcount(b.hwcap);
  if (a_bits != b_bits) return a_bits > b_bits;
  if (a.hwcap != b.hwcap) return a.hwcap > b.hwcap;
  return a.os_version > b.os_version;
}

}  // namespace

int compare_ld_sonames(std::string_view a, std::string_view b) {
  return compare_names(std::string(b).c_str(), std::string(a).c_str());
}

std::optional<int32_t> ld_cache_flags(int elf_class, uint16_t machine) {
  if (machine == kMachineX86_64 && elf_class == 64) return kLdFlagsX86_64;
  if (machine == kMachine386 && elf_class == 32) return kLdFlagsI386;
  if (machine == kMachineAarch64 && elf_class == 64) return kLdFlagsAarch64;
  if (machine == kMachineArm && elf_class == 32) return kLdFlagsArmHardFloat;
  return std::nullopt;
}

Result<void> scan_ld_cache(std::string_view bytes,
                           const std::function<bool(const LdCacheEntryView&)>& visit) {
  OB_TRY(std::string_view part, find_new_part(bytes));
  uint32_t count = take<uint32_t>(part, 20);
  size_t total = 0;
  for (uint32_t i = 0; i < count; i++) {
    size_t at = kHeaderSize + size_t{i} * kEntrySize;
    auto soname = text_at(part, take<uint32_t>(part, at + 4));
    auto path = text_at(part, take<uint32_t>(part, at + 8));
    if (!soname || !path) return broken("a name lies outside the file or is too long");
    total += soname->size() + path->size();
    if (total > kNamesLimit) return broken("its names overlap");
    LdCacheEntryView entry{take<int32_t>(part, at), *soname, *path, take<uint32_t>(part, at + 12),
                           take<uint64_t>(part, at + 16)};
    if (!visit(entry)) break;
  }
  return {};
}

Result<LdCache> parse_ld_cache(std::string_view bytes) {
  LdCache cache;
  OB_CHECK(scan_ld_cache(bytes, [&](const LdCacheEntryView& entry) {
    cache.entries.push_back({entry.flags, std::string(entry.soname), std::string(entry.path),
                             entry.os_version, entry.hwcap});
    return true;
  }));
  OB_TRY(std::string_view part, find_new_part(bytes));
  read_extension(bytes, take<uint32_t>(part, kExtensionOffset), cache);
  return cache;
}

std::string serialise_ld_cache(const LdCache& cache) {
  std::vector<const LdCacheEntry*> sorted;
  sorted.reserve(cache.entries.size());
  for (const LdCacheEntry& entry : cache.entries) sorted.push_back(&entry);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const auto* a, const auto* b) { return comes_before(cache, *a, *b); });

  // A soname is nearly always the end of its path, and shares its bytes.
  size_t strings_start = kHeaderSize + sorted.size() * kEntrySize;
  std::string strings;
  auto add_string = [&](std::string_view text) {
    size_t offset = strings_start + strings.size();
    strings += text;
    strings += '\0';
    return static_cast<uint32_t>(offset);
  };
  std::string entries;
  entries.reserve(sorted.size() * kEntrySize);
  for (const LdCacheEntry* entry : sorted) {
    std::string_view soname = entry->soname, path = entry->path;
    uint32_t value = add_string(path);
    bool shared =
        path.size() >= soname.size() && path.substr(path.size() - soname.size()) == soname;
    uint32_t key =
        shared ? value + static_cast<uint32_t>(path.size() - soname.size()) : add_string(soname);
    put(entries, entry->flags);
    put(entries, key);
    put(entries, value);
    put(entries, entry->os_version);
    put(entries, entry->hwcap);
  }
  std::vector<uint32_t> hwcap_names;
  for (const std::string& name : cache.hwcaps) hwcap_names.push_back(add_string(name));

  std::string out(kMagic);
  put(out, static_cast<uint32_t>(sorted.size()));
  put(out, static_cast<uint32_t>(strings.size()));
  put(out, kLittleEndian);
  out.append(kHeaderSize - out.size(), '\0');
  out += entries;
  out += strings;
  uint32_t sections = (cache.generator ? 1U : 0U) + (hwcap_names.empty() ? 0U : 1U);
  if (sections == 0) return out;
  out.append((4 - out.size() % 4) % 4, '\0');
  put_at(out, kExtensionOffset, static_cast<uint32_t>(out.size()));
  put(out, kExtensionMagic);
  put(out, sections);
  auto hwcaps_size = static_cast<uint32_t>(hwcap_names.size() * 4);
  auto data_start = static_cast<uint32_t>(out.size() + sections * 16);
  if (cache.generator) {
    for (uint32_t word : {kTagGenerator, 0U, data_start + hwcaps_size,
                          static_cast<uint32_t>(cache.generator->size())}) {
      put(out, word);
    }
  }
  if (!hwcap_names.empty()) {
    for (uint32_t word : {kTagHwcaps, 0U, data_start, hwcaps_size}) put(out, word);
  }
  for (uint32_t name : hwcap_names) put(out, name);
  if (cache.generator) out += *cache.generator;
  return out;
}

LdCache merge_ld_cache(LdCache image, const std::vector<LdCacheAddition>& ours,
                       const std::vector<std::string>& earlier) {
  constexpr int32_t kAbiMask = 0xff00;
  std::unordered_set<std::string_view> stale(earlier.begin(), earlier.end());
  std::unordered_multimap<std::string, int32_t> replaced;
  std::string storage;
  for (const LdCacheAddition& addition : ours)
    replaced.emplace(as_compared(addition.soname, storage), addition.flags & kAbiMask);
  auto gone = [&](const LdCacheEntry& entry) {
    if (stale.count(entry.path) != 0) return true;
    storage = as_compared(entry.soname, storage);
    auto [first, last] = replaced.equal_range(storage);
    return std::any_of(first, last,
                       [&](const auto& known) { return known.second == (entry.flags & kAbiMask); });
  };
  image.entries.erase(std::remove_if(image.entries.begin(), image.entries.end(), gone),
                      image.entries.end());
  auto kept = static_cast<std::ptrdiff_t>(image.entries.size());
  for (const LdCacheAddition& addition : ours) {
    LdCacheEntry entry{addition.flags, addition.soname, addition.path, 0, 0};
    auto begin = image.entries.begin() + kept;
    if (std::find(begin, image.entries.end(), entry) == image.entries.end())
      image.entries.push_back(std::move(entry));
  }
  return image;
}

}  // namespace outboard::elf
