// SPDX-License-Identifier: Apache-2.0
// Fat binaries made for tests.
#pragma once

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <string>

namespace outboard::elf::example {

template <typename T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// As nvcc 13.0 writes it: a head of 64 bytes, the content padded to 8.
inline std::string entry(uint16_t kind, uint32_t architecture, size_t content) {
  std::string out;
  put<uint16_t>(out, kind);
  put<uint16_t>(out, 0x0101);
  put<uint32_t>(out, 64);
  put<uint64_t>(out, content);
  put<uint32_t>(out, 0);
  put<uint32_t>(out, 64);
  put<uint32_t>(out, 0x00010007);
  put<uint32_t>(out, architecture);
  out.resize(64 + content, 'x');
  return out;
}

inline std::string container(const std::string& entries) {
  std::string out;
  put<uint32_t>(out, 0xba55ed50);
  put<uint32_t>(out, 0x00100001);
  put<uint64_t>(out, entries.size());
  return out + entries;
}

// An ELF file with that section and no program header.
inline std::string elf_with(const std::string& fatbin) {
  const std::string names("\0.nv_fatbin\0.shstrtab\0", 22);
  Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 3;
  header.e_shstrndx = 2;
  header.e_shoff = sizeof header + fatbin.size() + names.size();
  Elf64_Shdr sections[3] = {};
  sections[1].sh_name = 1;
  sections[1].sh_type = SHT_PROGBITS;
  sections[1].sh_offset = sizeof header;
  sections[1].sh_size = fatbin.size();
  sections[2].sh_name = 12;
  sections[2].sh_type = SHT_STRTAB;
  sections[2].sh_offset = sizeof header + fatbin.size();
  sections[2].sh_size = names.size();
  std::string out;
  put(out, header);
  out += fatbin + names;
  out.append(reinterpret_cast<const char*>(sections), sizeof sections);
  return out;
}

}  // namespace outboard::elf::example
