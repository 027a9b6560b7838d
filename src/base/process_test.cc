// SPDX-License-Identifier: Apache-2.0
#include "base/process.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "base/text.h"
#include "test/scratch.h"

using namespace outboard;
using Clock = std::chrono::steady_clock;

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

TEST_CASE("a program that closes its outputs and goes on is stopped, and one that ends is not") {
  auto begin = Clock::now();
  auto output = run_captured({{"/bin/sh", "-c", "exec >&- 2>&-; sleep 20"}},
                             {.deadline = std::chrono::milliseconds(50)});
  REQUIRE_FALSE(output);
  CHECK(output.error().code == ErrorCode::kBusy);
  CHECK(output.error().text == "'/bin/sh' did not finish within 50 ms and was stopped");
  CHECK(Clock::now() - begin < std::chrono::seconds(10));
  output = run_captured({{"/bin/sh", "-c", "exec >&- 2>&-; sleep 0.01; exit 4"}});
  REQUIRE(output);
  CHECK(output->status.number == 4);
}

// A parent does not hear of the end of a child that somebody else traces: to us it looks like one
// that is stuck in the kernel. The tracer must be faster than the deadline, which a busy machine
// makes longer.
TEST_CASE("a program that does not die is not waited for") {
  test::Scratch scratch;
  const std::string fifo = scratch / "fifo";
  bool traced = false;
  for (int deadline = 200; deadline <= 3200 && !traced; deadline *= 4) {
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    int traces[2];
    REQUIRE(::pipe2(traces, O_CLOEXEC | O_NONBLOCK) == 0);
    pid_t tracer = ::fork();
    if (tracer == 0) {
      char line[20] = {};
      int fd = ::open(fifo.c_str(), O_RDONLY);
      auto child = ::read(fd, line, sizeof line - 1) > 0 ? parse_number<pid_t>(trim(line))
                                                         : std::optional<pid_t>();
      if (!child || ::ptrace(PTRACE_SEIZE, *child, nullptr, nullptr) != 0) ::_exit(1);
      if (::write(traces[1], "x", 1) == 1) ::pause();
      ::_exit(1);
    }
    auto begin = Clock::now();
    auto output = run_captured({{"/bin/sh", "-c", "echo $$ >\"$1\"; exec sleep 20", "sh", fifo}},
                               {.deadline = std::chrono::milliseconds(deadline)});
    auto taken = Clock::now() - begin;
    char byte;
    traced = ::read(traces[0], &byte, 1) == 1;
    ::kill(tracer, SIGKILL);
    ::waitpid(tracer, nullptr, 0);
    ::close(traces[0]);
    ::close(traces[1]);
    std::remove(fifo.c_str());
    REQUIRE_FALSE(output);
    CHECK(output.error().code == ErrorCode::kBusy);
    CHECK(taken < std::chrono::seconds(10));
    if (!traced) continue;
    CHECK(output.error().text ==
          cat("'/bin/sh' did not finish within ", deadline,
              " ms and does not end although it was killed: it is stuck in the kernel"));
  }
  if (!traced) MESSAGE("SKIPPED: this machine lets no process trace another");
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
  CHECK(shell_text({"a\nb"}) == "'a\nb'");
  CHECK(shell_text({"it's \x1b[2J\\1\xc2\x9b"}) == "$'it\\'s \\033[2J\\\\1\\302\\233'");
  auto output =
      run_captured({{"/bin/bash", "-c", "printf %s " + shell_text({"'\x1b[2J\\1\n\xe4"})}});
  REQUIRE(output);
  CHECK(output->out == "'\x1b[2J\\1\n\xe4");
}

TEST_CASE("a sink gets the output piece by piece, beyond the limit, and ends the program") {
  size_t count = 0;
  CaptureOptions options;
  options.limit = 10;
  options.sink = [&](std::string_view bytes) {
    count += bytes.size();
    return true;
  };
  auto output = run_captured({{"head", "-c", "1000000", "/dev/zero"}}, options);
  REQUIRE(output);
  CHECK(count == 1'000'000);
  CHECK(output->status.success());
  CHECK(!output->stopped);
  CHECK(output->out.empty());
  options.sink = [&](std::string_view) { return false; };
  output = run_captured({{"cat", "/dev/zero"}}, options);
  REQUIRE(output);
  CHECK(output->stopped);
  CHECK(output->status.signalled);
}
