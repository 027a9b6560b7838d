// SPDX-License-Identifier: Apache-2.0
// The stubs are tried with the real loader, ldconfig and readelf of this machine.
#include "sim/stub_library.h"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <fcntl.h>

#include <cstring>

#include "base/files.h"
#include "base/process.h"
#include "elf/elf_file.h"
#include "test/scratch.h"

using namespace outboard;
using sim::make_stub_library;

TEST_CASE("the loader loads a stub and finds its symbol") {
  test::Scratch scratch;
  const std::string path = scratch.path + "/libnvidia-stub.so.1.2";
  REQUIRE(replace_file(path, make_stub_library({.soname = "libnvidia-stub.so.1"})));
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  REQUIRE_MESSAGE(library != nullptr, ::dlerror());
  const void* symbol = ::dlsym(library, "outboard_simulated");
  REQUIRE(symbol != nullptr);
  CHECK(std::strcmp(static_cast<const char*>(symbol), "libnvidia-stub.so.1") == 0);
  CHECK(::dlsym(library, "outboard_other") == nullptr);
  // By SONAME, as a program that needs it would: the loader knows that it is there already.
  CHECK(::dlopen("libnvidia-stub.so.1", RTLD_NOW | RTLD_NOLOAD) != nullptr);
  ::dlclose(library);
}

TEST_CASE("ldconfig lists stubs of both classes under their soname") {
  test::Scratch scratch;
  const std::string directory = scratch.path + "/lib";
  REQUIRE(make_directories(directory));
  REQUIRE(replace_file(directory + "/libone.so.580.95.05",
                       make_stub_library({.soname = "libone.so.1"})));
  REQUIRE(replace_file(directory + "/libtwo.so.580.95.05",
                       make_stub_library({.soname = "libtwo.so.2", .elf_class = 32})));
  const std::string cache = scratch.path + "/cache";
  const std::string ldconfig = "/sbin/ldconfig";
  REQUIRE(path_exists(ldconfig));
  auto written = run_captured({{ldconfig, "-C", cache, "-f", "/dev/null", directory}});
  REQUIRE(written);
  CHECK_MESSAGE(written->status.success(), written->err);
  CHECK(written->err == "");
  auto listed = run_captured({{ldconfig, "-C", cache, "-p"}});
  REQUIRE(listed);
#ifdef __x86_64__
  CHECK(listed->out.find("libone.so.1 (libc6,x86-64) => " + directory) != std::string::npos);
#endif
  CHECK(listed->out.find("libtwo.so.2 (libc6) => " + directory) != std::string::npos);
  CHECK(path_exists(directory + "/libone.so.1"));
}

TEST_CASE("our own reader and readelf read the same from a stub") {
  test::Scratch scratch;
  const std::string path = scratch.path + "/libnvidia-tls.so";
  for (int elf_class : {64, 32}) {
    REQUIRE(replace_file(path, make_stub_library({.soname = "libnvidia-tls.so.580.95.05",
                                                  .elf_class = elf_class,
                                                  .tls_note = true})));
    auto fd = open_at(AT_FDCWD, path, O_RDONLY);
    REQUIRE(fd);
    auto info = elf::read_elf(fd->get(), path);
    REQUIRE(info);
    CHECK(info->elf_class == elf_class);
    CHECK(info->soname == "libnvidia-tls.so.580.95.05");
    CHECK(info->needed == std::vector<std::string>{"libc.so.6"});
    REQUIRE(info->abi_note_kernel);
    CHECK(*info->abi_note_kernel == std::array<uint32_t, 3>{2, 3, 99});
    auto read = run_captured({{"/usr/bin/readelf", "-Wdn", path}});
    REQUIRE(read);
    CHECK(read->err == "");
    CHECK(read->out.find("Library soname: [libnvidia-tls.so.580.95.05]") != std::string::npos);
    CHECK(read->out.find("ABI: 2.3.99") != std::string::npos);
  }
}
