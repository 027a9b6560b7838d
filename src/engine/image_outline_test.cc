// SPDX-License-Identifier: Apache-2.0
#include "engine/image_outline.h"

#include <doctest/doctest.h>

#include <string>

#include "base/files.h"
#include "base/text.h"
#include "engine/image_compat.h"

using namespace outboard;
using namespace outboard::engine;

using Kind = ImageOutline::Kind;

static ImageOutline::Entry link_to(const std::string& target) {
  return {Kind::kLink, target};
}
static ImageOutline::Entry library(int elf_class = 64) {
  return {Kind::kFile, "", elf_class};
}

static ImageOutline cuda() {
  ImageOutline outline;
  CHECK(outline.add("/usr/local/cuda", link_to("/etc/alternatives/cuda")));
  CHECK(outline.add("/etc/alternatives/cuda", link_to("/usr/local/cuda-13.0")));
  CHECK(outline.add("/usr/local/cuda-13.0/compat/libcuda.so.1", link_to("libcuda.so.580.65.06")));
  CHECK(outline.add("/usr/local/cuda-13.0/compat/libcuda.so.580.65.06", library()));
  CHECK(outline.add("/usr/local/cuda-13.0/compat/libold.so.1", library(32)));
  CHECK(outline.add("/usr/local/cuda-13.0/compat/libempty.so.1", {Kind::kFile, "", 0, true}));
  return outline;
}

TEST_CASE("an image's outline, laid out, is what its root would be to those who look at it") {
  std::string place;
  {
    auto laid = OutlineRoot::make(cuda());
    REQUIRE(laid);
    place = laid->root().path();
    auto compat = find_image_compat(laid->root(), {});
    REQUIRE(compat);
    CHECK(compat->directory == "/usr/local/cuda-13.0/compat");
    CHECK(compat->version == "580.65.06");
    CHECK(join(compat->sonames, " ") == "libcuda.so.1");
    OutlineRoot moved = std::move(*laid);
    CHECK(path_exists(place));
    CHECK(moved.root().status("/usr/local/cuda/compat/libempty.so.1")->st_size == 0);
  }
  CHECK_FALSE(path_exists(place));
  auto nothing = OutlineRoot::make({});
  REQUIRE(nothing);
  CHECK_FALSE(find_image_compat(nothing->root(), {}));
}

TEST_CASE("an outline is remembered as JSON, and one that makes no sense is none") {
  auto text = json::write(cuda().to_json());
  auto again = ImageOutline::from_json(*json::parse(text, "test"));
  REQUIRE(again);
  CHECK(*again == cuda());
  for (const char* bad : {R"([{"path":"/a/../b","kind":0}])", R"([{"path":"a","kind":0}])",
                          R"([{"path":"/a"}])", R"([{"path":"/a","kind":1}])",
                          R"([{"path":"/a","kind":1,"target":"b"},{"path":"/a/b","kind":0}])"})
    CHECK_FALSE(ImageOutline::from_json(*json::parse(bad, "test")));
}

TEST_CASE("what a hostile image can name is not laid out") {
  ImageOutline outline;
  for (const char* path : {"", "/", "a", "//a", "/a/", "/a/./b", "/a/../b", "/a\nb", "/\xff"})
    CHECK_FALSE(outline.add(path, library()));
  CHECK_FALSE(outline.add("/" + std::string(300, 'a'), library()));
  std::string deep;
  for (int i = 0; i < 40; i++) deep += "/a";
  CHECK_FALSE(outline.add(deep, library()));
  CHECK_FALSE(outline.add("/a", link_to("")));
  CHECK_FALSE(outline.add("/a", link_to("x\ny")));
  CHECK_FALSE(outline.add("/a", link_to(std::string(5000, 'x'))));
  CHECK(outline.entries().empty());

  // Through a link, or in place of something else.
  CHECK(outline.add("/a", link_to("/etc")));
  CHECK_FALSE(outline.add("/a/passwd", library()));
  CHECK_FALSE(outline.add("/a", library()));
  CHECK_FALSE(outline.add("/a", link_to("/tmp")));
  CHECK(outline.add("/b", library(32)));
  CHECK(outline.add("/b", library(64)));
  CHECK_FALSE(outline.add("/b/c", library()));

  size_t added = 0;
  for (int i = 0; i < 10'000; i++) added += outline.add(cat("/many/", i), library()) ? 1 : 0;
  CHECK(added < 5000);
  CHECK(added > 3000);
}

TEST_CASE("the class of a file by its first bytes") {
  const std::string elf =
      "\x7f"
      "ELF";
  CHECK(outline_of_file(elf + "\x02").elf_class == 64);
  CHECK(outline_of_file(elf + "\x01").elf_class == 32);
  CHECK(outline_of_file(elf + "\x03").elf_class == 0);
  CHECK(outline_of_file(elf).elf_class == 0);
  CHECK_FALSE(outline_of_file(elf).empty);
  CHECK(outline_of_file("").empty);
}
