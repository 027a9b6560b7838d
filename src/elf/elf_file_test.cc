// SPDX-License-Identifier: Apache-2.0
#include "elf/elf_file.h"

#include <doctest/doctest.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>

#include <cstring>

#include "base/fd.h"
#include "base/files.h"

using namespace outboard;
using elf::read_elf;

namespace {

UniqueFd memory_file(std::string_view data) {
  UniqueFd fd(::memfd_create("elf", MFD_CLOEXEC));
  REQUIRE(fd.valid());
  REQUIRE(write_all(fd.get(), data, "memory"));
  return fd;
}

Result<elf::ElfInfo> read_bytes(std::string_view data) {
  return read_elf(memory_file(data).get(), "sample");
}

struct Sample {
  Elf64_Ehdr header{};
  Elf64_Phdr segments[2]{};
  Elf64_Dyn dynamic[5]{};
  char strings[32]{};
};

// A library of one loaded segment: SONAME "libx.so.1", needs "libc.so.6".
Sample sample_library() {
  Sample file;
  std::memcpy(file.header.e_ident, ELFMAG, SELFMAG);
  file.header.e_ident[EI_CLASS] = ELFCLASS64;
  file.header.e_ident[EI_DATA] = ELFDATA2LSB;
  file.header.e_type = ET_DYN;
  file.header.e_machine = EM_X86_64;
  file.header.e_phoff = offsetof(Sample, segments);
  file.header.e_phentsize = sizeof(Elf64_Phdr);
  file.header.e_phnum = 2;
  file.segments[0].p_type = PT_LOAD;
  file.segments[0].p_vaddr = 0x10000;
  file.segments[0].p_filesz = sizeof(Sample);
  file.segments[1].p_type = PT_DYNAMIC;
  file.segments[1].p_offset = offsetof(Sample, dynamic);
  file.segments[1].p_filesz = sizeof file.dynamic;
  file.dynamic[0] = {DT_STRTAB, {0x10000 + offsetof(Sample, strings)}};
  file.dynamic[1] = {DT_STRSZ, {sizeof file.strings}};
  file.dynamic[2] = {DT_SONAME, {1}};
  file.dynamic[3] = {DT_NEEDED, {11}};
  std::memcpy(file.strings, "\0libx.so.1\0libc.so.6", 21);
  return file;
}

Result<elf::ElfInfo> read_sample(const Sample& file) {
  return read_bytes({reinterpret_cast<const char*>(&file), sizeof file});
}

}  // namespace

TEST_CASE("a library's names are read") {
  auto info = read_sample(sample_library());
  REQUIRE(info);
  CHECK(info->elf_class == 64);
  CHECK(info->machine == elf::kMachineX86_64);
  CHECK(*info->soname == "libx.so.1");
  CHECK(info->needed == std::vector<std::string>{"libc.so.6"});
  CHECK_FALSE(info->interpreter);
  CHECK_FALSE(info->abi_note_kernel);
}

TEST_CASE("this program is read as the system linked it") {
  auto fd = open_at(AT_FDCWD, "/proc/self/exe", O_RDONLY);
  REQUIRE(fd);
  auto info = read_elf(fd->get(), "self");
  REQUIRE(info);
  CHECK(info->elf_class == static_cast<int>(sizeof(void*) * 8));
  REQUIRE(info->interpreter);
  CHECK(path_exists(*info->interpreter));
  REQUIRE(info->abi_note_kernel);
  CHECK((*info->abi_note_kernel)[0] >= 3);
  bool needs_libc = false;
  for (const auto& name : info->needed) needs_libc |= name == "libc.so.6";
  CHECK(needs_libc);
}

TEST_CASE("broken files are errors that say what is wrong") {
  auto error_of = [](auto change) {
    Sample file = sample_library();
    change(file);
    auto info = read_sample(file);
    REQUIRE_FALSE(info);
    CHECK(info.error().code == ErrorCode::kConflict);
    return info.error().text;
  };
  auto contains = [](const std::string& text, const char* part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  };
  contains(error_of([](Sample& f) { f.header.e_ident[0] = 'x'; }), "not an ELF file");
  contains(error_of([](Sample& f) { f.header.e_ident[EI_CLASS] = 9; }), "unknown class");
  contains(error_of([](Sample& f) { f.header.e_phoff = UINT64_MAX - 3; }), "outside the file");
  contains(error_of([](Sample& f) { f.header.e_phnum = 60000; }), "program headers");
  contains(error_of([](Sample& f) { f.header.e_phoff = 1U << 20; }), "cut off");
  contains(error_of([](Sample& f) { f.segments[1].p_filesz = UINT64_MAX; }), "too large");
  contains(error_of([](Sample& f) { f.segments[1].p_offset = UINT64_MAX - 8; }), "outside");
  contains(error_of([](Sample& f) { f.dynamic[2].d_un.d_val = 4000; }), "outside the string");
  contains(error_of([](Sample& f) { f.dynamic[0].d_un.d_val = 5; }), "not in the file");
  contains(error_of([](Sample& f) { f.dynamic[0].d_tag = DT_HASH; }), "without a string table");
  contains(error_of([](Sample& f) { f.dynamic[1].d_un.d_val = UINT64_MAX; }), "not in the file");
  contains(error_of([](Sample& f) { std::memset(f.strings, 'a', sizeof f.strings); }), "no end");
}

TEST_CASE("every prefix of a file is either read or refused") {
  Sample file = sample_library();
  std::string_view all(reinterpret_cast<const char*>(&file), sizeof file);
  for (size_t length = 0; length < all.size(); length++) {
    auto info = read_bytes(all.substr(0, length));
    if (info) CHECK(length >= offsetof(Sample, strings));
  }
}

TEST_CASE("a big-endian file is unsupported") {
  Sample file = sample_library();
  file.header.e_ident[EI_DATA] = ELFDATA2MSB;
  auto info = read_sample(file);
  REQUIRE_FALSE(info);
  CHECK(info.error().code == ErrorCode::kUnsupported);
}
