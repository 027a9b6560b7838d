// SPDX-License-Identifier: Apache-2.0
// posix_spawn-like start with fork and exec: between the two only async-signal-safe calls; a failed
// exec reports its errno through a close-on-exec pipe.
#include "base/process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/fd.h"
#include "base/files.h"
#include "base/text.h"

extern char** environ;

namespace outboard {

static std::string quoted(std::string_view word) {
  std::string out = "'";
  for (char c : word) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

// $'\x1b[2J', which bash, zsh and POSIX 2024 have: a name that an image chose must not command the
// terminal. Octal, because \xNN takes the digits behind it in some shells.
static std::string quoted_bytes(std::string_view word) {
  std::string out = "$'";
  for (char c : word) {
    unsigned char byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      if (c == '\'' || c == '\\') out += '\\';
      out += c;
    } else {
      out += '\\';
      for (int shift : {6, 3, 0}) out += static_cast<char>('0' + (byte >> shift & 7));
    }
  }
  return out + "'";
}

std::string shell_text(const std::vector<std::string>& argv) {
  static constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%^";
  std::string out;
  for (const std::string& word : argv) {
    if (!out.empty()) out += ' ';
    if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) {
      out += word;
      continue;
    }
    bool plain = true;
    for (std::string_view line : split(word, '\n'))
      plain = plain && printable(line, std::string::npos) == line;
    out += plain ? quoted(word) : quoted_bytes(word);
  }
  return out;
}

const std::vector<std::string>& system_program_directories() {
  static const std::vector<std::string> kDirectories = {
      "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"};
  return kDirectories;
}

std::optional<std::string> find_program(const std::string& name,
                                        const std::vector<std::string>* directories) {
  auto is_program = [](const std::string& path) {
    struct stat status;
    return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
           ::access(path.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos)
    return is_program(name) ? std::optional(name) : std::nullopt;
  std::vector<std::string> from_environment;
  if (!directories) {
    const char* path = std::getenv("PATH");  // NOLINT: one thread
    for (std::string_view part : split(path ? path : "/usr/bin:/bin", ':'))
      from_environment.emplace_back(part);
    directories = &from_environment;
  }
  for (const std::string& directory : *directories) {
    std::string path = join_path(directory.empty() ? "." : directory, name);
    if (is_program(path)) return path;
  }
  return std::nullopt;
}

namespace {

std::vector<char*> c_strings(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts)
    pointers.push_back(const_cast<char*>(text.c_str()));  // NOLINT: exec's signature
  pointers.push_back(nullptr);
  return pointers;
}

struct Pipe {
  UniqueFd read, write;
};

Result<Pipe> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return os_error("make a pipe");
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// Forks and executes; `stdio` are the descriptors for 0, 1, 2, or -1 to inherit. With all three
// given, nothing else is inherited.
Result<pid_t> spawn(const Command& command, std::array<int, 3> stdio) {
  auto program = find_program(command.argv.at(0));
  if (!program) {
    return make_error(ErrorCode::kNotFound,
                      cat("start '", printable(command.argv[0]), "': no such program"));
  }
  std::vector<char*> argv = c_strings(command.argv);
  std::vector<char*> environment =
      command.environment ? c_strings(*command.environment) : std::vector<char*>{};
  char** envp = command.environment ? environment.data() : environ;
  OB_TRY(Pipe failure, make_pipe());
  pid_t child = ::fork();
  if (child < 0) return os_error(cat("start '", printable(command.argv[0]), "'"));
  if (child == 0) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    for (int target = 0; target < 3; target++) {
      if (stdio[static_cast<size_t>(target)] >= 0)
        ::dup2(stdio[static_cast<size_t>(target)], target);
    }
    // Ours are close-on-exec, but those that an engine handed over are not. Linux 5.11.
    if (stdio[0] >= 0 && stdio[1] >= 0 && stdio[2] >= 0)
      ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
    if (command.working_directory.empty() || ::chdir(command.working_directory.c_str()) == 0)
      ::execve(program->c_str(), argv.data(), envp);
    int number = errno;
    [[maybe_unused]] ssize_t written = ::write(failure.write.get(), &number, sizeof number);
    ::_exit(127);
  }
  failure.write.reset();
  int number = 0;
  ssize_t count;
  do {
    count = ::read(failure.read.get(), &number, sizeof number);
  } while (count < 0 && errno == EINTR);
  if (count == static_cast<ssize_t>(sizeof number)) {
    ::waitpid(child, nullptr, 0);
    return os_error(cat("start '", printable(command.argv[0]), "'"), number);
  }
  return child;
}

ExitStatus exit_status(int status) {
  if (WIFSIGNALED(status)) return {true, WTERMSIG(status)};
  return {false, WEXITSTATUS(status)};
}

ExitStatus wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return exit_status(status);
}

using Clock = std::chrono::steady_clock;

// How long a killed child may take to vanish: it gives back its memory first.
constexpr std::chrono::milliseconds kDeath{500};

// Nothing if it has not ended by then. Without SIGCHLD, which belongs to whoever we are part of.
std::optional<ExitStatus> wait_until(pid_t child, Clock::time_point deadline) {
  for (useconds_t pause = 50;; pause = std::min<useconds_t>(2 * pause, 10'000)) {
    int status = 0;
    pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended < 0 && errno == EINTR) continue;
    if (ended != 0) return exit_status(status);
    if (Clock::now() >= deadline) return std::nullopt;
    ::usleep(pause);
  }
}

Error too_slow(const Command& command, const CaptureOptions& options) {
  return make_error(ErrorCode::kBusy,
                    cat("'", printable(command.argv[0]), "' did not finish within ",
                        options.deadline.count(), " ms and was stopped"));
}

// Reads both outputs and feeds the input until all are closed, the deadline passes or a limit is
// reached.
Result<void> exchange(const Command& command, UniqueFd input, UniqueFd out, UniqueFd err,
                      const CaptureOptions& options, Clock::time_point deadline, Output& output) {
  std::string_view rest = options.input;
  if (rest.empty()) input.reset();
  while (out.valid() || err.valid()) {
    auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return too_slow(command, options);
    pollfd polled[3] = {{out.get(), POLLIN, 0}, {err.get(), POLLIN, 0}, {input.get(), POLLOUT, 0}};
    if (::poll(polled, 3, static_cast<int>(left)) < 0 && errno != EINTR) return os_error("poll");
    for (int i = 0; i < 2; i++) {
      if (polled[i].revents == 0) continue;
      UniqueFd& source = i == 0 ? out : err;
      std::string& sink = i == 0 ? output.out : output.err;
      char buffer[65536];
      ssize_t count = ::read(source.get(), buffer, sizeof buffer);
      if (count > 0 && i == 0 && options.sink) {
        output.stopped = !options.sink(std::string_view(buffer, static_cast<size_t>(count)));
        if (output.stopped) return {};
      } else if (count > 0) {
        sink.append(buffer, static_cast<size_t>(count));
      } else if (count == 0 || errno != EINTR) {
        source.reset();
      }
      if (sink.size() > options.limit) {
        return make_error(ErrorCode::kUnsupported,
                          cat("'", printable(command.argv[0]), "' printed more than ",
                              options.limit >> 10, " KiB"));
      }
    }
    if (polled[2].revents != 0) {
      ssize_t count = ::write(input.get(), rest.data(), rest.size());
      if (count > 0) rest.remove_prefix(static_cast<size_t>(count));
      if (rest.empty() || (count < 0 && errno != EINTR && errno != EAGAIN)) input.reset();
    }
  }
  return {};
}

// A child that ends before it has read its input must not end us; afterwards the signal is as it
// was, because a program that we become by exec inherits it.
class IgnoredPipeSignal {
 public:
  IgnoredPipeSignal() {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, &before_);
  }
  ~IgnoredPipeSignal() { sigaction(SIGPIPE, &before_, nullptr); }
  IgnoredPipeSignal(const IgnoredPipeSignal&) = delete;
  IgnoredPipeSignal& operator=(const IgnoredPipeSignal&) = delete;

 private:
  struct sigaction before_ {};
};

volatile sig_atomic_t attached_child = 0;
void pass_on(int signal) {
  if (attached_child > 0) ::kill(static_cast<pid_t>(attached_child), signal);
}

}  // namespace

Result<Output> run_captured(const Command& command, const CaptureOptions& options) {
  OB_TRY(Pipe input, make_pipe());
  OB_TRY(Pipe out, make_pipe());
  OB_TRY(Pipe err, make_pipe());
  IgnoredPipeSignal ignored;
  OB_TRY(pid_t child, spawn(command, {input.read.get(), out.write.get(), err.write.get()}));
  input.read.reset();
  out.write.reset();
  err.write.reset();
  ::fcntl(input.write.get(), F_SETFL, O_NONBLOCK);
  auto deadline = Clock::now() + options.deadline;
  Output output;
  auto done = exchange(command, std::move(input.write), std::move(out.read), std::move(err.read),
                       options, deadline, output);
  if (done && !output.stopped) {
    // A program that has closed its outputs can go on.
    if (auto status = wait_until(child, deadline)) {
      output.status = *status;
      return output;
    }
    done = too_slow(command, options);
  }
  ::kill(child, SIGKILL);
  // It is dead within moments, or stuck in the kernel, as in a driver's ioctl: then no wait ends.
  auto killed = wait_until(child, Clock::now() + kDeath);
  if (output.stopped) {
    output.status = killed.value_or(ExitStatus{true, SIGKILL});
    return output;
  }
  if (killed || done.error().code != ErrorCode::kBusy) return std::move(done).error();
  return make_error(
      ErrorCode::kBusy,
      cat("'", printable(command.argv[0]), "' did not finish within ", options.deadline.count(),
          " ms and does not end although it was killed: it is stuck in the kernel"),
      "look at what 'dmesg' says last; a restart of the machine ends it");
}

Result<ExitStatus> run_attached(const Command& command) {
  constexpr int kPassed[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  struct sigaction old_actions[4];
  sigset_t blocked, before;
  sigemptyset(&blocked);
  for (int signal : kPassed) sigaddset(&blocked, signal);
  // Blocked until the child's number is known, so that a signal in between is not lost.
  sigprocmask(SIG_BLOCK, &blocked, &before);
  auto child = spawn(command, {-1, -1, -1});
  if (!child) {
    sigprocmask(SIG_SETMASK, &before, nullptr);
    return std::move(child).error();
  }
  attached_child = static_cast<sig_atomic_t>(*child);
  struct sigaction action {};
  action.sa_handler = pass_on;
  for (size_t i = 0; i < 4; i++) sigaction(kPassed[i], &action, &old_actions[i]);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  ExitStatus status = wait_for(*child);
  attached_child = 0;
  for (size_t i = 0; i < 4; i++) sigaction(kPassed[i], &old_actions[i], nullptr);
  return status;
}

Error exec_program(const std::string& path, const std::vector<std::string>& argv) {
  ::execv(path.c_str(), c_strings(argv).data());
  return os_error(cat("start '", printable(path), "'"));
}

}  // namespace outboard
