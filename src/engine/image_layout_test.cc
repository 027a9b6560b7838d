// SPDX-License-Identifier: Apache-2.0
#include "engine/image_layout.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/text.h"
#include "elf/elf_file.h"
#include "elf/ld_cache.h"
#include "test/scratch.h"

using namespace outboard;  // NOLINT: a test

namespace {

using Libc = plan::ImageLayout::Libc;

/// A root in a temporary directory, taken away again.
class Tree {
 public:
  Tree& file(const std::string& path, const std::string& content = "x") {
    REQUIRE(make_directories(path_ + directory_of(path)));
    REQUIRE(replace_file(path_ + path, content));
    return *this;
  }
  Tree& elf(const std::string& path, int elf_class, uint16_t machine) {
    std::string head(64, '\0');
    head.replace(0, 4,
                 "\x7f"
                 "ELF");
    head[4] = elf_class == 64 ? 2 : 1;
    head[5] = 1;
    head[18] = static_cast<char>(machine & 0xff);
    return file(path, head);
  }
  Tree& directory(const std::string& path) {
    REQUIRE(make_directories(path_ + path));
    return *this;
  }
  Tree& link(const std::string& path, const std::string& target) {
    REQUIRE(make_directories(path_ + directory_of(path)));
    REQUIRE(::symlink(target.c_str(), (path_ + path).c_str()) == 0);
    return *this;
  }
  Tree& fifo(const std::string& path) {
    REQUIRE(make_directories(path_ + directory_of(path)));
    REQUIRE(::mkfifo((path_ + path).c_str(), 0644) == 0);
    return *this;
  }
  plan::ImageLayout layout() const {
    auto root = Root::open(path_, Root::Trust::kUntrusted);
    REQUIRE(root);
    return engine::image_layout(*root);
  }

 private:
  test::Scratch scratch_;
  const std::string& path_ = scratch_.path;
};

std::string cache_of(const std::vector<elf::LdCacheEntry>& entries) {
  elf::LdCache cache;
  cache.entries = entries;
  return elf::serialise_ld_cache(cache);
}

}  // namespace

#if defined(__x86_64__)

TEST_CASE("Debian with merged /usr") {
  Tree tree;
  tree.elf("/usr/lib/x86_64-linux-gnu/libc.so.6", 64, elf::kMachineX86_64)
      .file("/usr/lib64/ld-linux-x86-64.so.2")
      .link("/lib", "usr/lib")
      .link("/lib64", "usr/lib64")
      .file("/etc/ld.so.cache");
  auto layout = tree.layout();
  CHECK(layout.libc == Libc::kGlibc);
  CHECK(layout.library_directory64 == "/usr/lib/x86_64-linux-gnu");
  CHECK(!layout.library_directory32);
  CHECK(layout.has_ld_cache);
}

TEST_CASE("Ubuntu 16.04: /lib apart from /usr/lib") {
  Tree tree;
  tree.elf("/lib/x86_64-linux-gnu/libc.so.6", 64, elf::kMachineX86_64)
      .file("/lib/x86_64-linux-gnu/ld-2.23.so")
      .link("/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/ld-2.23.so");
  CHECK(tree.layout().library_directory64 == "/lib/x86_64-linux-gnu");
  tree.directory("/usr/lib/x86_64-linux-gnu");
  CHECK(tree.layout().library_directory64 == "/usr/lib/x86_64-linux-gnu");
  CHECK(!tree.layout().has_ld_cache);
}

TEST_CASE("Red Hat: lib64, and lib for 32 bit") {
  Tree tree;
  tree.elf("/usr/lib64/libc.so.6", 64, elf::kMachineX86_64)
      .file("/usr/lib64/ld-linux-x86-64.so.2")
      .elf("/usr/lib/libc.so.6", 32, elf::kMachine386)
      .file("/usr/lib/ld-linux.so.2")
      .link("/lib", "usr/lib")
      .link("/lib64", "usr/lib64");
  auto layout = tree.layout();
  CHECK(layout.library_directory64 == "/usr/lib64");
  CHECK(layout.library_directory32 == "/usr/lib");
}

TEST_CASE("Arch: everything in /usr/lib") {
  Tree tree;
  tree.elf("/usr/lib/libc.so.6", 64, elf::kMachineX86_64)
      .file("/usr/lib/ld-linux-x86-64.so.2")
      .elf("/usr/lib32/libc.so.6", 32, elf::kMachine386)
      .link("/usr/lib/ld-linux.so.2", "../lib32/ld-linux.so.2")
      .file("/usr/lib32/ld-linux.so.2")
      .link("/lib", "usr/lib")
      .link("/lib64", "usr/lib");
  auto layout = tree.layout();
  CHECK(layout.libc == Libc::kGlibc);
  // /lib64 leads to the same place; the loader searches /lib64, /usr/lib64, /lib and /usr/lib.
  CHECK(layout.library_directory64 == "/lib64");
  CHECK(layout.library_directory32 == "/usr/lib32");
}

TEST_CASE("Debian with i386 beside") {
  Tree tree;
  tree.elf("/usr/lib/x86_64-linux-gnu/libc.so.6", 64, elf::kMachineX86_64)
      .file("/lib64/ld-linux-x86-64.so.2")
      .elf("/usr/lib/i386-linux-gnu/libc.so.6", 32, elf::kMachine386)
      .file("/lib/ld-linux.so.2");
  CHECK(tree.layout().library_directory32 == "/usr/lib/i386-linux-gnu");
}

TEST_CASE("musl, with and without a glibc look-alike, and no C library") {
  Tree alpine;
  alpine.file("/lib/ld-musl-x86_64.so.1");
  CHECK(alpine.layout().libc == Libc::kMusl);
  alpine.link("/lib64/ld-linux-x86-64.so.2", "../lib/ld-musl-x86_64.so.1");
  CHECK(alpine.layout().libc == Libc::kMusl);
  Tree scratch;
  scratch.file("/program");
  CHECK(scratch.layout().libc == Libc::kNone);
  CHECK(scratch.layout().library_directory64 == "/usr/lib/x86_64-linux-gnu");
  Tree odd;
  odd.file("/lib64/ld-linux-x86-64.so.2");
  CHECK(odd.layout().libc == Libc::kUnknown);
}

TEST_CASE("a hostile root neither blocks nor leads outside") {
  Tree fifos;
  fifos.file("/lib64/ld-linux-x86-64.so.2")
      .fifo("/usr/lib/x86_64-linux-gnu/libc.so.6")
      .fifo("/etc/ld.so.cache")
      .link("/usr/lib64/libc.so.6", "/dev/zero");
  CHECK(fifos.layout().libc == Libc::kUnknown);
  CHECK(!fifos.layout().has_ld_cache);
  Tree links;
  links.link("/lib64", "../../../../../../lib64").link("/usr", "/proc/self/root/usr");
  CHECK(links.layout().libc == Libc::kNone);
}

TEST_CASE("layout from a cache alone") {
  int32_t wide = elf::kLdFlagsX86_64;
  auto merged = engine::image_layout_of_cache(
      cache_of({{wide, "libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6"},
                {wide, "libz.so.1", "/lib/x86_64-linux-gnu/libz.so.1"}}));
  REQUIRE(merged);
  CHECK(merged->library_directory64 == "/lib/x86_64-linux-gnu");
  CHECK(merged->has_ld_cache);
  auto separate = engine::image_layout_of_cache(
      cache_of({{wide, "libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6"},
                {wide, "libz.so.1", "/usr/lib/x86_64-linux-gnu/libz.so.1"},
                {wide, "libA.so.1", "/opt/x/libA.so.1"}}));
  CHECK(separate->library_directory64 == "/usr/lib/x86_64-linux-gnu");
  auto red_hat =
      engine::image_layout_of_cache(cache_of({{wide, "libc.so.6", "/lib64/libc.so.6"},
                                              {wide, "libm.so.6", "/usr/lib64/libm.so.6"},
                                              {elf::kLdFlagsI386, "libc.so.6", "/lib/libc.so.6"}}));
  CHECK(red_hat->library_directory64 == "/usr/lib64");
  CHECK(red_hat->library_directory32 == "/lib");
  CHECK(!engine::image_layout_of_cache("not a cache"));
  CHECK(!engine::image_layout_of_cache(cache_of({{wide, "libz.so.1", "/usr/lib64/libz.so.1"}})));
}

#endif
