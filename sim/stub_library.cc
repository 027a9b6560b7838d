// SPDX-License-Identifier: Apache-2.0
// The writer of stub libraries: one loadable segment with everything in it. It is writable, because
// the loaders of old glibc adjust the addresses of the dynamic section in place.
#include "sim/stub_library.h"

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <string_view>

namespace outboard::sim {

namespace {

struct Elf64 {
  using Header = Elf64_Ehdr;
  using Segment = Elf64_Phdr;
  using Dynamic = Elf64_Dyn;
  using Symbol = Elf64_Sym;
  static constexpr unsigned char kClass = ELFCLASS64;
#ifdef __aarch64__
  static constexpr uint16_t kMachine = EM_AARCH64;
#else
  static constexpr uint16_t kMachine = EM_X86_64;
#endif
};

struct Elf32 {
  using Header = Elf32_Ehdr;
  using Segment = Elf32_Phdr;
  using Dynamic = Elf32_Dyn;
  using Symbol = Elf32_Sym;
  static constexpr unsigned char kClass = ELFCLASS32;
  static constexpr uint16_t kMachine = EM_386;
};

constexpr std::string_view kSymbol = "outboard_simulated";
/// ldconfig takes a library for one of glibc's by this name alone.
constexpr std::string_view kNeeded = "libc.so.6";
/// Large enough for every page size that Linux uses on these machines.
constexpr uint32_t kAlignment = 0x10000;

template <typename T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

/// Appends at a multiple of 8 and says where.
uint32_t append(std::string& file, std::string_view bytes) {
  file.resize((file.size() + 7) & ~size_t{7}, '\0');
  const auto offset = static_cast<uint32_t>(file.size());
  file.append(bytes);
  return offset;
}

std::string abi_note() {
  constexpr char kOwner[] = "GNU";
  const uint32_t words[] = {4, 16, NT_GNU_ABI_TAG};
  const uint32_t description[] = {ELF_NOTE_OS_LINUX, 2, 3, 99};
  return std::string(bytes_of(words)) + std::string(bytes_of(kOwner)) +
         std::string(bytes_of(description));
}

template <typename Elf>
typename Elf::Segment make_segment(uint32_t type, uint32_t flags, uint32_t offset, size_t size,
                                   uint32_t alignment) {
  typename Elf::Segment segment = {};
  segment.p_type = type;
  segment.p_flags = flags;
  segment.p_offset = offset;
  segment.p_vaddr = offset;
  segment.p_paddr = offset;
  segment.p_filesz = static_cast<decltype(segment.p_filesz)>(size);
  segment.p_memsz = segment.p_filesz;
  segment.p_align = alignment;
  return segment;
}

template <typename Elf>
std::string dynamic_section(uint32_t needed, uint32_t soname, uint32_t hash, uint32_t symbols,
                            uint32_t strings, size_t strings_size) {
  std::string section;
  const auto add = [&section](int tag, size_t value) {
    typename Elf::Dynamic entry = {};
    entry.d_tag = tag;
    entry.d_un.d_val = static_cast<decltype(entry.d_un.d_val)>(value);
    section += bytes_of(entry);
  };
  add(DT_NEEDED, needed);
  add(DT_SONAME, soname);
  add(DT_HASH, hash);
  add(DT_STRTAB, strings);
  add(DT_SYMTAB, symbols);
  add(DT_STRSZ, strings_size);
  add(DT_SYMENT, sizeof(typename Elf::Symbol));
  add(DT_NULL, 0);
  return section;
}

template <typename Elf>
std::string make(const StubLibrary& library) {
  const size_t segment_count = library.tls_note ? 4 : 3;
  std::string file(sizeof(typename Elf::Header) + segment_count * sizeof(typename Elf::Segment), 0);

  const std::string names = std::string(1, '\0') + library.soname + '\0' + std::string(kSymbol) +
                            '\0' + std::string(kNeeded) + '\0';
  const uint32_t soname = 1;
  const auto symbol_name = static_cast<uint32_t>(soname + library.soname.size() + 1);
  const auto needed = static_cast<uint32_t>(symbol_name + kSymbol.size() + 1);
  const uint32_t strings = append(file, names);

  typename Elf::Symbol symbols[2] = {};
  symbols[1].st_name = symbol_name;
  symbols[1].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT);
  symbols[1].st_shndx = 1;  // any index but SHN_UNDEF means "defined here"
  symbols[1].st_value = strings + soname;
  symbols[1].st_size = static_cast<decltype(symbols[1].st_size)>(library.soname.size() + 1);
  const uint32_t symbol_table = append(file, bytes_of(symbols));

  // One bucket that leads to symbol 1; two chain entries, both ends.
  const uint32_t table[] = {1, 2, 1, 0, 0};
  const uint32_t hash = append(file, bytes_of(table));

  const std::string note = library.tls_note ? abi_note() : "";
  const uint32_t note_at = append(file, note);
  const std::string dynamic =
      dynamic_section<Elf>(needed, soname, hash, symbol_table, strings, names.size());
  const uint32_t dynamic_at = append(file, dynamic);

  typename Elf::Header header = {};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = Elf::kClass;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_DYN;
  header.e_machine = Elf::kMachine;
  header.e_version = EV_CURRENT;
  header.e_phoff = sizeof header;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(typename Elf::Segment);
  header.e_phnum = static_cast<uint16_t>(segment_count);
  header.e_shentsize = 0;

  std::string head(bytes_of(header));
  head += bytes_of(make_segment<Elf>(PT_LOAD, PF_R | PF_W, 0, file.size(), kAlignment));
  head += bytes_of(make_segment<Elf>(PT_DYNAMIC, PF_R | PF_W, dynamic_at, dynamic.size(), 8));
  // Without it the loader believes that the library needs an executable stack.
  head += bytes_of(make_segment<Elf>(PT_GNU_STACK, PF_R | PF_W, 0, 0, 16));
  if (library.tls_note) {
    head += bytes_of(make_segment<Elf>(PT_NOTE, PF_R, note_at, note.size(), 4));
  }
  file.replace(0, head.size(), head);
  return file;
}

}  // namespace

std::string make_stub_library(const StubLibrary& library) {
  return library.elf_class == 32 ? make<Elf32>(library) : make<Elf64>(library);
}

}  // namespace outboard::sim
