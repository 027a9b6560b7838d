// SPDX-License-Identifier: Apache-2.0
// Finding the daemon and the registered way; the untouched way is in docker_untouched.cc.
#include "engine/docker.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/files.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/before_pull.h"
#include "engine/docker_socket.h"
#include "engine/docker_untouched.h"
#include "engine/image_inspect.h"

namespace outboard::engine {

namespace {

constexpr const char* kRuntimeProgram = "outboard-runtime";
constexpr std::chrono::seconds kLocalPatience{20};

HostIdentity identity() {
  HostIdentity here;
  utsname names{};
  if (::uname(&names) == 0) {
    here.kernel = names.release;
    here.hostname = names.nodename;
  }
  return here;
}

/// ADDRESS of "Cannot connect to the Docker daemon at ADDRESS. Is the docker daemon running?"
/// (docker 20.10 to 28) and of "failed to connect to the docker API at ADDRESS; ..." (29); else
/// empty.
std::string daemon_address(std::string_view words) {
  size_t at = words.find(" at ");
  if (at == std::string_view::npos) return {};
  std::string_view address = words.substr(at + 4);
  address = address.substr(0, std::min(address.find(". "), address.find("; ")));
  if (address.find("://") == std::string_view::npos) return {};
  return printable(address, 200);
}

/// Why there is no answer, from docker's own words.
Error no_daemon(std::string_view words) {
  std::string text = printable(trim(words), 400);
  if (words.find("permission denied") != std::string_view::npos) {
    return make_error(ErrorCode::kDenied, "no permission to talk to the docker daemon",
                      "run as root, or as a member of the group 'docker'");
  }
  if (words.find("Cannot connect") != std::string_view::npos ||
      words.find("failed to connect") != std::string_view::npos ||
      words.find("no such file") != std::string_view::npos) {
    std::string address = daemon_address(words);
    if (address.empty() || address.compare(0, 7, "unix://") == 0) {
      return make_error(ErrorCode::kIo,
                        cat("the docker daemon does not answer", address.empty() ? "" : " at '",
                            address, address.empty() ? "" : "'"),
                        "start it with 'systemctl start docker', or use another --engine");
    }
    return make_error(ErrorCode::kIo, cat("the docker daemon does not answer at '", address, "'"),
                      "unset DOCKER_HOST or change 'docker context' to use this machine's own, or "
                      "use another --engine");
  }
  return make_error(ErrorCode::kIo, cat("the docker daemon does not answer: ", text),
                    "see whether 'docker info' works");
}

Error elsewhere(const std::string& why) {
  return make_error(ErrorCode::kUnsupported,
                    cat("the docker daemon does not run on this machine's own system: ", why),
                    "run outboard where the daemon runs, or use --engine podman or --engine "
                    "builtin");
}

bool is_outboard(const json::Value& runtime) {
  return file_name_of(runtime["path"].text()) == kRuntimeProgram;
}

/// True if the runtime takes requests by the environment: registered as an engine's default it may
/// not.
bool is_reached_by_name(const json::Value& runtime) {
  auto arguments = runtime["runtimeArgs"].as_strings();
  return std::none_of(arguments.begin(), arguments.end(), [](const std::string& argument) {
    return argument.find("outboard-entry=default") != std::string::npos;
  });
}

}  // namespace

Result<DockerDaemon> read_docker_info(const json::Value& info, const HostIdentity& here,
                                      const std::string& program) {
  for (const json::Value& error : info["ServerErrors"].items()) return no_daemon(error.text());
  const std::string& kernel = info["KernelVersion"].text();
  const std::string& system = info["OperatingSystem"].text();
  const std::string& name = info["Name"].text();
  if (system.find("Docker Desktop") != std::string::npos)
    return elsewhere("it is Docker Desktop, which runs in a virtual machine");
  if (kernel != here.kernel) {
    return elsewhere(
        cat("its kernel is '", printable(kernel), "', this one is '", here.kernel, "'"));
  }
  if (name != here.hostname) {
    return elsewhere(cat("it is on '", printable(name), "', this is '", here.hostname, "'"));
  }
  DockerDaemon daemon{program, {}};
  for (const std::string& option : info["SecurityOptions"].as_strings()) {
    if (option.rfind("name=rootless", 0) == 0) daemon.rootless = true;
    if (option.rfind("name=userns", 0) == 0) daemon.user_namespace = true;
  }
  daemon.user_namespace = daemon.user_namespace || daemon.rootless;
  for (const auto& [runtime, description] : info["Runtimes"].members()) {
    if (is_outboard(description) && is_reached_by_name(description))
      daemon.outboard_runtimes.push_back(runtime);
  }
  // "outboard" before "nvidia", which may be there for the sake of other people's habits.
  std::stable_sort(daemon.outboard_runtimes.begin(), daemon.outboard_runtimes.end(),
                   [](const std::string& a, const std::string& b) {
                     return (a == "outboard") > (b == "outboard");
                   });
  return daemon;
}

Result<DockerDaemon> find_docker() {
  auto program = find_program("docker");
  if (!program) {
    return make_error(ErrorCode::kNotFound, "there is no 'docker' on PATH",
                      "install docker, or use another --engine");
  }
  CaptureOptions limits;
  limits.deadline = std::chrono::seconds(20);
  OB_TRY(Output output, run_captured({{*program, "info", "--format", "{{json .}}"}}, limits));
  auto info = json::parse(output.out, "docker info");
  // Without a daemon docker 28 prints an object with empty fields, and the reason on stderr.
  bool answered = info && (!(*info)["KernelVersion"].text().empty() ||
                           !(*info)["ServerErrors"].items().empty());
  if (!answered) return no_daemon(output.err);
  return read_docker_info(*info, identity(), *program);
}

std::vector<std::string> registered_argv(const DockerDaemon& daemon, const std::string& runtime,
                                         const RunWords& words, const GpuHooks& gpus) {
  std::vector<std::string> argv = {daemon.program, "run", cat("--runtime=", runtime),
                                   cat("--env=NVIDIA_VISIBLE_DEVICES=", gpus.visible_devices)};
  if (gpus.capabilities)
    argv.push_back(cat("--env=NVIDIA_DRIVER_CAPABILITIES=", *gpus.capabilities));
  for (const GivenOption& option : words.options) {
    if (option.name != "runtime") argv.push_back(option.word());
  }
  append_image(argv, words);
  return argv;
}

Result<int> run_docker(const DockerDaemon& daemon, const RunWords& words, const GpuHooks* gpus,
                       const Console& console) {
  std::vector<std::string> argv;
  if (gpus) {
    const auto& known = daemon.outboard_runtimes;
    std::string wanted = words.value("runtime").value_or("");
    bool named = std::find(known.begin(), known.end(), wanted) != known.end();
    // The registered runtime would look at the machine itself, not at the one that was named here.
    bool registered = named || (wanted.empty() && !known.empty() && !gpus->moved_machine);
    if (!registered) return run_docker_untouched(daemon, words, *gpus, console);
    std::string runtime = named ? wanted : known.front();
    console.say(cat("engine: docker, through its runtime '", runtime, "'"));
    OB_CHECK(check_if_pulled(words, *gpus, console, [&] {
      if (auto here = docker_has_image(words.image)) return *here;
      auto image = inspect_local_docker(daemon.program, words.image, kLocalPatience);
      return !image || image->has_value();
    }));
    argv = registered_argv(daemon, runtime, words, *gpus);
  } else {
    argv = {daemon.program, "run"};
    auto options = option_words(words.options);
    argv.insert(argv.end(), options.begin(), options.end());
    append_image(argv, words);
  }
  if (console.dry_run) {
    console.show({argv});
    return 0;
  }
  return exec_program(argv[0], argv);
}

}  // namespace outboard::engine
