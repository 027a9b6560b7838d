// SPDX-License-Identifier: Apache-2.0
#include "app/image_evidence.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/text.h"

using namespace outboard;

static app::ImageEvidence evidence_of(std::vector<engine::VersionedFile> versions) {
  engine::ImageFiles files;
  files.versions = std::move(versions);
  app::ImageEvidence image;
  app::add_files(image, files);
  return image;
}

TEST_CASE("of a library's version the numbers count, and what begins with none does not") {
  app::ImageEvidence image = evidence_of({{"libcudart", "12.8.90.post1", "/a"},
                                          {"libcudart", "9..1", "/b"},
                                          {"libcudart", "13", "/c"},
                                          {"libcudnn", "9.8.0.87rc1", "/d"},
                                          {"libcudnn", "99999999999.1", "/e"},
                                          {"libcudnn", "9!1.2", "/f"}});
  REQUIRE(image.signs.size() == 2);
  CHECK(image.signs[0].version == "12.8");
  CHECK(image.signs[0].origin == "libcudart 12.8.90 in it");
  CHECK(image.signs[1].version == "13.0");
  CHECK(image.cudnn == "9.8.0.87");
}

TEST_CASE("the package that holds JAX's or MXNet's CUDA says which it is") {
  app::ImageEvidence image = evidence_of({{"jax_cuda13_pjrt", "0.7.2", "/a"},
                                          {"jax_cuda13_plugin", "0.7.2", "/b"},
                                          {"jaxlib", "0.7.2", "/c"},
                                          {"mxnet-cu102", "1.9.1", "/d"}});
  REQUIRE(image.frameworks.size() == 2);
  CHECK(image.frameworks[0].cuda == "13");
  CHECK(image.frameworks[1].cuda == "10.2");
  // Both: JAX takes one of them.
  image = evidence_of({{"jax_cuda12_plugin", "0.7.2", "/a"},
                       {"jax_cuda13_plugin", "0.7.2", "/b"},
                       {"jaxlib", "0.7.2", "/c"}});
  CHECK(image.frameworks[0].cuda.empty());
  CHECK(evidence_of({{"torch", "2.9.1", "/a"}}).frameworks[0].cuda.empty());
}

TEST_CASE(
    "JAX without a CUDA plugin is no build for GPUs, from the release on that has none of it") {
  app::ImageEvidence image = evidence_of({{"jaxlib", "0.7.2", "/a"}});
  CHECK(image.frameworks.empty());
  REQUIRE(image.notes.size() == 1);
  CHECK(image.notes[0] ==
        "jaxlib 0.7.2: no CUDA plugin of JAX is in the image, so it computes on the CPU alone if "
        "it came from pip (add one: pip install \"jax[cuda12]\")");
  CHECK(evidence_of({{"jaxlib", "0.4.31", "/a"}}).frameworks.empty());
  CHECK(evidence_of({{"jaxlib", "0.4.30", "/a"}}).frameworks.size() == 1);
  CHECK(evidence_of({{"jaxlib", "0.4.34+cuda12", "/a"}}).frameworks.size() == 1);
  image = evidence_of({{"jaxlib", "0.7.2", "/a"}, {"jax_cuda12_plugin", "0.7.2", "/b"}});
  CHECK(image.frameworks.size() == 1);
  CHECK(image.notes.empty());
}

TEST_CASE("packages that no table knows are told once, and not by the thousand") {
  std::vector<engine::VersionedFile> packages;
  for (int i = 0; i < 3000; i++) {
    packages.push_back({"torch", cat("2.", i % 20, ".0a0"), cat("/", i)});
    packages.push_back({"jaxlib", "0.4.1+cpu", cat("/cpu/", i)});
  }
  app::ImageEvidence image = evidence_of(std::move(packages));
  CHECK(image.notes.size() == 8);
  CHECK(std::count(image.notes.begin(), image.notes.end(),
                   "jaxlib 0.4.1+cpu is built without CUDA: it never uses a GPU") == 1);
}
