// SPDX-License-Identifier: Apache-2.0
#include "base/process.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

using namespace outboard;

TEST_CASE("output, status and input of a program") {
  auto output = run_captured({{"/bin/sh", "-c", "cat; echo err >&2; exit 3"}}, {.input = "hello"});
  REQUIRE(output);
  CHECK(output->out == "hello");
  CHECK(output->err == "err\n");
  CHECK(output->status.number == 3);
}

TEST_CASE("a program that hangs is stopped") {
  auto output =
      run_captured({{"/bin/sh", "-c", "sleep 100"}}, {.deadline = std::chrono::milliseconds(50)});
  REQUIRE_FALSE(output);
  CHECK(output.error().code == ErrorCode::kBusy);
}

TEST_CASE("a program that does not exist is an error, a signal is a status") {
  CHECK_FALSE(run_captured({{"/no/such/program"}}));
  auto output = run_captured({{"/bin/sh", "-c", "kill -9 $$"}});
  REQUIRE(output);
  CHECK(output->status.signalled);
  CHECK(output->status.shell_code() == 137);
}

TEST_CASE("a captured program gets no other descriptor, and SIGPIPE is as before") {
  int inherited = ::fcntl(STDIN_FILENO, F_DUPFD, 50);  // without FD_CLOEXEC, as an engine's are
  REQUIRE(inherited >= 50);
  auto output = run_captured({{"/bin/sh", "-c", "[ -e /proc/$$/fd/2 ] && [ ! -e /proc/$$/fd/$1 ]",
                               "sh", std::to_string(inherited)}});
  REQUIRE(output);
  CHECK(output->status.success());
  ::close(inherited);
  struct sigaction action {};
  sigaction(SIGPIPE, nullptr, &action);
  CHECK((action.sa_handler == SIG_DFL));
}

TEST_CASE("a program starts where it is told to") {
  auto output = run_captured({{"/bin/pwd"}, std::vector<std::string>{}, "/usr"});
  REQUIRE(output);
  CHECK(output->out == "/usr\n");
  CHECK_FALSE(run_captured({{"/bin/pwd"}, std::nullopt, "/no/such/directory"}));
}

TEST_CASE("shell text can be pasted") {
  CHECK(shell_text({"a", "b c", "it's", ""}) == "a 'b c' 'it'\\''s' ''");
}
