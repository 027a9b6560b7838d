// SPDX-License-Identifier: Apache-2.0
#include "app/runtime/command_line.h"

#include <doctest/doctest.h>

using outboard::runtime::read_command_line;
using Words = std::vector<std::string>;

TEST_CASE("containerd's and podman's way of calling") {
  auto line = read_command_line({"--root", "/run/x", "--log", "/b/log.json", "--log-format", "json",
                                 "--systemd-cgroup", "create", "--bundle", "/b", "--pid-file",
                                 "/b/init.pid", "--console-socket=/s", "id"});
  CHECK(line.command == "create");
  CHECK(line.bundle == "/b");
  CHECK(line.log == "/b/log.json");
  CHECK(line.log_format == "json");
  CHECK(line.passed_on.size() == 14);
  CHECK(line.root == "/run/x");
  CHECK(line.container == "id");
}

TEST_CASE("short, joined and single-dash forms") {
  auto line = read_command_line({"-log=/l", "--rootless=true", "run", "-b", "/b", "-d", "id"});
  CHECK(line.log == "/l");
  CHECK(line.command == "run");
  CHECK(line.bundle == "/b");
  CHECK(read_command_line({"create", "--bundle=/x", "id"}).bundle == "/x");
  CHECK(read_command_line({"create", "id"}).bundle == ".");
  CHECK(read_command_line({"create", "-f", "c.json", "id"}).config == "c.json");
}

TEST_CASE("the container's id, with options before and after it") {
  CHECK(read_command_line({"--root", "/r", "delete", "--force", "id"}).container == "id");
  CHECK(read_command_line({"delete", "id", "--force"}).container == "id");
  CHECK(read_command_line({"delete", "--", "-id"}).container == "-id");
  CHECK(read_command_line({"delete"}).container.empty());
}

TEST_CASE("commands that are not ours keep every word") {
  Words exec = {"--root", "/r", "exec", "--bundle", "x", "id", "sh", "-c", "create"};
  auto line = read_command_line(exec);
  CHECK(line.command == "exec");
  CHECK(line.bundle == ".");
  CHECK(line.passed_on == exec);
  CHECK(read_command_line({"--version"}).command.empty());
  CHECK(read_command_line({}).passed_on.empty());
}

TEST_CASE("our own options are taken out, before the command only") {
  auto line = read_command_line({"--outboard-config", "/c.toml", "--outboard-entry=default",
                                 "--root", "/r", "create", "--outboard-config", "id"});
  CHECK(line.policy_file == "/c.toml");
  CHECK(line.as_default);
  CHECK(line.passed_on == Words{"--root", "/r", "create", "--outboard-config", "id"});
  CHECK(line.problem.empty());
  CHECK_FALSE(read_command_line({"--outboard-config=relative", "create"}).problem.empty());
  CHECK_FALSE(read_command_line({"--outboard-entry=x", "create"}).problem.empty());
}

TEST_CASE("a value that is missing at the end does no harm") {
  CHECK(read_command_line({"--log"}).command.empty());
  CHECK(read_command_line({"create", "--bundle"}).bundle.empty());
}
