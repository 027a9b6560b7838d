// SPDX-License-Identifier: Apache-2.0
#include "engine/image_archive.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "base/files.h"
#include "base/text.h"
#include "engine/image_path.h"
#include "engine/tar.h"
#include "test/scratch.h"

using namespace outboard;

namespace {

struct Scratch : test::Scratch {
  std::string file(const std::string& name, const std::string& text) const {
    std::string full = join_path(path, name);
    REQUIRE(make_directories(directory_of(full)));
    REQUIRE(replace_file(full, text));
    return full;
  }
};

std::string digest(char digit) {
  return cat("sha256:", std::string(64, digit));
}

std::string descriptor(char digit, const std::string& content, const std::string& more = "") {
  return cat(R"({"digest":")", digest(digit), R"(","size":)", content.size(), more, "}");
}

/// The files of a layout with one image: name and content.
std::vector<std::pair<std::string, std::string>> layout(const std::string& layer) {
  auto blob = [](char digit) { return cat("blobs/sha256/", std::string(64, digit)); };
  std::string config = R"({"architecture":"amd64","config":{"Env":["CUDA_VERSION=12.8.1"]}})";
  std::string manifest =
      cat(R"({"config":)", descriptor('c', config), R"(,"layers":[)", descriptor('d', layer), "]}");
  std::string name = R"(,"annotations":{"org.opencontainers.image.ref.name":"v1"})";
  return {{"oci-layout", R"({"imageLayoutVersion":"1.0.0"})"},
          {"index.json", cat(R"({"manifests":[)", descriptor('a', manifest, name), "]}")},
          {blob('a'), manifest},
          {blob('c'), config},
          {blob('d'), layer}};
}

std::string archive(const std::vector<std::pair<std::string, std::string>>& files,
                    const std::string& prefix = "") {
  std::vector<std::string> names;
  for (const auto& [name, content] : files) names.push_back(prefix + name);
  std::vector<engine::TarFile> items;
  for (size_t i = 0; i < files.size(); i++) items.push_back({names[i], files[i].second});
  return engine::tar_of_files(items);
}

Result<engine::ArchivedImage> read(const std::string& file, const std::string& tag = "") {
  return engine::read_oci_archive(file, tag, "linux/amd64");
}

}  // namespace

TEST_CASE("an OCI layout in one file is read like one in a directory") {
  Scratch scratch;
  std::string layer = "\x1f\x8b the layer";
  for (const char* prefix : {"", "./"}) {
    std::string file = scratch.file("a.tar", archive(layout(layer), prefix));
    auto image = read(file);
    REQUIRE(image);
    CHECK(image->document["config"]["Env"].as_strings() ==
          std::vector<std::string>{"CUDA_VERSION=12.8.1"});
    CHECK(image->digest == digest('a'));
    CHECK(image->complete);
    REQUIRE(image->layers.size() == 1);
    CHECK(image->layers[0].file == file);
    std::string bytes = *read_file(file);
    CHECK(bytes.substr(image->layers[0].offset, image->layers[0].size) == layer);
    CHECK(read(file, "v1"));
    auto missing = read(file, "v2");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().hint == "write oci-archive:FILE:TAG");
  }
  for (const auto& [name, content] : layout(layer)) scratch.file("d/" + name, content);
  auto image = engine::read_oci_layout(scratch.path + "/d", "v1", "linux/amd64");
  REQUIRE(image);
  CHECK(image->layers[0].size == layer.size());
}

TEST_CASE("an OCI archive that is broken, cut off or compressed") {
  Scratch scratch;
  auto files = layout("layer");
  files.pop_back();
  auto image = read(scratch.file("no-layer.tar", archive(files)));
  REQUIRE(image);
  CHECK_FALSE(image->complete);
  files.back().second += "\n";
  image = read(scratch.file("size.tar", archive(files)));
  REQUIRE_FALSE(image);
  CHECK(image.error().text.find("the image's configuration is cut off") == 0);
  files.pop_back();
  image = read(scratch.file("no-config.tar", archive(files)));
  REQUIRE_FALSE(image);
  CHECK(image.error().text.find("the image's configuration: ") == 0);
  image = read(scratch.file("none.tar", engine::tar_of_file("x", "y")));
  REQUIRE_FALSE(image);
  CHECK(image.error().text.find("has no 'index.json'") != std::string::npos);
  std::string whole = archive(layout("layer"));
  for (size_t size : {300, 1100}) {
    image = read(scratch.file("cut.tar", whole.substr(0, size)));
    REQUIRE_FALSE(image);
    CHECK(image.error().text.find("it is cut off") != std::string::npos);
  }
  // Shorter than a header, and no beginning of one.
  for (const std::string& text : {std::string("{}"), std::string(300, '\0')}) {
    image = read(scratch.file("x.json", text));
    REQUIRE_FALSE(image);
    CHECK(image.error().text.find("it is no tar archive") != std::string::npos);
  }
  image = read(scratch.file("x.tar.gz", "\x1f\x8b\x08 and so on"));
  REQUIRE_FALSE(image);
  CHECK(image.error().text.find("is compressed") != std::string::npos);
  // A document that is no regular file.
  std::string linked = engine::tar_of_file("index.json", "");
  linked[156] = '2';
  linked.replace(157, 11, "/etc/passwd");
  CHECK_FALSE(read(scratch.file("linked.tar", linked)));
}

TEST_CASE("a path is what lies there") {
  Scratch scratch;
  CHECK(engine::is_image_path("./x"));
  CHECK(engine::is_image_path("/x"));
  CHECK(engine::is_image_path(".."));
  CHECK_FALSE(engine::is_image_path("x.tar"));
  CHECK_FALSE(engine::is_image_path(".x"));
  std::string oci = scratch.file("oci.tar", archive(layout("layer")));
  CHECK(*engine::source_of_path(oci) == "oci-archive:" + oci);
  auto both = layout("layer");
  both.emplace_back("manifest.json", "[]");
  std::string docker = scratch.file("docker.tar", archive(both));
  CHECK(*engine::source_of_path(docker) == "docker-archive:" + docker);
  scratch.file("layout/index.json", "{}");
  scratch.file("layout/oci-layout", "{}");
  CHECK(*engine::source_of_path(scratch.path + "/layout") == cat("oci:", scratch.path, "/layout"));
  scratch.file("root/etc/passwd", "");
  CHECK(*engine::source_of_path(scratch.path + "/root") == cat("rootfs:", scratch.path, "/root"));
  auto refused = [&](const std::string& name) {
    auto source = engine::source_of_path(join_path(scratch.path, name));
    REQUIRE_FALSE(source);
    CHECK(source.error().text.find(cat("image '", scratch.path)) == 0);
    return cat(source.error().text, " (", source.error().hint, ")");
  };
  scratch.file("none/x", "");
  CHECK(refused("none").find("neither an OCI image layout nor a root file system") !=
        std::string::npos);
  scratch.file("export.tar", engine::tar_of_file("etc/passwd", ""));
  CHECK(refused("export.tar").find("rootfs:DIR") != std::string::npos);
  scratch.file("x.tar.gz", "\x1f\x8b\x08 and so on");
  CHECK(refused("x.tar.gz").find("gunzip") != std::string::npos);
  scratch.file("text", "no archive");
  CHECK(refused("text").find("'docker save'") != std::string::npos);
  CHECK(refused("nothing").find("No such file") != std::string::npos);
}
