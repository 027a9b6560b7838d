// SPDX-License-Identifier: Apache-2.0
#include "engine/image_places.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/files.h"
#include "base/text.h"
#include "elf/fat_binary_example.h"
#include "engine/image_files.h"
#include "engine/tar.h"
#include "test/fixtures/image_tree.h"

using namespace outboard;
using namespace outboard::elf::example;  // NOLINT: a test

using Tree = test::ImageTree;
using test::seen;
using test::versions;

namespace {

std::string library_for(unsigned architecture) {
  return elf_with(container(entry(2, architecture, 8)));
}

}  // namespace

TEST_CASE("records of conda and of setuptools") {
  CHECK(seen("/opt/conda/conda-meta/pytorch-2.5.1-py3.11_cuda12.4_cudnn9.1.0_0.json") ==
        "torch 2.5.1+cu124");
  CHECK(seen("/x/conda-meta/pytorch-2.5.1-py3.11_cpu_0.json") == "torch 2.5.1+cpu");
  CHECK(seen("/x/conda-meta/pytorch-2.5.1-cpu_generic_py312h1_1.json") == "torch 2.5.1+cpu");
  CHECK(seen("/x/conda-meta/pytorch-2.5.1-cuda126_py312h1234567_306.json") == "torch 2.5.1+conda");
  CHECK(seen("/x/conda-meta/cudnn-9.1.0.70-h_0.json") == "libcudnn 9.1.0.70");
  CHECK(seen("/x/conda-meta/libcudnn-9.3.0.75-h_0.json") == "libcudnn 9.3.0.75");
  CHECK(seen("/x/conda-meta/nccl-2.23.4.1-h_0.json") == "libnccl 2.23.4.1");
  CHECK(seen("/x/site-packages/torch-2.5.1-py3.11.egg-info") == "torch 2.5.1");
  for (const char* nothing :
       {"/x/conda-meta/pytorch-cuda-12.4-h_0.json", "/x/conda-meta/pytorch-mutex-1.0-cuda.json",
        "/x/conda-meta/pytorch-2.5.1", "/x/conda-meta/cudnn-.json", "/x/pytorch-2.5.1-cpu_0.json",
        "/x/conda-meta/libcudnn-dev-9.3.0-h.json", "/x/torch-2.5\x1b.1-py3.11.egg-info"}) {
    CAPTURE(nothing);
    CHECK(seen(nothing).empty());
  }
}

TEST_CASE("environments where Dockerfiles make them") {
  for (const char* prefix :
       {"usr/local", "opt/venv", "opt/app", "venv", ".venv", "app/.venv", "app/venv",
        "workspace/.venv", "root/.local", "root/.venv", "home/me/.venv", "home/me/.local",
        "root/miniconda3", "opt/project/.venv", "opt/conda/envs/ml", "home/me/miniforge3/envs/a"}) {
    CAPTURE(prefix);
    Tree tree;
    tree.file(cat(prefix, "/lib/python3.11/site-packages/torch-2.5.1+cu124.dist-info/METADATA"));
    tree.file(cat(prefix, "/lib/python3.11/site-packages/torch/lib/libtorch_cuda.so"),
              library_for(90));
    tree.link(cat(prefix, "/lib64"), "lib");
    engine::ImageFiles files = engine::read_image_root(tree.root());
    CHECK(versions(files) == "torch 2.5.1+cu124");
    REQUIRE(files.torch_code);
    CHECK(files.torch_code->machine_code == std::set<unsigned>{90});
  }
}

TEST_CASE("a conda environment's record of PyTorch counts, not the package without its CUDA") {
  Tree tree;
  tree.file("opt/conda/conda-meta/pytorch-2.5.1-py3.11_cuda12.4_cudnn9.1.0_0.json");
  tree.file("opt/conda/conda-meta/cuda-cudart-12.4.127-0.json");
  tree.file("opt/conda/lib/python3.11/site-packages/torch-2.5.1-py3.11.egg-info/PKG-INFO");
  tree.file("opt/conda/envs/old/lib/python3.9/site-packages/torch-1.13.1.dist-info/METADATA");
  CHECK(versions(engine::read_image_root(tree.root())) ==
        "libcudart 12.4.127, torch 2.5.1+cu124, torch 1.13.1");
}

TEST_CASE("a libtorch by itself has its version in a file") {
  for (const char* prefix : {"opt/libtorch", "usr/local/libtorch", "libtorch", "root/libtorch"}) {
    CAPTURE(prefix);
    Tree tree;
    tree.file(cat(prefix, "/build-version"), "2.5.1+cu124\n");
    tree.file(cat(prefix, "/lib/libtorch_cuda.so"), library_for(86));
    engine::ImageFiles files = engine::read_image_root(tree.root());
    CHECK(versions(files) == "torch 2.5.1+cu124");
    REQUIRE(files.torch_code);
    CHECK(files.torch_code->machine_code == std::set<unsigned>{86});
  }
  Tree hostile;
  hostile.file("opt/libtorch/build-version", "2.5.1\x1b[2J\n");
  CHECK(versions(engine::read_image_root(hostile.root())).empty());
  hostile.file("opt/libtorch/build-version", std::string(100'000, '2'));
  CHECK(versions(engine::read_image_root(hostile.root())).empty());
  Tree fifo;
  REQUIRE(make_directories(fifo.path + "/opt/libtorch"));
  REQUIRE(::mkfifo((fifo.path + "/opt/libtorch/build-version").c_str(), 0600) == 0);
  CHECK(versions(engine::read_image_root(fifo.root())).empty());
}

TEST_CASE("links to environments elsewhere lead nowhere outside") {
  Tree outside, tree;
  outside.file("lib/python3.11/site-packages/torch-2.5.1.dist-info/METADATA");
  outside.file("build-version", "2.5.1");
  tree.link("opt/venv", outside.path);
  tree.link("opt/libtorch", outside.path);
  tree.link("home/me", outside.path);
  tree.link("app/.venv", outside.path);
  CHECK(versions(engine::read_image_root(tree.root())).empty());
}

TEST_CASE("the number of environments is bounded") {
  Tree tree;
  for (int i = 0; i < 100; i++)
    tree.file(cat("opt/", i, "/lib/python3.11/site-packages/torch-2.5.1.dist-info/METADATA"));
  CHECK(engine::read_image_root(tree.root()).versions.size() == 32);
}

TEST_CASE("code of PyTorch's library in layers: directories and plain archives") {
  const std::string library = "usr/lib/python3/dist-packages/torch/lib/libtorch_cuda.so";
  const std::string other = "opt/libtorch/lib/libtorch_cuda.so";
  Tree low, high;
  low.file(library, library_for(70));
  auto code = [](const std::vector<std::string>& layers) {
    auto files = engine::read_layer_directories(layers);
    REQUIRE(files);
    return files->torch_code ? files->torch_code->machine_code : std::set<unsigned>();
  };
  CHECK(code({low.path}) == std::set<unsigned>{70});
  high.file(library, library_for(90));
  CHECK(code({high.path, low.path}) == std::set<unsigned>{90});
  Tree link;
  link.link(library, "elsewhere");
  CHECK(code({link.path, low.path}).empty());
  auto place = [&](const std::string& name, const std::string& content) {
    std::string archive = engine::tar_of_files({{name, content}});
    low.file("l.tar", archive);
    auto files = engine::read_image_layers({{low.path + "/l.tar", 0, archive.size()}}, false);
    REQUIRE(files);
    REQUIRE(*files);
    return std::move(**files);
  };
  engine::ImageFiles files = place(other, library_for(86));
  REQUIRE(files.torch_code);
  CHECK(files.torch_code->machine_code == std::set<unsigned>{86});
  CHECK(files.versions.empty());
  CHECK(versions(place("./opt/libtorch/build-version", "2.4.0\n")) == "torch 2.4.0");
  CHECK_FALSE(place(other, "no library").torch_code);
}
