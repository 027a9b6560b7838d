// SPDX-License-Identifier: Apache-2.0
// A section holds fat binaries one after another, each aligned to 8 bytes.
//
// A fat binary is a head and as many bytes of entries as the head says:
//     u32 magic 0xba55ed50, u16 version 1, u16 size of this head (16), u64 size of the entries
//
// An entry is a head, of which the architecture is at offset 28, and its content:
//     u16 kind (1 PTX, 2 machine code), u16 version, u32 size of this head, u64 size of the content
#include "elf/fat_binary.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/file_range.h"
#include "base/text.h"

namespace outboard::elf {

namespace {

constexpr uint32_t kMagic = 0xba55ed50;
constexpr size_t kHead = 16;
constexpr size_t kEntryHead = 32;  ///< as far as it is read
constexpr size_t kArchitectureAt = 28;
constexpr uint16_t kPtx = 1;
constexpr uint16_t kMachineCode = 2;
constexpr size_t kMostEntries = 20'000;
constexpr size_t kMostSections = 4096;
constexpr size_t kLongestNames = 1U << 20;
constexpr unsigned kHighestArchitecture = 999;

template <typename T>
T take(std::string_view bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

class Reader {
 public:
  Reader(int fd, const std::string& name, uint64_t begin, uint64_t size)
      : fd_(fd), name_(name), begin_(begin), size_(size) {}

  Result<FatBinary> read() {
    OB_TRY(std::string head, bytes(0, sizeof(Elf64_Ehdr)));
    if (head.size() < sizeof(Elf64_Ehdr) || head.compare(0, SELFMAG, ELFMAG) != 0 ||
        head[EI_CLASS] != ELFCLASS64 || head[EI_DATA] != ELFDATA2LSB)
      return broken("no 64 bit ELF file");
    auto header = take<Elf64_Ehdr>(head, 0);
    if (header.e_shoff == 0 || header.e_shnum == 0) return std::move(out_);
    if (header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shnum > kMostSections ||
        header.e_shstrndx >= header.e_shnum)
      return broken("the section headers make no sense");
    size_t size = header.e_shnum * sizeof(Elf64_Shdr);
    OB_TRY(std::string table, bytes(header.e_shoff, size));
    if (table.size() < size) return broken("the section headers are cut off");
    std::vector<Elf64_Shdr> sections(header.e_shnum);
    std::memcpy(sections.data(), table.data(), size);
    const Elf64_Shdr& text = sections[header.e_shstrndx];
    if (text.sh_size > kLongestNames) return broken("the names of the sections are too long");
    OB_TRY(std::string names, bytes(text.sh_offset, static_cast<size_t>(text.sh_size)));
    for (const Elf64_Shdr& section : sections) {
      if (section.sh_type != SHT_PROGBITS || section.sh_name >= names.size()) continue;
      std::string_view section_name = names.c_str() + section.sh_name;
      if (section_name != ".nv_fatbin" && section_name != "__nv_relfatbin") continue;
      OB_CHECK(read_section(section.sh_offset, section.sh_size));
    }
    return std::move(out_);
  }

 private:
  Result<void> read_section(uint64_t place, uint64_t size) {
    uint64_t end = 0;
    if (__builtin_add_overflow(place, size, &end)) return broken("a section lies outside");
    while (place < end && end - place >= kHead) {
      OB_TRY(std::string head, bytes(place, kHead));
      if (head.size() < kHead) return broken("a fat binary is cut off");
      uint32_t magic = take<uint32_t>(head, 0);
      if (magic == 0) {  // alignment
        place += 8;
        if (++entries_ > kMostEntries) return {};
        continue;
      }
      auto head_size = take<uint16_t>(head, 6);
      auto content = take<uint64_t>(head, 8);
      // Another version is none that is understood; what was found so far stays.
      if (magic != kMagic || take<uint16_t>(head, 4) != 1 || head_size < kHead) return {};
      if (head_size > end - place || content > end - place - head_size)
        return broken("a fat binary lies outside its section");
      OB_CHECK(read_entries(place + head_size, place + head_size + content));
      if (entries_ > kMostEntries) return {};
      place += head_size + content;
      place = (place + 7) & ~uint64_t{7};
    }
    return {};
  }

  Result<void> read_entries(uint64_t place, uint64_t end) {
    while (place < end && end - place >= kEntryHead && ++entries_ <= kMostEntries) {
      OB_TRY(std::string head, bytes(place, kEntryHead));
      if (head.size() < kEntryHead) return broken("a fat binary is cut off");
      auto kind = take<uint16_t>(head, 0);
      auto head_size = take<uint32_t>(head, 4);
      auto content = take<uint64_t>(head, 8);
      auto architecture = take<uint32_t>(head, kArchitectureAt);
      if (head_size < kEntryHead || head_size > end - place || content > end - place - head_size)
        return broken("an entry lies outside its fat binary");
      if (architecture <= kHighestArchitecture) {
        if (kind == kMachineCode) out_.machine_code.insert(architecture);
        if (kind == kPtx) out_.ptx.insert(architecture);
      }
      place += head_size + content;
    }
    return {};
  }

  Error broken(std::string_view why) const {
    return make_error(ErrorCode::kConflict, cat("read '", printable(name_), "': ", why));
  }

  Result<std::string> bytes(uint64_t offset, size_t size) const {
    uint64_t place = 0;
    if (offset > size_ || __builtin_add_overflow(begin_, offset, &place)) return std::string();
    return read_range(fd_, place, static_cast<size_t>(std::min<uint64_t>(size, size_ - offset)),
                      name_);
  }

  int fd_;
  const std::string& name_;
  uint64_t begin_, size_;  ///< of the ELF file in the file
  FatBinary out_;
  size_t entries_ = 0;
};

}  // namespace

Result<FatBinary> read_fat_binary(int fd, const std::string& name, uint64_t begin, uint64_t size) {
  return Reader(fd, name, begin, size).read();
}

}  // namespace outboard::elf
