// SPDX-License-Identifier: Apache-2.0
// outboard-runtime: an OCI runtime that edits the bundle of a container which asks for a GPU and
// then becomes the low-level runtime (exec). Called by an engine as root for every container, so:
// one pass, no child unless the machine is cold, nothing taken from the environment, and a
// container that asks for no GPU is passed on whatever state anything of ours is in.
#include <fcntl.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <new>

#include "app/policy.h"
#include "app/runtime/command_line.h"
#include "app/runtime/error_log.h"
#include "app/runtime/gpu_edit.h"
#include "base/files.h"
#include "base/process.h"
#include "base/text.h"

namespace outboard::runtime {
namespace {

// Docker starts this name as a prestart hook for --gpus when the container does not go through
// outboard-runtime.
constexpr const char* kHookName = "nvidia-container-runtime-hook";

int refuse_hook() {
  std::fputs(
      "outboard: this container asked for GPUs (--gpus) but was started by a runtime that is not "
      "outboard-runtime, and outboard runs no hooks.\n"
      "Start it with '--runtime outboard', or make outboard-runtime the daemon's default "
      "runtime.\n",
      stderr);
  return 1;
}

class Program {
 public:
  explicit Program(CommandLine line) : line_(std::move(line)) {}

  int run() {
    if (!line_.problem.empty()) return fail(make_error(ErrorCode::kUsage, line_.problem));
    auto policy =
        app::read_policy(line_.policy_file.empty() ? app::kPolicyPath : line_.policy_file);
    if (policy) log_file_ = policy->log;
    if (line_.command == "create" || line_.command == "run") {
      if (auto done = edit(policy); !done) return fail(done.error());
    }
    app::Policy used = policy ? std::move(*policy) : app::Policy{};
    if (line_.command == "delete") {
      if (auto record = load_record(used.state_directory, key())) return run_delete(used, *record);
    }
    return become_low_level(used);
  }

 private:
  ContainerKey key() const { return {line_.root, line_.container}; }

  Result<void> edit(Result<app::Policy>& policy) {
    EditRequest request{line_.bundle, line_.config, line_.as_default, key()};
    // `run` ends in the low-level runtime's own delete, which we do not see: no record could ever
    // be used.
    request.keep_record = line_.command == "create";
    FailureWatch watch;
    auto text = read_spec(request);
    // A specification that cannot be read is the low-level runtime's to complain about, unless it
    // is merely too large for us, or the kernel had nothing left to read it with just now.
    if (!text && text.error().code != ErrorCode::kUnsupported && !watch.failure()) return {};
    if (!text) return std::move(text).error();
    if (!may_concern_gpu(*text)) return {};
    if (!policy) return std::move(policy).error();
    auto outcome = edit_bundle(request, *text, *policy);
    if (!outcome) return std::move(outcome).error();
    for (const std::string& note : outcome->notes) append_log(log_file_, "text", "info", note);
    return {};
  }

  // The low-level runtime's program and arguments.
  Result<std::vector<std::string>> low_level_command(const app::Policy& policy) const {
    for (const std::string& name : policy.low_level_runtimes) {
      auto path = find_program(name, &system_program_directories());
      if (!path) continue;
      std::vector<std::string> argv = {*path};
      argv.insert(argv.end(), line_.passed_on.begin(), line_.passed_on.end());
      return argv;
    }
    return make_error(ErrorCode::kNotFound,
                      cat("no low-level runtime: none of ", join(policy.low_level_runtimes, ", "),
                          " is in ", join(system_program_directories(), ":")),
                      "install runc or crun, or name its path with low-level under [runtime] in "
                      "/etc/outboard/config.toml");
  }

  int become_low_level(const app::Policy& policy) {
    auto argv = low_level_command(policy);
    if (!argv) return fail(argv.error());
    return fail(exec_program(argv->front(), *argv));
  }

  // The one call that waits for the low-level runtime: while the container exists its mounts cover
  // what must go.
  int run_delete(const app::Policy& policy, const ContainerRecord& record) {
    auto argv = low_level_command(policy);
    if (!argv) return fail(argv.error());
    auto status = run_attached({*argv});
    if (!status) return fail(status.error());
    if (status->success() || !container_exists()) clean_root(policy.state_directory, key(), record);
    return status->shell_code();
  }

  // False if there is certainly none, as after a create or a delete that was killed: runc and crun
  // keep a directory of the container's name below --root.
  bool container_exists() const {
    if (line_.root.empty()) return true;
    struct stat status;
    return ::stat(join_path(line_.root, line_.container).c_str(), &status) == 0 || errno != ENOENT;
  }

  int fail(const Error& error) {
    std::string line = error_line(error);
    std::fprintf(stderr, "%s\n", line.c_str());
    append_log(line_.log, line_.log_format, "error", line);
    append_log(log_file_, "text", "error", line);
    return 1;
  }

  CommandLine line_;
  std::string log_file_;
};

}  // namespace
}  // namespace outboard::runtime

// Without memory nothing can be said through the log either.
static void out_of_memory() {
  constexpr std::string_view kMessage = "outboard: not enough memory to edit config.json\n";
  [[maybe_unused]] auto written = ::write(STDERR_FILENO, kMessage.data(), kMessage.size());
  ::_exit(1);
}

// Closed standard descriptors are taken by /dev/null, or a file that we open would get their number
// and our messages; the low-level runtime finds them closed, as they were. No core dump and no
// tracing by the user: a specification holds secrets. Exec undoes the latter.
static void protect_process() {
  for (int fd = 0; fd < 3; fd++) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    [[maybe_unused]] int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  }
  ::prctl(PR_SET_DUMPABLE, 0);
}

int main(int argc, char** argv) {
  using namespace outboard;
  protect_process();
  std::set_new_handler(out_of_memory);
  // The heap grows once and is never given back in this short life: each growth is a system call
  // and fresh page faults.
  ::mallopt(M_TOP_PAD, 1 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 1 << 30);
  if (argc > 0 && file_name_of(argv[0]) == runtime::kHookName) return runtime::refuse_hook();
  std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return runtime::Program(runtime::read_command_line(arguments)).run();
}
