// SPDX-License-Identifier: Apache-2.0
#include "engine/image_files.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>

#include "base/files.h"
#include "base/text.h"
#include "engine/tar.h"
#include "test/fixtures/image_tree.h"

using namespace outboard;

using Tree = test::ImageTree;
using test::seen;
using test::versions;

namespace {

std::string archive_of(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    std::string one = engine::tar_of_file(name, "x");
    out += one.substr(0, one.size() - 1024);
  }
  return out + std::string(1024, '\0');
}

}  // namespace

TEST_CASE("what a path says") {
  CHECK(seen("/usr/local/cuda-12.8/targets/x86_64-linux/lib/libcudart.so.12.8.90") ==
        "libcudart 12.8.90");
  CHECK(seen("/usr/lib/x86_64-linux-gnu/libcudnn.so.9.8.0") == "libcudnn 9.8.0");
  CHECK(seen("/x/site-packages/torch-2.9.0+cu128.dist-info") == "torch 2.9.0+cu128");
  CHECK(seen("/x/nvidia_cuda_runtime_cu12-12.8.90.dist-info") == "libcudart 12.8.90");
  CHECK(seen("/x/mxnet_cu112-1.9.1.dist-info") == "mxnet-cu112 1.9.1");
  CHECK(seen("/x/mxnet_cu-1.9.1.dist-info") == "");
  CHECK(seen("/x/jax_cuda13_plugin-0.7.2.dist-info") == "jax_cuda13_plugin 0.7.2");
  CHECK(seen("/x/jax_cuda12_pjrt-0.7.2.dist-info") == "jax_cuda12_pjrt 0.7.2");
  CHECK(seen("/x/jax_cudax_plugin-0.7.2.dist-info") == "");
  CHECK(seen("/opt/conda/conda-meta/cudatoolkit-11.8.0-h6a678d5_0.json") == "libcudart 11.8.0");
  CHECK(seen("/usr/local/cuda-12.8/compat/libcuda.so.570.124.06") == "compat 570.124.06");
  CHECK(seen("/usr/lib/x86_64-linux-gnu/libcuda.so.535.104.05") == "driver 535.104.05");
  for (const char* nothing :
       {"/usr/lib/libcudart.so", "/usr/lib/libcudart.so.12", "/usr/lib/libcudartx.so.1.2",
        "/x/torchvision-0.2.dist-info", "/x/nvidia_cuda_runtime_cu12-9\x1b[2J9.1.dist-info",
        "/x/torch-2.9.\xc2\x9b.dist-info", "/x/torch-.dist-info", "/x/torch.dist-info",
        "/x/libc.so.6", "/usr/local/cuda/compat/libnvidia-ml.so.570.1.1", "", "/",
        "/x/libcudnn.so.1..x"}) {
    CAPTURE(nothing);
    CHECK(seen(nothing).empty());
  }
}

TEST_CASE("a root: real files alone, empty ones are leftovers of a mount") {
  Tree tree;
  tree.file("usr/local/cuda-12.8/targets/x86_64-linux/lib/libcudart.so.12.8.90");
  tree.link("usr/local/cuda", "cuda-12.8");
  tree.link("usr/local/cuda-12.8/lib64", "targets/x86_64-linux/lib");
  tree.link("usr/lib/x86_64-linux-gnu/libcudart.so.11.0", "libcudart.so.11.8.89");
  tree.file("usr/lib/x86_64-linux-gnu/libcuda.so.470.57.02");
  tree.file("usr/lib/x86_64-linux-gnu/libnvidia-ml.so.470.57.02", "");
  tree.file("usr/lib/python3.12/site-packages/torch-2.9.0+cu128.dist-info/METADATA");
  engine::ImageFiles files = engine::read_image_root(tree.root());
  CHECK(versions(files) == "torch 2.9.0+cu128, libcudart 12.8.90");
  CHECK(files.drivers ==
        std::vector<std::string>{"/usr/lib/x86_64-linux-gnu/libcuda.so.470.57.02"});
  CHECK_FALSE(files.compat);
}

TEST_CASE("links of an image lead nowhere outside") {
  Tree tree;
  Tree outside;
  outside.file("lib/libcudart.so.12.8.90");
  tree.link("usr/local/cuda-1", outside.path);
  tree.link("usr/lib/x86_64-linux-gnu", cat(outside.path, "/lib"));
  CHECK(versions(engine::read_image_root(tree.root())).empty());
}

TEST_CASE("layers: what a layer above removes is gone") {
  Tree tree;
  const std::string lib = "usr/local/cuda-12.1/lib64/";
  tree.file("1.tar", archive_of({lib + "libcudart.so.12.1.105", lib + "libcudnn.so.8.9.0",
                                 "opt/a/libnccl.so.2.18.3"}));
  tree.file("2.tar", archive_of({lib + ".wh.libcudart.so.12.1.105", lib + "libcudart.so.12.2.140",
                                 "opt/a/.wh..wh..opq", "opt/a/libnccl.so.2.19.1"}));
  auto place = [&](const char* name) {
    std::string path = join_path(tree.path, name);
    return engine::LayerPlace{path, 0, read_file(path)->size()};
  };
  auto files = engine::read_image_layers({place("1.tar"), place("2.tar")}, false);
  REQUIRE(files);
  REQUIRE(*files);
  CHECK(versions(**files) == "libnccl 2.19.1, libcudart 12.2.140, libcudnn 8.9.0");
  CHECK_FALSE(engine::read_image_layers({{tree.path + "/nothing", 0, 1}}, false));

  tree.file("top.tar", archive_of({".wh.opt", "x"}));
  files = engine::read_image_layers({place("1.tar"), place("top.tar")}, false);
  REQUIRE(files);
  REQUIRE(*files);
  CHECK(versions(**files) == "libcudart 12.1.105, libcudnn 8.9.0");
  tree.file("opaque.tar", archive_of({".wh..wh..opq", "opt/libnccl.so.2.19.1"}));
  files = engine::read_image_layers({place("1.tar"), place("opaque.tar")}, false);
  REQUIRE(files);
  REQUIRE(*files);
  CHECK(versions(**files) == "libnccl 2.19.1");
}

TEST_CASE("layers: an instruction that changes no file makes an archive of nothing") {
  Tree tree;
  std::string archive = archive_of({"usr/lib64/libcudart.so.12.1.105"});
  tree.file("1.tar", archive);
  tree.file("empty.tar", std::string(1024, '\0'));
  for (bool compressed : {false, true}) {
    auto files = engine::read_image_layers(
        {{tree.path + "/empty.tar", 0, 1024}, {tree.path + "/1.tar", 0, archive.size()}},
        compressed);
    REQUIRE(files);
    REQUIRE(*files);
    CHECK(versions(**files) == "libcudart 12.1.105");
  }
  // Less than a block, or cut off.
  CHECK_FALSE(engine::read_image_layers({{tree.path + "/empty.tar", 1000, 24}}, true));
}

TEST_CASE("layers: a link or a file in place of a directory hides what lay in it") {
  Tree tree, link;
  tree.file("1.tar", archive_of({"usr/local/cuda-12.1/lib64/libcudart.so.12.1.105",
                                 "usr/lib64/libcudnn.so.8.9.0", "usr/lib64/libnccl.so.2.18.3"}));
  link.link("usr/local/cuda-12.1", "/elsewhere");
  link.link("usr/lib64/libcudnn.so.8.9.0", "x");
  for (const char* format : {"ustar", "gnu"}) {
    std::string second = cat(tree.path, "/", format, ".tar");
    REQUIRE(std::system(
                cat("tar --format=", format, " -C ", link.path, " -cf ", second, " usr").c_str()) ==
            0);
    REQUIRE(std::system(cat("gzip -k ", second).c_str()) == 0);
    for (const std::string& file : {second, second + ".gz"}) {
      auto place = [](const std::string& path) {
        return engine::LayerPlace{path, 0, read_file(path)->size()};
      };
      auto files = engine::read_image_layers({place(tree.path + "/1.tar"), place(file)}, true);
      REQUIRE(files);
      REQUIRE(*files);
      CHECK(versions(**files) == "libnccl 2.18.3");
    }
  }
}

TEST_CASE("a layer whose size is somebody's word is no reason to read for ever") {
  Tree tree;
  std::string archive = archive_of({"opt/libcudart.so.12.1.105"});
  tree.file("l.tar", archive);
  // A size that leads back to where it is read when sums wrap at 2^64: pax header, then the file.
  std::string pax = "31 size=18446744073709548543\n";
  std::string header = archive.substr(0, 512);
  auto with = [](std::string block, char type, const char* octal_size) {
    block[156] = type;
    block.replace(124, 11, octal_size);
    return block;
  };
  std::string loop = with(header, 'x', "00000000037") + pax + std::string(512 - pax.size(), '\0') +
                     header + archive.substr(512);
  tree.file("loop.tar", loop);
  for (const char* name : {"l.tar", "loop.tar"}) {
    for (uint64_t size : {UINT64_MAX, uint64_t{1} << 62, archive.size() + 4096}) {
      auto files = engine::read_image_layers({{join_path(tree.path, name), 0, size}}, false);
      REQUIRE_FALSE(files);
      CHECK(files.error().text.find("it is cut off") != std::string::npos);
    }
  }
}

TEST_CASE("compressed layers are listed if that is asked for") {
  Tree tree;
  tree.file("l.tar", archive_of({"usr/local/cuda-12.1/compat/libcuda.so.530.30.02",
                                 "usr/lib64/libcudart.so.12.1.105"}));
  REQUIRE(std::system(cat("gzip ", tree.path, "/l.tar").c_str()) == 0);
  std::string bytes = *read_file(tree.path + "/l.tar.gz");
  engine::LayerPlace layer{tree.path + "/l.tar.gz", 0, bytes.size()};
  auto unread = engine::read_image_layers({layer}, false);
  REQUIRE(unread);
  CHECK_FALSE(*unread);
  auto files = engine::read_image_layers({layer}, true);
  REQUIRE(files);
  REQUIRE(*files);
  CHECK(versions(**files) == "libcudart 12.1.105");
  REQUIRE((*files)->compat);
  CHECK((*files)->compat->version == "530.30.02");
  // In an archive of docker's others stand before and behind it.
  tree.file("saved.tar", cat(std::string(5000, 'x'), bytes, std::string(300'000, 'y')));
  files = engine::read_image_layers({{tree.path + "/saved.tar", 5000, bytes.size()}}, true);
  REQUIRE(files);
  REQUIRE(*files);
  CHECK(versions(**files) == "libcudart 12.1.105");
  tree.file("broken.tar.gz", "\x1f\x8b nonsense");
  CHECK_FALSE(engine::read_image_layers({{tree.path + "/broken.tar.gz", 0, 11}}, true));
  tree.file("noise", std::string(2000, 'n'));
  CHECK_FALSE(engine::read_image_layers({{tree.path + "/noise", 0, 2000}}, true));
}

TEST_CASE("layers as directories: a file of character device 0:0 hides what lies below") {
  Tree low, high;
  low.file("usr/lib64/libcudart.so.12.1.105");
  low.file("usr/lib64/libcudnn.so.8.9.0");
  high.file("usr/lib64/libcudart.so.12.2.140");
  auto both = engine::read_layer_directories({high.path, low.path});
  REQUIRE(both);
  CHECK(versions(*both) == "libcudart 12.1.105, libcudart 12.2.140, libcudnn 8.9.0");
  if (::mknod(cat(high.path, "/usr/lib64/libcudart.so.12.1.105").c_str(), S_IFCHR, 0) == 0) {
    both = engine::read_layer_directories({high.path, low.path});
    REQUIRE(both);
    CHECK(versions(*both) == "libcudart 12.2.140, libcudnn 8.9.0");
  }
  Tree removed;
  removed.file("usr/x");
  if (::mknod(cat(removed.path, "/usr/lib64").c_str(), S_IFCHR, 0) == 0) {
    both = engine::read_layer_directories({removed.path, high.path, low.path});
    REQUIRE(both);
    CHECK(versions(*both).empty());
    both = engine::read_layer_directories({high.path, removed.path, low.path});
    REQUIRE(both);
    CHECK(versions(*both) == "libcudart 12.2.140");
  } else {
    MESSAGE("SKIPPED: whiteouts take root to make");
  }
  CHECK_FALSE(engine::read_layer_directories({}));
  CHECK_FALSE(engine::read_layer_directories({"/nonexistent"}));
}

TEST_CASE("layers as directories: links, files and opaque directories hide what lies below") {
  Tree low, links, opaque;
  low.file("usr/local/cuda-11.8/lib64/libcudart.so.11.8.89");
  low.file("usr/local/cuda-11.8/compat/libcuda.so.520.61.05");
  low.file("usr/lib64/libcudnn.so.8.9.0");
  low.file("usr/lib64/libnccl.so.2.18.3");
  auto before = engine::read_layer_directories({low.path});
  REQUIRE(before);
  CHECK(before->versions.size() == 3);
  CHECK(before->compat);
  links.link("usr/local/cuda-11.8", "cuda-12.1");
  links.link("usr/lib64/libcudnn.so.8.9.0", "libnccl.so.2.18.3");
  links.file("usr/local/cuda-12.1/lib64/libcudart.so.12.1.105");
  auto with_links = engine::read_layer_directories({links.path, low.path});
  REQUIRE(with_links);
  CHECK(versions(*with_links) == "libnccl 2.18.3, libcudart 12.1.105");
  CHECK_FALSE(with_links->compat);
  opaque.file("usr/local/cuda-12.4/lib64/libcudart.so.12.4.127");
  if (::setxattr(cat(opaque.path, "/usr").c_str(), "trusted.overlay.opaque", "y", 1, 0) != 0 &&
      ::setxattr(cat(opaque.path, "/usr").c_str(), "user.overlay.opaque", "y", 1, 0) != 0) {
    MESSAGE("SKIPPED: no extended attributes here");
    return;
  }
  auto with_opaque = engine::read_layer_directories({opaque.path, low.path});
  REQUIRE(with_opaque);
  CHECK(versions(*with_opaque) == "libcudart 12.4.127");
}
