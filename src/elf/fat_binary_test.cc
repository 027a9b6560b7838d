// SPDX-License-Identifier: Apache-2.0
#include "elf/fat_binary.h"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "elf/fat_binary_example.h"

using namespace outboard;
using namespace outboard::elf::example;  // NOLINT: a test

namespace {

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

TEST_CASE("a library that is a part of a file ends where it is said to end") {
  std::string library = elf_with(container(entry(2, 90, 8) + entry(1, 120, 8)));
  std::string bytes = std::string(512, 'a') + library + std::string(512, 'z');
  UniqueFd file(::memfd_create("fat", MFD_CLOEXEC));
  REQUIRE(::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  auto code = elf::read_fat_binary(file.get(), "part", 512, library.size());
  REQUIRE(code);
  CHECK(code->machine_code == std::set<unsigned>{90});
  CHECK(code->ptx == std::set<unsigned>{120});
  CHECK_FALSE(elf::read_fat_binary(file.get(), "part", 512, library.size() - 1));
  CHECK_FALSE(elf::read_fat_binary(file.get(), "part", 512, 10));
  CHECK_FALSE(elf::read_fat_binary(file.get(), "part", UINT64_MAX, library.size()));
}
