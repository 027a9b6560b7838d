// SPDX-License-Identifier: Apache-2.0
#include "engine/docker_attach.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/files.h"
#include "base/text.h"

extern char** environ;

namespace outboard::engine {

namespace {

constexpr int kPassedOn[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
constexpr size_t kTail = 4096;

/// The signals that concern us, read from a descriptor instead of being delivered.
class SignalSource {
 public:
  SignalSource() {
    sigemptyset(&set_);
    for (int number : kPassedOn) sigaddset(&set_, number);
    sigaddset(&set_, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &set_, &before_);
    fd_.reset(::signalfd(-1, &set_, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~SignalSource() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  SignalSource(const SignalSource&) = delete;
  SignalSource& operator=(const SignalSource&) = delete;

  int fd() const { return fd_.get(); }
  const sigset_t& mask_before() const { return before_; }
  /// The next signal, 0 if there is none.
  int next() const {
    signalfd_siginfo info;
    if (::read(fd_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return 0;
    return static_cast<int>(info.ssi_signo);
  }

 private:
  sigset_t set_{};
  sigset_t before_{};
  UniqueFd fd_;
};

Result<pid_t> start_child(const Command& command, int stderr_fd, const sigset_t& mask,
                          bool own_group) {
  std::vector<char*> argv;
  for (const std::string& word : command.argv)
    argv.push_back(const_cast<char*>(word.c_str()));  // NOLINT: posix_spawn's signature
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, stderr_fd, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &mask);
  posix_spawnattr_setpgroup(&attributes, 0);
  // Its own group: Ctrl-C at a terminal reaches us alone.
  posix_spawnattr_setflags(
      &attributes,
      static_cast<short>(POSIX_SPAWN_SETSIGMASK | (own_group ? POSIX_SPAWN_SETPGROUP : 0)));
  pid_t child = 0;
  int failure = ::posix_spawn(&child, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failure != 0) return os_error(cat("start '", printable(command.argv[0]), "'"), failure);
  return child;
}

/// Passes on what comes, remembers its end. False: the other side closed.
bool relay(int from, std::string& tail) {
  char buffer[8192];
  ssize_t count = ::read(from, buffer, sizeof buffer);
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  if (count == 0) return false;
  std::string_view piece(buffer, static_cast<size_t>(count));
  [[maybe_unused]] auto ignored = write_all(STDERR_FILENO, piece, "stderr");
  tail += piece;
  if (tail.size() > kTail) tail.erase(0, tail.size() - kTail);
  return true;
}

}  // namespace

Result<Attached> run_docker_start(const std::string& docker, const std::string& container,
                                  const Command& start, bool terminal) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return os_error("make a pipe");
  UniqueFd errors(ends[0]);
  UniqueFd child_errors(ends[1]);
  SignalSource signals;
  OB_TRY(pid_t child, start_child(start, child_errors.get(), signals.mask_before(), !terminal));
  child_errors.reset();

  Attached result;
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    pollfd polled[2] = {{signals.fd(), POLLIN, 0}, {errors.get(), POLLIN, 0}};
    if (::poll(polled, 2, -1) < 0 && errno != EINTR) return os_error("poll");
    while (int number = signals.next()) {
      if (number == SIGCHLD) continue;
      [[maybe_unused]] auto ignored =
          run_captured({{docker, "kill", cat("--signal=", number), container}});
    }
    if (polled[1].revents != 0 && !relay(errors.get(), result.stderr_tail)) errors.reset();
  }
  ::fcntl(errors.get(), F_SETFL, O_NONBLOCK);
  while (errors.valid() && relay(errors.get(), result.stderr_tail) && errno != EAGAIN) {
  }
  result.status = WIFSIGNALED(status) ? ExitStatus{true, WTERMSIG(status)}
                                      : ExitStatus{false, WEXITSTATUS(status)};
  return result;
}

int code_of_failed_start(std::string_view words) {
  auto has = [&](std::string_view piece) { return words.find(piece) != std::string_view::npos; };
  // The daemon's own rule (moby, daemon/errors.go, setExitCodeFromError).
  if (has("executable file not found") || has("no such file or directory")) return 127;
  if (has("permission denied") || has("operation not permitted") || has("is a directory") ||
      has("exec format error"))
    return 126;
  return 125;
}

}  // namespace outboard::engine
