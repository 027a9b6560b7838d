// SPDX-License-Identifier: Apache-2.0
#include "engine/image_inspect.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/files.h"
#include "base/text.h"
#include "engine/directories.h"
#include "engine/tar.h"
#include "engine/tar_index.h"
#include "test/scratch.h"

using namespace outboard;
using namespace std::chrono_literals;

namespace {

struct Scratch : test::Scratch {
  std::string file(const std::string& name, const std::string& text, mode_t mode = 0644) const {
    std::string full = join_path(path, name);
    FileAttributes attributes;
    attributes.mode = mode;
    REQUIRE(replace_file(full, text, attributes));
    return full;
  }
};

std::vector<engine::TarItem> items_of(const std::string& archive) {
  Scratch scratch;
  auto fd = open_at(AT_FDCWD, scratch.file("a.tar", archive), O_RDONLY);
  REQUIRE(fd);
  std::vector<engine::TarItem> items;
  auto scanned =
      engine::scan_tar(fd->get(), 0, archive.size(), "a.tar", [&](const engine::TarItem& item) {
        items.push_back(item);
        return true;
      });
  if (!scanned) items.clear();
  return items;
}

// A program that prints and exits, in place of docker, podman.
std::string program(const Scratch& scratch, const std::string& out, const std::string& err,
                    int code) {
  scratch.file("out", out);
  scratch.file("err", err);
  return scratch.file("program",
                      cat("#!/bin/sh\ncat ", scratch.path, "/out\ncat ", scratch.path,
                          "/err >&2\nexit ", code, "\n"),
                      0755);
}

}  // namespace

TEST_CASE("an archive's items, and every way to cut it") {
  std::string archive = engine::tar_of_file("usr/lib/libcudart.so.12", std::string(700, 'x'));
  auto items = items_of(archive);
  REQUIRE(items.size() == 1);
  CHECK(items[0].name == "usr/lib/libcudart.so.12");
  CHECK(items[0].offset == 512);
  CHECK(items[0].size == 700);
  CHECK(items_of(archive.substr(0, 1100)).empty());
  CHECK(items_of(archive.substr(0, 500)).empty());
  CHECK(items_of("").empty());
  CHECK(items_of(std::string(1024, '\0')).empty());
  for (size_t at = 0; at < 512; at++) {
    std::string damaged = archive;
    damaged[at] = '\xff';
    for (const engine::TarItem& item : items_of(damaged))
      CHECK(item.offset + item.size <= damaged.size());
  }
}

TEST_CASE("pax and GNU headers name the entry that follows") {
  std::string name(150, 'n');
  std::string file = engine::tar_of_file("short", "abc");
  std::string gnu = engine::tar_of_file("././@LongLink", name + '\0');
  gnu[156] = 'L';
  auto items = items_of(gnu.substr(0, 1024) + file);
  REQUIRE(items.size() == 1);
  CHECK(items[0].name == name);
  std::string record = cat("path=", name, "\n");
  std::string pax = engine::tar_of_file("PaxHeader", cat(record.size() + 4, " ", record));
  pax[156] = 'x';
  items = items_of(pax.substr(0, 1024) + file);
  REQUIRE(items.size() == 1);
  CHECK(items[0].name == name);
  CHECK(items[0].size == 3);
  std::string wrong = engine::tar_of_file("PaxHeader", "9999 path=x\n");
  wrong[156] = 'x';
  CHECK(items_of(wrong.substr(0, 1024) + file).empty());
}

TEST_CASE("docker's words for an image: there, not there, no daemon") {
  Scratch scratch;
  auto found =
      engine::inspect_local_docker(program(scratch,
                                           R"({"Id":"sha256:1","Architecture":"amd64","Os":"linux",
                  "Config":{"Env":["CUDA_VERSION=12.8.1"],"Labels":{"a":"b"}},
                  "GraphDriver":{"Name":"overlay2","Data":{"UpperDir":"/u","LowerDir":"/a:/b"}}})",
                                           "", 0),
                                   "x", 5s);
  REQUIRE(found);
  REQUIRE(*found);
  CHECK((*found)->architecture == "amd64");
  CHECK((*found)->config.environment == std::vector<std::string>{"CUDA_VERSION=12.8.1"});
  CHECK((*found)->config.labels.size() == 1);
  CHECK((*found)->layer_directories == std::vector<std::string>{"/u", "/a", "/b"});
  auto missing = engine::inspect_local_docker(
      program(scratch, "[]", "Error response from daemon: No such image: x:latest", 1), "x", 5s);
  REQUIRE(missing);
  CHECK_FALSE(*missing);
  auto down = engine::inspect_local_docker(
      program(scratch, "", "Cannot connect to the Docker daemon at unix:///x.", 1), "x", 5s);
  REQUIRE_FALSE(down);
  CHECK(down.error().text == "the docker daemon does not answer");
  auto denied = engine::inspect_local_docker(
      program(scratch, "", "permission denied while trying to connect", 1), "x", 5s);
  REQUIRE_FALSE(denied);
  CHECK(denied.error().code == ErrorCode::kDenied);
  CHECK_FALSE(engine::inspect_local_docker(program(scratch, "{\"Id\":", "", 0), "x", 5s));
}

TEST_CASE("podman's words for an image") {
  Scratch scratch;
  auto found = engine::inspect_local_podman(
      program(scratch, R"([{"Digest":"sha256:2","Architecture":"arm64","Config":{"Env":["A=1"]}}])",
              "", 0),
      "x", 5s);
  REQUIRE(found);
  REQUIRE(*found);
  CHECK((*found)->digest == "sha256:2");
  CHECK((*found)->architecture == "arm64");
  auto missing = engine::inspect_local_podman(
      program(scratch, "[]", "Error: inspecting object: x: image not known", 125), "x", 5s);
  REQUIRE(missing);
  CHECK_FALSE(*missing);
  auto broken = engine::inspect_local_podman(
      program(scratch, "", "time=... level=warning\nError: no storage here\n", 125), "x", 5s);
  REQUIRE_FALSE(broken);
  CHECK(broken.error().text == "podman: inspect the image: no storage here");
  CHECK_FALSE(engine::inspect_local_podman(program(scratch, "[]", "", 0), "x", 5s));
}

TEST_CASE("a log-in program that is not there is no image that is not there") {
  Scratch scratch;
  // Skopeo 1.9, with a credHelpers entry of docker's config.json.
  scratch.file(
      "skopeo",
      "#!/bin/sh\ncat >&2 <<'END'\n"
      "time=\"2026-11-21T15:20:18Z\" level=fatal msg=\"Error parsing image name "
      "\\\"docker://r.example/x\\\": getting username and password: 1 error occurred:\\n\\t* "
      "error getting credentials - err: exec: \\\"docker-credential-desktop\\\": executable "
      "file not found in $PATH, out: ``\\n\\n\"\nEND\nexit 1\n",
      0755);
  const char* path = std::getenv("PATH");
  std::string before = path ? path : "";
  REQUIRE(::setenv("PATH", cat(scratch.path, ":", before).c_str(), 1) == 0);
  auto image = engine::inspect_registry("r.example/x", "", 5s);
  REQUIRE(::setenv("PATH", before.c_str(), 1) == 0);
  REQUIRE_FALSE(image);
  CHECK(image.error().code == ErrorCode::kIo);
  CHECK(image.error().text.find("the log-in for registry 'r.example' cannot be read") !=
        std::string::npos);
  CHECK(image.error().hint.find("credsStore") != std::string::npos);
}

TEST_CASE("an engine that hangs is stopped at the deadline") {
  Scratch scratch;
  auto hung = engine::inspect_local_docker(
      scratch.file("hang", "#!/bin/sh\nexec sleep 100\n", 0755), "x", 200ms);
  REQUIRE_FALSE(hung);
  CHECK(hung.error().code == ErrorCode::kBusy);
}

TEST_CASE("registries on this machine, and names that only look like it") {
  for (const char* host :
       {"localhost", "localhost:5000", "127.0.0.1", "127.1.2.3:80", "[::1]", "[::1]:5000"})
    CHECK(engine::is_loopback(host));
  for (const char* host : {"127.evil.com", "127.0.0.1.evil.com:443", "localhost.evil.com",
                           "128.0.0.1", "[::2]:5000", "docker.io", ""})
    CHECK_FALSE(engine::is_loopback(host));
}
