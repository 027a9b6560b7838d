// SPDX-License-Identifier: Apache-2.0
// The ELF reader on files that contradict themselves. An input that is no ELF file is taken as a
// SONAME, for which a library is written and read.
#include <sys/mman.h>
#include <unistd.h>

#include "elf/elf_file.h"
#include "require.h"
#include "sim/stub_library.h"

using namespace outboard;
using namespace outboard::fuzz;

// One file in memory for all inputs.
static Result<elf::ElfInfo> read_bytes(std::string_view bytes) {
  static const int fd = ::memfd_create("elf", MFD_CLOEXEC);
  FUZZ_REQUIRE(fd >= 0 && ::ftruncate(fd, 0) == 0);
  FUZZ_REQUIRE(::pwrite(fd, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  auto info = elf::read_elf(fd, "input");
  FUZZ_REQUIRE(::lseek(fd, 0, SEEK_CUR) == 0);
  return info;
}

// A name is a piece of the file, with the NUL that ends it.
static void require_from(std::string_view bytes, const std::string& name) {
  FUZZ_REQUIRE(name.find('\0') == std::string::npos);
  FUZZ_REQUIRE(name.size() <= 4096);
  FUZZ_REQUIRE(bytes.find(name) != std::string_view::npos, name);
}

static void check_file(std::string_view bytes) {
  auto info = read_bytes(bytes);
  if (!info) {
    FUZZ_REQUIRE(
        info.error().code == ErrorCode::kConflict || info.error().code == ErrorCode::kUnsupported,
        info.error().text);
    require_readable(info.error());
    return;
  }
  FUZZ_REQUIRE(info->elf_class == (bytes[4] == 1 ? 32 : 64));
  if (info->soname) {
    FUZZ_REQUIRE(!info->soname->empty());
    require_from(bytes, *info->soname);
  }
  if (info->interpreter) require_from(bytes, *info->interpreter);
  for (const std::string& name : info->needed) require_from(bytes, name);
  auto again = read_bytes(bytes);
  FUZZ_REQUIRE(again && *again == *info);
}

static void check_stub(std::string_view name) {
  std::string soname(name.substr(0, name.find('\0')));
  for (int elf_class : {64, 32}) {
    for (bool note : {false, true}) {
      auto info = read_bytes(sim::make_stub_library({soname, elf_class, note}));
      FUZZ_REQUIRE(info, soname);
      FUZZ_REQUIRE(info->elf_class == elf_class);
      FUZZ_REQUIRE(info->soname.value_or("") == soname, soname);
      FUZZ_REQUIRE(info->abi_note_kernel.has_value() == note);
      FUZZ_REQUIRE(info->needed == std::vector<std::string>{"libc.so.6"} && !info->interpreter);
    }
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes = text_of(data, size);
  if (bytes.substr(0, 4) == "\177ELF") {
    check_file(bytes);
  } else if (bytes.size() < 200) {
    check_stub(bytes);
  } else {
    FUZZ_REQUIRE(!read_bytes(bytes));
  }
  return 0;
}
