// SPDX-License-Identifier: Apache-2.0
#include "engine/image_compat.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/text.h"
#include "test/scratch.h"

using namespace outboard;
using namespace outboard::engine;

namespace {

class Image {
 public:
  void file(const std::string& path, const std::string& content) const {
    REQUIRE(make_directories(directory_of(directory_ + path)));
    REQUIRE(replace_file(directory_ + path, content));
  }
  void link(const std::string& target, const std::string& path) const {
    REQUIRE(make_directories(directory_of(directory_ + path)));
    REQUIRE(::symlink(target.c_str(), (directory_ + path).c_str()) == 0);
  }
  std::optional<plan::ImageCompat> find(const std::vector<std::string>& volumes = {}) const {
    auto root = Root::open(directory_, Root::Trust::kUntrusted);
    REQUIRE(root);
    return find_image_compat(*root, volumes);
  }

 private:
  test::Scratch scratch_;
  const std::string& directory_ = scratch_.path;
};

const std::string kElf64 =
    "\x7f"
    "ELF\x02 rest";

}  // namespace

TEST_CASE("libraries of the package cuda-compat, through the links of a CUDA image") {
  Image image;
  CHECK_FALSE(image.find());
  image.link("cuda-12.8", "/usr/local/cuda");
  image.file("/usr/local/cuda-12.8/compat/libcuda.so.570.124.06", kElf64);
  image.link("libcuda.so.570.124.06", "/usr/local/cuda-12.8/compat/libcuda.so.1");
  image.link("libcuda.so.1", "/usr/local/cuda-12.8/compat/libcuda.so");
  image.file("/usr/local/cuda-12.8/compat/libnvidia-nvvm.so.4", kElf64);
  image.file("/usr/local/cuda-12.8/compat/libold.so.1",
             "\x7f"
             "ELF\x01 rest");
  auto compat = image.find();
  REQUIRE(compat);
  CHECK(compat->directory == "/usr/local/cuda-12.8/compat");
  CHECK(compat->version == "570.124.06");
  CHECK(join(compat->sonames, " ") == "libcuda.so.1 libnvidia-nvvm.so.4");
  CHECK_FALSE(image.find({"/usr/local/cuda-12.8"}));
  CHECK_FALSE(image.find({"/usr/local/cuda/compat"}));
}

TEST_CASE("what an image can make of it") {
  Image image;
  image.link("/etc", "/usr/local/cuda/compat");
  CHECK_FALSE(image.find());
  Image outside;
  outside.file("/opt/libcuda.so.570.1", kElf64);
  outside.link("/opt/libcuda.so.570.1", "/usr/local/cuda/compat/libcuda.so.1");
  CHECK_FALSE(outside.find());
  Image lines;
  lines.file("/opt/a\n/etc/libcuda.so.570.1", kElf64);
  lines.link("libcuda.so.570.1", "/opt/a\n/etc/libcuda.so.1");
  lines.link("/opt/a\n/etc", "/usr/local/cuda/compat");
  CHECK_FALSE(lines.find());
  Image plain;
  plain.file("/usr/local/cuda/compat/libcuda.so.1", kElf64);
  CHECK_FALSE(plain.find());
}
