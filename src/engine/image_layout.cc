// SPDX-License-Identifier: Apache-2.0
// An image's C library and the default directory of its loader, told from a few files: the loader
// where the ABI fixes its path (System V psABI, /lib64/ld-linux-x86-64.so.2 and its like), and
// libc.so.6 in one of the directories that distributions build into the loader. The root is
// hostile until shown otherwise: what is read is a regular file and 20 bytes of it; a FIFO or a
// device is only looked at, never opened.
#include "engine/image_layout.h"

#include <unistd.h>

#include <array>

#include "base/files.h"
#include "base/text.h"
#include "elf/elf_file.h"
#include "elf/ld_cache.h"

namespace outboard::engine {

namespace {

using Libc = plan::ImageLayout::Libc;

/// An ABI that programs of an image can have.
struct Abi {
  int elf_class;
  uint16_t machine;
  int32_t ld_flags;
  const char* loader;
  /// Below "/usr" or "/", best first: Debian's multiarch directory, then lib64 of Red Hat and SUSE,
  /// then lib of Arch (and, for 32 bit, of Red Hat).
  std::array<const char*, 3> directories;
};

#if defined(__aarch64__)
constexpr const char* kMuslLoader = "/lib/ld-musl-aarch64.so.1";
constexpr Abi kAbi64 = {64,
                        elf::kMachineAarch64,
                        elf::kLdFlagsAarch64,
                        "/lib/ld-linux-aarch64.so.1",
                        {"/lib/aarch64-linux-gnu", "/lib64", "/lib"}};
constexpr Abi kAbi32 = {32,
                        elf::kMachineArm,
                        elf::kLdFlagsArmHardFloat,
                        "/lib/ld-linux-armhf.so.3",
                        {"/lib/arm-linux-gnueabihf", "/lib32", "/lib"}};
#else
constexpr const char* kMuslLoader = "/lib/ld-musl-x86_64.so.1";
constexpr Abi kAbi64 = {64,
                        elf::kMachineX86_64,
                        elf::kLdFlagsX86_64,
                        "/lib64/ld-linux-x86-64.so.2",
                        {"/lib/x86_64-linux-gnu", "/lib64", "/lib"}};
constexpr Abi kAbi32 = {32,
                        elf::kMachine386,
                        elf::kLdFlagsI386,
                        "/lib/ld-linux.so.2",
                        {"/lib/i386-linux-gnu", "/lib32", "/lib"}};
#endif

/// True for a regular file that starts like an ELF file of that ABI.
bool is_elf_of(const Root& root, const std::string& path, const Abi& abi) {
  auto file = root.open_regular(path);
  if (!file) return false;
  unsigned char head[20];
  if (::pread(file->get(), head, sizeof head, 0) != static_cast<ssize_t>(sizeof head)) return false;
  // e_ident[EI_CLASS] is 1 or 2, e_ident[EI_DATA] 1 (little-endian), e_machine at offset 18.
  int elf_class = head[4] == 2 ? 64 : 32;
  auto machine = static_cast<uint16_t>(head[18] | head[19] << 8);
  return head[0] == 0x7f && head[1] == 'E' && head[2] == 'L' && head[3] == 'F' && head[5] == 1 &&
         elf_class == abi.elf_class && machine == abi.machine;
}

/// The directory for libraries of that ABI, or nothing if its C library is in none of them.
std::optional<std::string> find_directory(const Root& root, const Abi& abi) {
  for (const char* directory : abi.directories) {
    std::string below_usr = cat("/usr", directory);
    if (is_elf_of(root, cat(below_usr, "/libc.so.6"), abi)) return below_usr;
    if (is_elf_of(root, cat(directory, "/libc.so.6"), abi)) {
      // Where /lib is no link into /usr (Ubuntu 16.04), the loader searches both; applications'
      // libraries lie in /usr.
      return root.is_directory(below_usr) ? below_usr : std::string(directory);
    }
  }
  return std::nullopt;
}

bool is_one_of(const Abi& abi, std::string_view directory) {
  if (directory.substr(0, 5) == "/usr/") directory.remove_prefix(4);
  for (const char* known : abi.directories) {
    if (directory == known) return true;
  }
  return false;
}

/// Directories of one ABI that a cache names: the C library's, and whether the one below /usr is in
/// use.
struct CacheDirectories {
  std::optional<std::string> libc;
  bool below_usr = false;

  void add(const Abi& abi, const elf::LdCacheEntryView& entry) {
    if (entry.flags != abi.ld_flags) return;
    std::string directory = directory_of(entry.path);
    if (!is_one_of(abi, directory)) return;
    if (entry.soname == "libc.so.6" && !libc) libc = directory;
    if (libc && directory == "/usr" + *libc) below_usr = true;
  }

  std::optional<std::string> best() const {
    if (libc && below_usr) return "/usr" + *libc;
    return libc;
  }
};

}  // namespace

plan::ImageLayout image_layout(const Root& root) {
  plan::ImageLayout layout;
  layout.has_ld_cache = root.is_file("/etc/ld.so.cache");
  bool has_loader = root.is_file(kAbi64.loader);
  std::optional<std::string> directory;
  if (has_loader) directory = find_directory(root, kAbi64);
  if (directory) {
    layout.libc = Libc::kGlibc;
    layout.library_directory64 = *directory;
  } else if (root.is_file(kMuslLoader)) {
    // Alpine's gcompat puts a link at glibc's loader path, too; it is musl all the same.
    layout.libc = Libc::kMusl;
  } else {
    layout.libc = has_loader ? Libc::kUnknown : Libc::kNone;
  }
  if (root.is_file(kAbi32.loader)) layout.library_directory32 = find_directory(root, kAbi32);
  return layout;
}

std::optional<plan::ImageLayout> image_layout_of_cache(std::string_view ld_cache) {
  CacheDirectories wide;
  CacheDirectories narrow;
  // Twice, because entries come sorted by soname downwards and libc.so.6 in the midst of them.
  for (int round = 0; round < 2; round++) {
    auto scanned = elf::scan_ld_cache(ld_cache, [&](const elf::LdCacheEntryView& entry) {
      wide.add(kAbi64, entry);
      narrow.add(kAbi32, entry);
      return true;
    });
    if (!scanned) return std::nullopt;
  }
  if (!wide.libc) return std::nullopt;
  plan::ImageLayout layout;
  layout.libc = Libc::kGlibc;
  layout.library_directory64 = *wide.best();
  layout.library_directory32 = narrow.best();
  layout.has_ld_cache = true;
  return layout;
}

}  // namespace outboard::engine
