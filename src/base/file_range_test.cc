// SPDX-License-Identifier: Apache-2.0
#include "base/file_range.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "base/files.h"

using namespace outboard;

TEST_CASE("a range of a file is what lies there, and never more than there is") {
  UniqueFd file(::memfd_create("range", MFD_CLOEXEC));
  REQUIRE(write_all(file.get(), "0123456789", "range"));
  CHECK(*read_range(file.get(), 0, 4, "range") == "0123");
  CHECK(*read_range(file.get(), 7, 4, "range") == "789");
  CHECK(read_range(file.get(), 10, 4, "range")->empty());
  CHECK(read_range(file.get(), INT64_MAX - 4, 4, "range")->empty());
  auto beyond = read_range(file.get(), INT64_MAX, 4, "range");
  REQUIRE_FALSE(beyond);
  CHECK(beyond.error().text == "read 'range': an offset lies outside the file");
}

TEST_CASE("what cannot be read at an offset says so") {
  UniqueFd directory(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  auto data = read_range(directory.get(), 0, 4, "/");
  REQUIRE_FALSE(data);
  CHECK(data.error().text.find("read '/'") != std::string::npos);
}
