// SPDX-License-Identifier: Apache-2.0
#include "engine/image_drivers.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/files.h"
#include "test/scratch.h"

using namespace outboard;

static const std::string kElf64 = std::string(
                                      "\x7f"
                                      "ELF\x02\x01\x01",
                                      7) +
                                  std::string(64, '\0');

struct Image : test::Scratch {
  Image() {
    put("/usr/local/cuda-12.4/compat/libcuda.so.550.54", kElf64);
    link("libcuda.so.550.54", "/usr/local/cuda-12.4/compat/libcuda.so.1");
    link("cuda-12.4", "/usr/local/cuda");
  }

  void put(const std::string& file, const std::string& content) const {
    REQUIRE(make_directories(directory_of(path + file)));
    REQUIRE(replace_file(path + file, content));
  }
  void link(const std::string& text, const std::string& file) const {
    REQUIRE(make_directories(directory_of(path + file)));
    REQUIRE(::symlink(text.c_str(), (path + file).c_str()) == 0);
  }
  plan::Plan overruled(const std::string& search_path,
                       const std::vector<std::string>& volumes = {}) const {
    plan::Plan plan;
    plan.mounts = {{"/host/libcuda.so.580", "/usr/lib64/libcuda.so.1", false, {}}};
    plan.cache = {{"libcuda.so.1", "/usr/lib64/libcuda.so.1", 64}};
    auto root = Root::open(path, Root::Trust::kUntrusted);
    REQUIRE(root);
    engine::overrule_image_drivers(*root, {"LD_LIBRARY_PATH=" + search_path}, volumes, plan);
    return plan;
  }
};

TEST_CASE("a compat directory leaves LD_LIBRARY_PATH, and the host's library covers its own") {
  Image image;
  plan::Plan plan = image.overruled("/usr/local/cuda/compat:/opt/lib");
  REQUIRE(plan.mounts.size() == 2);
  CHECK(plan.mounts[1].target == "/usr/local/cuda-12.4/compat/libcuda.so.550.54");
  CHECK(plan.mounts[1].source == "/host/libcuda.so.580");
  REQUIRE(plan.environment.size() == 1);
  CHECK(plan.environment[0].value == "/opt/lib");
  CHECK(plan.notes.size() == 2);
}

TEST_CASE("a directory with other libraries stays in LD_LIBRARY_PATH") {
  Image image;
  image.put("/opt/lib/libcuda.so.1", kElf64);
  image.put("/opt/lib/libother.so", kElf64);
  plan::Plan plan = image.overruled("/opt/lib");
  CHECK(plan.environment.empty());
  CHECK(plan.mounts.size() == 3);  // the compat directory's, without being named
}

TEST_CASE("what comes from a volume, is 32 bit, empty or a dangling link is left alone") {
  Image image;
  CHECK(image.overruled("/usr/local/cuda/compat", {"/usr/local/cuda-12.4"}).mounts.size() == 1);
  std::string narrow = kElf64;
  narrow[4] = 1;
  image.put("/a/libcuda.so.1", narrow);
  image.put("/b/libcuda.so.1", "");
  image.link("nowhere", "/c/libcuda.so.1");
  CHECK(image.overruled("/a:/b:/c:relative::/proc/self").mounts.size() == 2);
}

TEST_CASE("libraries at the usual place are covered anyway and told") {
  Image image;
  image.put("/usr/lib64/libcuda.so.1", kElf64);
  image.link("/usr/lib64", "/opt/lib64");
  plan::Plan plan = image.overruled("/opt/lib64");
  CHECK(plan.mounts.size() == 2);
  CHECK(plan.environment.empty());
  CHECK(plan.notes[0].find("1 driver libraries of its own") != std::string::npos);

  plan::Plan unseen;
  unseen.cache = {{"libcuda.so.1", "/usr/lib64/libcuda.so.1", 64}};
  auto root = Root::open(image.path, Root::Trust::kUntrusted);
  REQUIRE(root);
  engine::overrule_image_drivers(*root, {}, {}, unseen, {"/usr/lib64/libcuda.so.1"});
  CHECK(unseen.notes.empty());
}

TEST_CASE("by name alone, for an image that cannot be looked at") {
  auto left = [](const std::string& search_path) {
    plan::Plan plan;
    plan.cache = {{"libcuda.so.1", "/usr/lib64/libcuda.so.1", 64}};
    engine::leave_out_compat_directories({"LD_LIBRARY_PATH=" + search_path}, plan);
    CHECK(plan.notes.empty() == plan.environment.empty());
    return plan.environment.empty() ? std::string("as it was") : plan.environment[0].value;
  };
  CHECK(left("/usr/local/cuda/compat:/opt/lib") == "/opt/lib");
  CHECK(left("/usr/local/cuda-12.8/compat") == "");
  CHECK(left("/opt/lib:/usr/local/cuda/compat/lib.real:/usr/local/nvidia/lib64") ==
        "/opt/lib:/usr/local/nvidia/lib64");
  CHECK(left("/usr/local/cuda/lib64:/opt/compat") == "as it was");
  CHECK(left("") == "as it was");
}
