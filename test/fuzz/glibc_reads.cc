// SPDX-License-Identifier: Apache-2.0
#include "glibc_reads.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/files.h"
#include "base/process.h"
#include "base/text.h"
#include "require.h"
#include "scratch.h"

namespace outboard::fuzz {

namespace {

constexpr int kNoNamespace = 99;

// One file for all inputs. (A memfd cannot be bind-mounted.)
std::string cache_file(std::string_view cache) {
  std::string path = join_path(scratch_directory(), "ld.so.cache");
  FUZZ_REQUIRE(replace_file(path, cache), path);
  return path;
}

// In the child: a mount namespace with the file over the machine's cache, then a program that does
// nothing.
[[noreturn]] void run_loader(const char* file, char* const* environment) {
  bool alone = ::unshare(CLONE_NEWNS) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
  if (!alone || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount(file, "/etc/ld.so.cache", nullptr, MS_BIND, nullptr) != 0) {
    ::_exit(kNoNamespace);
  }
  char program[] = "/bin/true";
  char* argv[] = {program, nullptr};
  ::execve(program, argv, environment);
  ::_exit(kNoNamespace);
}

// libFuzzer's timer interrupts system calls.
std::string read_to_end(int fd) {
  std::string text;
  char block[4096];
  while (true) {
    ssize_t count = ::read(fd, block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    FUZZ_REQUIRE(count >= 0);
    if (count == 0) return text;
    text.append(block, static_cast<size_t>(count));
  }
}

// "  PID:\tfind library=NAME [0]; searching", later "  PID:\t search cache=...", and directly after
// it "  PID:\t  trying file=PATH" if the cache had an answer.
std::string answer_for(std::string_view debug_text, const std::string& name) {
  size_t at = debug_text.find(cat("find library=", name, " "));
  FUZZ_REQUIRE(at != std::string_view::npos, name,
               debug_text.empty() ? "an answer of the loader" : debug_text);
  debug_text.remove_prefix(at);
  take_until(debug_text, "\n");
  debug_text = debug_text.substr(0, debug_text.find("find library="));
  if (debug_text.find("search cache=") == std::string_view::npos) return {};
  take_until(debug_text, "search cache=");
  take_until(debug_text, "\n");
  std::string_view line = take_until(debug_text, "\n");
  size_t trying = line.find("trying file=");
  if (trying == std::string_view::npos) return {};
  return std::string(line.substr(trying + 12));
}

}  // namespace

std::optional<std::vector<std::string>> printed_by_ldconfig(std::string_view cache) {
  static const auto program = find_program("ldconfig", &system_program_directories());
  FUZZ_REQUIRE(program, "no ldconfig on this machine");
  auto output = run_captured({{*program, "-p", "-C", cache_file(cache)}});
  FUZZ_REQUIRE(output, "ldconfig could not be started");
  if (!output->status.success()) return std::nullopt;
  std::string_view text = output->out;
  take_until(text, "\n");
  return lines_of(text);
}

std::optional<std::vector<std::string>> found_by_loader(std::string_view cache,
                                                        const std::vector<std::string>& names) {
  std::string file = cache_file(cache);
  std::string preload = cat("LD_PRELOAD=", join(names, " "));
  std::string debug = "LD_DEBUG=libs";
  char* environment[] = {preload.data(), debug.data(), nullptr};
  int ends[2];
  FUZZ_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  pid_t child = ::fork();
  FUZZ_REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    run_loader(file.c_str(), environment);
  }
  ::close(ends[1]);
  std::string text = read_to_end(ends[0]);
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) FUZZ_REQUIRE(errno == EINTR);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoNamespace) return std::nullopt;
  std::vector<std::string> found;
  for (const std::string& name : names) found.push_back(answer_for(text, name));
  return found;
}

}  // namespace outboard::fuzz
