// SPDX-License-Identifier: Apache-2.0
#include "app/policy.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/prepare_host.h"
#include "base/files.h"
#include "test/scratch.h"

using namespace outboard;

static std::string refused(const char* text) {
  auto policy = app::parse_policy(text, "c.toml");
  REQUIRE_FALSE(policy);
  return policy.error().text;
}

TEST_CASE("a policy is read with every key") {
  auto policy = app::parse_policy(
      "[runtime]\nlow-level = ['crun', '/opt/runc']\nlog = '/var/log/o'\nstate-directory = '/s'\n"
      "[driver]\nroot = '/run/nvidia/driver'\ndev-root = '/d'\nproc-root = '/p'\nsys-root = '/y'\n"
      "[requests]\nenvironment = false\nenvironment-as-default = true\nmount-list = "
      "false\n[nvml]\nhelper = '/h'\ndeadline-ms = 5\n",
      "c.toml");
  REQUIRE(policy);
  CHECK(policy->low_level_runtimes == std::vector<std::string>{"crun", "/opt/runc"});
  CHECK(policy->roots.driver == "/run/nvidia/driver");
  CHECK(policy->roots.dev == "/d");
  CHECK_FALSE(policy->environment);
  CHECK(policy->environment_as_default);
  CHECK_FALSE(policy->mount_list);
  CHECK(policy->nvml_deadline_ms == 5);
}

TEST_CASE("what is wrong is named with its line") {
  CHECK(refused("[runtime]\nlowlevel = ['runc']") == "c.toml:2: unknown key 'runtime.lowlevel'");
  CHECK(refused("x = 1") == "c.toml:1: unknown key 'x'");
  CHECK(refused("[driver]\nroot = 'relative'") ==
        "c.toml:2: 'driver.root' must be an absolute path");
  CHECK(refused("[requests]\nenvironment = 'yes'") ==
        "c.toml:2: 'requests.environment' must be true or false");
  CHECK(refused("[runtime]\nlow-level = []") ==
        "c.toml:2: 'runtime.low-level' must be a list of program names or absolute paths");
  CHECK(refused("[runtime]\nlow-level = ['./runc']").find("must be a list") != std::string::npos);
  CHECK(refused("[driver]\nroot = \"/a\\u0000b\"") ==
        "c.toml:2: 'driver.root' must be an absolute path");
  CHECK(refused("[runtime]\nlow-level = [\"runc\\u0000\"]").find("must be a list") !=
        std::string::npos);
  CHECK(refused("\xc3\xbd.x = 1").find("c.toml:1: ") == 0);
  CHECK(refused("[!").find("c.toml:1: not valid TOML") == 0);
  CHECK(refused("[runtime\n").find("c.toml:1: not valid TOML") == 0);
}

TEST_CASE("no file means the defaults") {
  auto policy = app::read_policy("/no/such/file");
  REQUIRE(policy);
  CHECK(policy->low_level_runtimes == std::vector<std::string>{"runc", "crun"});
  CHECK(policy->environment);
  CHECK_FALSE(policy->environment_as_default);
}

TEST_CASE("a policy file that others can write is not read by root") {
  if (!app::is_real_root()) return;
  test::Scratch scratch;
  const std::string& dir = scratch.path;
  std::string file = dir + "/config.toml";
  REQUIRE(replace_file(file, "driver.root = '/opt'"));
  CHECK(app::read_policy(file)->roots.driver == "/opt");
  REQUIRE(::chmod(file.c_str(), 0666) == 0);
  auto policy = app::read_policy(file);
  REQUIRE_FALSE(policy);
  CHECK(policy.error().text.find("writable by everybody, so it is not read") != std::string::npos);
  REQUIRE(::chmod(file.c_str(), 0644) == 0);
  REQUIRE(::chown(file.c_str(), 1234, 0) == 0);
  CHECK_FALSE(app::read_policy(file));
}
