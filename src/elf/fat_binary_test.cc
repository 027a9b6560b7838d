// SPDX-License-Identifier: Apache-2.0
#include "elf/fat_binary.h"

#include <doctest/doctest.h>
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "base/fd.h"

using namespace outboard;

namespace {

template <typename T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// As nvcc 13.0 writes it: a head of 64 bytes, the content padded to 8.
std::string entry(uint16_t kind, uint32_t architecture, size_t content) {
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

std::string container(const std::string& entries) {
  std::string out;
  put<uint32_t>(out, 0xba55ed50);
  put<uint32_t>(out, 0x00100001);
  put<uint64_t>(out, entries.size());
  return out + entries;
}

// An ELF file with that section and no program header.
std::string elf_with(const std::string& fatbin) {
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

Result<elf::FatBinary> read(const std::string& bytes) {
  UniqueFd file(::memfd_create("fat", MFD_CLOEXEC));
  REQUIRE(::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  return elf::read_fat_binary(file.get(), "fat");
}

}  // namespace

TEST_CASE("machine code and PTX of all fat binaries of a section") {
  auto found = read(elf_with(container(entry(2, 80, 24) + entry(2, 90, 8)) +
                             container(entry(2, 120, 16) + entry(1, 120, 40))));
  REQUIRE(found);
  CHECK(found->machine_code == std::set<unsigned>{80, 90, 120});
  CHECK(found->ptx == std::set<unsigned>{120});
}

TEST_CASE("a file without a fat binary has code for none") {
  auto found = read(elf_with(std::string()));
  REQUIRE(found);
  CHECK(found->machine_code.empty());
  CHECK_FALSE(read("not an ELF file"));
  CHECK_FALSE(read(""));
}

TEST_CASE("sizes that lead outside are errors, another version is left alone") {
  std::string good = container(entry(2, 80, 24));
  std::string wrong = good;
  wrong[8] = '\x7f';  // the container's size
  CHECK_FALSE(read(elf_with(wrong)));
  wrong = good;
  wrong[16 + 9] = '\x7f';  // the entry's
  CHECK_FALSE(read(elf_with(wrong)));
  wrong = good;
  wrong[4] = 2;
  auto found = read(elf_with(wrong));
  REQUIRE(found);
  CHECK(found->machine_code.empty());
}

TEST_CASE("no damage to a byte and no cut makes it read outside or never end") {
  const std::string file = elf_with(container(entry(2, 80, 24) + entry(1, 90, 8)));
  for (size_t at = 0; at < file.size(); at++) {
    std::string damaged = file;
    damaged[at] = static_cast<char>(~damaged[at]);
    [[maybe_unused]] auto ignored = read(damaged);
    [[maybe_unused]] auto cut = read(file.substr(0, at));
  }
}
