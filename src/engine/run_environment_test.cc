// SPDX-License-Identifier: Apache-2.0
#include "engine/run_environment.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>

#include "base/files.h"
#include "test/scratch.h"

using namespace outboard;

static std::vector<std::string> environment(const std::vector<engine::GivenOption>& options) {
  engine::RunWords words;
  words.options = options;
  auto made = engine::run_environment({"A=image", "NVIDIA_REQUIRE_CUDA=cuda>=99"}, words);
  REQUIRE(made);
  return *made;
}

TEST_CASE("a container's environment is the image's, then files', then the command line's") {
  using Entries = std::vector<std::string>;
  ::setenv("NVIDIA_DISABLE_REQUIRE", "true", 1);
  ::unsetenv("NVIDIA_REQUIRE_CUDA");
  CHECK(environment({{"env", "A=mine"}, {"env", "NVIDIA_DISABLE_REQUIRE"}}) ==
        Entries{"A=mine", "NVIDIA_REQUIRE_CUDA=cuda>=99", "NVIDIA_DISABLE_REQUIRE=true"});
  CHECK(environment({{"env", "NVIDIA_REQUIRE_CUDA"}}) == Entries{"A=image"});

  test::Scratch scratch;
  const std::string path = scratch / "env";
  REQUIRE(replace_file(path,
                       "# comment\n\n  B=x y # no "
                       "comment\r\nA=file\nNVIDIA_DISABLE_REQUIRE\nNVIDIA_REQUIRE_CUDA\n"));
  CHECK(environment({{"env", "A=mine"}, {"env-file", path}}) ==
        Entries{"A=mine", "NVIDIA_REQUIRE_CUDA=cuda>=99", "B=x y # no comment",
                "NVIDIA_DISABLE_REQUIRE=true"});
  REQUIRE(::unlink(path.c_str()) == 0);
  ::unsetenv("NVIDIA_DISABLE_REQUIRE");

  engine::RunWords words;
  words.options = {{"env-file", path}};
  CHECK_FALSE(engine::run_environment({}, words));
  words.options = {{"env-host", std::nullopt}};
  CHECK_FALSE(engine::run_environment({}, words));
}
