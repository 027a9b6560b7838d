// SPDX-License-Identifier: Apache-2.0
#include "engine/run_words.h"

#include <doctest/doctest.h>

using namespace outboard;          // NOLINT: a test
using namespace outboard::engine;  // NOLINT

namespace {

const std::vector<Option> kOwn = {{"gpus", 0, "SPEC", "", ""}, {"dry-run", 0, "", "", ""}};

RunWords split(const std::vector<std::string>& words) {
  auto result = split_run_words(words, kOwn);
  REQUIRE(result);
  return *result;
}

Error failure(const std::vector<std::string>& words) {
  auto result = split_run_words(words, kOwn);
  REQUIRE(!result);
  return result.error();
}

}  // namespace

TEST_CASE("our options, the engine's, image and command are told apart") {
  RunWords words = split({"--gpus", "all", "--rm", "-it", "-v", "/a:/b", "--dry-run", "-e=A=1",
                          "-eB=2", "--name", "x", "ubuntu", "nvidia-smi", "-L", "--gpus"});
  CHECK(words.own == std::vector<std::string>{"--gpus=all", "--dry-run"});
  CHECK(option_words(words.options) == std::vector<std::string>{"--rm", "--interactive", "--tty",
                                                                "--volume=/a:/b", "--env=A=1",
                                                                "--env=B=2", "--name=x"});
  CHECK(words.image == "ubuntu");
  CHECK(words.arguments == std::vector<std::string>{"nvidia-smi", "-L", "--gpus"});
}

TEST_CASE("clusters, switches with a value, the double dash") {
  RunWords words = split({"-itv", "/a:/b", "--rm=false", "--sig-proxy=false", "-dw/x", "--", "-i"});
  CHECK(words.value("volume") == "/a:/b");
  CHECK(!words.is_on("rm"));
  CHECK(words.is_on("interactive"));
  CHECK(words.is_on("detach"));
  CHECK(words.value("workdir") == "/x");
  CHECK(words.image == "-i");
  std::vector<std::string> argv;
  append_image(argv, words);
  CHECK(argv == std::vector<std::string>{"--", "-i"});
  CHECK(split({}).image.empty());
  CHECK(split({"--gpus=device=0,2", "i"}).own == std::vector<std::string>{"--gpus=device=0,2"});
}

TEST_CASE("a value that starts with a dash, and options that only the engine knows") {
  CHECK(split({"--entrypoint", "-x", "i"}).value("entrypoint") == "-x");
  CHECK(split({"--brand-new=1", "i"}).value("brand-new") == "1");
  Error unknown = failure({"--brand-new", "i"});
  CHECK(unknown.code == ErrorCode::kUsage);
  CHECK(unknown.text == "run: unknown option '--brand-new'");
  CHECK(unknown.hint.find("--brand-new=VALUE") != std::string::npos);
  CHECK(failure({"--volme", "x", "i"}).hint == "did you mean '--volume'?");
  CHECK(failure({"-z", "i"}).text == "run: unknown option '-z'");
  CHECK(failure({"--name"}).text == "run: option '--name' needs a value");
  CHECK(failure({"-itv"}).text == "run: option '-v' needs a value");
  CHECK(failure({"--gpus"}).text == "run: option '--gpus' needs a value");
}

TEST_CASE("the last of several counts, and all can be had") {
  RunWords words = split({"-e", "A", "-e", "B", "--rm", "--rm=false", "--network", "a", "i"});
  CHECK(words.values("env") == std::vector<std::string>{"A", "B"});
  CHECK(!words.is_on("rm"));
  CHECK(!words.value("net"));
  words.remove("env");
  CHECK(words.values("env").empty());
}

TEST_CASE("where volumes, mounts and tmpfs go") {
  RunWords words = split({"-v", "/a:/b:ro", "-v", "/alone/", "--mount",
                          "type=bind,src=/c,target=/d", "--mount", "type=tmpfs,dst=/e", "--mount",
                          "destination=/f,ro", "--tmpfs", "/g:size=1m", "-v", "", "i"});
  CHECK(mount_targets(words) == std::vector<std::string>{"/b", "/alone", "/d", "/e", "/f", "/g"});
}
