// SPDX-License-Identifier: Apache-2.0
// What the Docker daemon's archive API answers about an image: a tar archive, and in it an
// ld.so.cache that says where the image's libraries lie.
#include "engine/image_layout.h"
#include "engine/tar.h"
#include "require.h"

using namespace outboard;
using namespace outboard::fuzz;

static void check_layout(std::string_view cache) {
  auto layout = engine::image_layout_of_cache(cache);
  if (!layout) return;
  FUZZ_REQUIRE(layout->libc == plan::ImageLayout::Libc::kGlibc && layout->has_ld_cache);
  for (const std::string& directory :
       {layout->library_directory64, layout->library_directory32.value_or("/lib")}) {
    // Only directories that loaders of distributions search, whatever the image's cache says.
    FUZZ_REQUIRE(directory.rfind("/lib", 0) == 0 || directory.rfind("/usr/lib", 0) == 0, directory);
    FUZZ_REQUIRE(directory.find("..") == std::string::npos, directory);
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input = text_of(data, size);
  check_layout(input);
  auto entry = engine::first_tar_entry(input);
  if (entry) {
    FUZZ_REQUIRE(entry->content.empty() ||
                 (entry->content.data() >= input.data() &&
                  entry->content.data() + entry->content.size() <= input.data() + input.size()));
    FUZZ_REQUIRE(entry->link.size() <= 100 && entry->link.find('\0') == std::string::npos);
    check_layout(entry->content);
  }
  std::string_view content = input;
  std::string_view name = take_until(content, "\n");
  std::string archive = engine::tar_of_file(name, content);
  FUZZ_REQUIRE(archive.size() % 512 == 0);
  auto written = engine::first_tar_entry(archive);
  FUZZ_REQUIRE(written && written->type == '0' && written->content == content &&
               written->link.empty());
  return 0;
}
