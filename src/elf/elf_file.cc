// SPDX-License-Identifier: Apache-2.0
// One pread of the first 4 KiB nearly always holds the ELF header, the program headers and the
// notes; a second one the dynamic section, a third the strings. Section headers are not used: a
// stripped file may have none.
#include "elf/elf_file.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "base/file_range.h"
#include "base/text.h"

namespace outboard::elf {

namespace {

constexpr size_t kHead = 4096;
constexpr size_t kProgramHeaderLimit = 128;
constexpr size_t kDynamicLimit = 64U << 10;
constexpr size_t kNoteLimit = 4096;
constexpr size_t kNameLimit = 4096;  // PATH_MAX: no library name is longer
constexpr size_t kNeededLimit = 1024;

struct Traits64 {
  using Header = Elf64_Ehdr;
  using Segment = Elf64_Phdr;
  using Dynamic = Elf64_Dyn;
};
struct Traits32 {
  using Header = Elf32_Ehdr;
  using Segment = Elf32_Phdr;
  using Dynamic = Elf32_Dyn;
};

// The file, read in windows; the first one is kept.
class Window {
 public:
  Window(int fd, const std::string& name) : fd_(fd), name_(name) {}

  Result<void> open() {
    OB_TRY(head_, read_range(fd_, 0, kHead, name_));
    return {};
  }
  std::string_view head() const { return head_; }

  // Up to `size` bytes from `offset`; fewer where the file ends.
  Result<std::string> bytes(uint64_t offset, size_t size) const {
    if (offset <= head_.size() && size <= head_.size() - offset)
      return head_.substr(static_cast<size_t>(offset), size);
    return read_range(fd_, offset, size, name_);
  }

  Error broken(std::string_view why) const {
    return make_error(ErrorCode::kConflict, cat("read ELF file '", printable(name_), "': ", why));
  }

 private:
  int fd_;
  const std::string& name_;
  std::string head_;
};

template <typename T>
T take(std::string_view bytes, size_t offset) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

template <typename T>
std::vector<T> take_all(std::string_view bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return values;
}

// The GNU ABI note among the notes: name "GNU", type NT_GNU_ABI_TAG, four words: 0 (Linux) and the
// kernel version.
std::optional<std::array<uint32_t, 3>> find_abi_note(std::string_view notes) {
  while (notes.size() >= 12) {
    auto name_size = take<uint32_t>(notes, 0);
    auto data_size = take<uint32_t>(notes, 4);
    auto type = take<uint32_t>(notes, 8);
    notes.remove_prefix(12);
    uint64_t name_space = (uint64_t{name_size} + 3) & ~uint64_t{3};
    uint64_t data_space = (uint64_t{data_size} + 3) & ~uint64_t{3};
    if (name_space > notes.size() || data_space > notes.size() - name_space) return std::nullopt;
    std::string_view name = notes.substr(0, name_size);
    std::string_view data = notes.substr(static_cast<size_t>(name_space), data_size);
    if (type == NT_GNU_ABI_TAG && name == std::string_view("GNU\0", 4) && data.size() >= 16 &&
        take<uint32_t>(data, 0) == ELF_NOTE_OS_LINUX) {
      return std::array<uint32_t, 3>{take<uint32_t>(data, 4), take<uint32_t>(data, 8),
                                     take<uint32_t>(data, 12)};
    }
    notes.remove_prefix(static_cast<size_t>(name_space + data_space));
  }
  return std::nullopt;
}

// Strings of the dynamic string table by their offsets in it. Those that are wanted usually lie
// close together and are then read at once.
Result<std::vector<std::string>> read_strings(const Window& file, uint64_t table, uint64_t size,
                                              const std::vector<uint64_t>& offsets) {
  auto [low, high] = std::minmax_element(offsets.begin(), offsets.end());
  if (*high >= size) return file.broken("a name lies outside the string table");
  constexpr size_t kTail = 256;
  std::string block;
  uint64_t block_start = *low;
  if (*high - *low <= (16U << 10)) {
    auto wanted = std::min<uint64_t>(*high - *low + kTail, size - *low);
    OB_TRY(block, file.bytes(table + *low, static_cast<size_t>(wanted)));
  }
  std::vector<std::string> strings;
  for (uint64_t offset : offsets) {
    if (offset - block_start < block.size()) {
      size_t start = static_cast<size_t>(offset - block_start);
      size_t end = block.find('\0', start);
      if (end != std::string::npos) {
        strings.push_back(block.substr(start, end - start));
        continue;
      }
    }
    auto wanted = std::min<uint64_t>(kNameLimit, size - offset);
    OB_TRY(std::string text, file.bytes(table + offset, static_cast<size_t>(wanted)));
    size_t end = text.find('\0');
    if (end == std::string::npos) return file.broken("a name has no end");
    text.resize(end);
    strings.push_back(std::move(text));
  }
  return strings;
}

template <typename Traits>
Result<void> read_dynamic(const Window& file, const std::vector<typename Traits::Segment>& segments,
                          const typename Traits::Segment& where, ElfInfo& info) {
  if (where.p_filesz > kDynamicLimit) return file.broken("the dynamic section is too large");
  OB_TRY(std::string bytes, file.bytes(where.p_offset, static_cast<size_t>(where.p_filesz)));
  if (bytes.size() < where.p_filesz) return file.broken("the dynamic section is cut off");
  std::optional<uint64_t> table_address, table_size, soname;
  std::vector<uint64_t> offsets;
  for (const auto& entry : take_all<typename Traits::Dynamic>(bytes)) {
    if (entry.d_tag == DT_NULL) break;
    uint64_t value = entry.d_un.d_val;
    if (entry.d_tag == DT_STRTAB) table_address = value;
    if (entry.d_tag == DT_STRSZ) table_size = value;
    if (entry.d_tag == DT_SONAME) soname = value;
    if (entry.d_tag == DT_NEEDED) offsets.push_back(value);
  }
  if (offsets.size() > kNeededLimit) return file.broken("it needs too many libraries");
  if (soname) offsets.push_back(*soname);
  if (offsets.empty()) return {};
  if (!table_address || !table_size) return file.broken("names without a string table");
  // DT_STRTAB is an address in memory; the segment that is loaded there says where it is in the
  // file.
  std::optional<uint64_t> table;
  for (const auto& segment : segments) {
    if (segment.p_type != PT_LOAD || *table_address < segment.p_vaddr) continue;
    uint64_t inside = *table_address - segment.p_vaddr;
    if (inside >= segment.p_filesz || *table_size > segment.p_filesz - inside) continue;
    if (__builtin_add_overflow(uint64_t{segment.p_offset}, inside, &table.emplace()))
      return file.broken("an offset lies outside the file");
    break;
  }
  if (!table) return file.broken("the string table is not in the file");
  OB_TRY(std::vector<std::string> strings, read_strings(file, *table, *table_size, offsets));
  if (soname) {
    if (!strings.back().empty()) info.soname = std::move(strings.back());
    strings.pop_back();
  }
  info.needed = std::move(strings);
  return {};
}

template <typename Traits>
Result<void> read_segments(const Window& file, ElfInfo& info) {
  using Segment = typename Traits::Segment;
  std::string_view head = file.head();
  if (head.size() < sizeof(typename Traits::Header)) return file.broken("the header is cut off");
  auto header = take<typename Traits::Header>(head, 0);
  info.machine = header.e_machine;
  if (header.e_phnum == 0) return {};
  if (header.e_phentsize != sizeof(Segment) || header.e_phnum > kProgramHeaderLimit)
    return file.broken("the program headers make no sense");
  size_t size = header.e_phnum * sizeof(Segment);
  OB_TRY(std::string bytes, file.bytes(header.e_phoff, size));
  if (bytes.size() < size) return file.broken("the program headers are cut off");
  auto segments = take_all<Segment>(bytes);
  for (const Segment& segment : segments) {
    if (segment.p_type == PT_NOTE && !info.abi_note_kernel) {
      size_t length = static_cast<size_t>(std::min<uint64_t>(segment.p_filesz, kNoteLimit));
      OB_TRY(std::string notes, file.bytes(segment.p_offset, length));
      info.abi_note_kernel = find_abi_note(notes);
    } else if (segment.p_type == PT_INTERP) {
      if (segment.p_filesz > kNameLimit) return file.broken("the interpreter's name is too long");
      OB_TRY(std::string text, file.bytes(segment.p_offset, static_cast<size_t>(segment.p_filesz)));
      info.interpreter = std::string(text.c_str());
    } else if (segment.p_type == PT_DYNAMIC) {
      OB_CHECK(read_dynamic<Traits>(file, segments, segment, info));
    }
  }
  return {};
}

}  // namespace

Result<ElfInfo> read_elf(int fd, const std::string& name) {
  Window file(fd, name);
  OB_CHECK(file.open());
  std::string_view head = file.head();
  if (head.size() < EI_NIDENT || head.substr(0, SELFMAG) != ELFMAG)
    return file.broken("not an ELF file");
  if (head[EI_DATA] != ELFDATA2LSB) {
    return make_error(ErrorCode::kUnsupported,
                      cat("read ELF file '", printable(name), "': not little-endian"));
  }
  ElfInfo info;
  if (head[EI_CLASS] == ELFCLASS64) {
    info.elf_class = 64;
    OB_CHECK(read_segments<Traits64>(file, info));
  } else if (head[EI_CLASS] == ELFCLASS32) {
    info.elf_class = 32;
    OB_CHECK(read_segments<Traits32>(file, info));
  } else {
    return file.broken("unknown class");
  }
  return info;
}

}  // namespace outboard::elf
