// SPDX-License-Identifier: Apache-2.0
#include "engine/podman.h"

#include <cstdlib>
#include <functional>

#include "base/files.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/before_pull.h"
#include "engine/directories.h"
#include "engine/image_inspect.h"
#include "engine/own_programs.h"

namespace outboard::engine {

namespace {

constexpr std::chrono::seconds kLocalPatience{20};

bool is_set(const char* name) {
  const char* value = std::getenv(name);  // NOLINT: one thread
  return value && *value;
}

/// containers.conf can make podman a client of a service elsewhere, too; asking `podman info` would
/// cost more than the whole start.
Result<void> check_local() {
  for (const char* name : {"CONTAINER_HOST", "CONTAINER_CONNECTION"}) {
    if (!is_set(name)) continue;
    return make_error(ErrorCode::kUnsupported,
                      cat("podman is a client of a service elsewhere (", name,
                          " is set), where this machine's "
                          "driver is not"),
                      cat("run outboard on that machine, or unset ", name));
  }
  return {};
}

/// The runtime takes nothing from its environment, so a machine of its own comes as a file.
Result<std::string> write_policy(const GpuHooks& gpus, bool dry_run) {
  std::string directory = directories().cache;
  // One file a machine, so that two runs on different ones do not overwrite each other's.
  std::string path =
      cat(directory, "/podman-machine-", std::hash<std::string>()(gpus.policy_text), ".toml");
  if (dry_run) return path;
  OB_CHECK(make_directories(directory));
  auto written = replace_file(path, gpus.policy_text);
  if (!written) return std::move(written).error().in(cat("write '", path, "'"));
  return path;
}

}  // namespace

Result<Podman> find_podman() {
  auto program = find_program("podman");
  if (!program) {
    return make_error(ErrorCode::kNotFound, "there is no 'podman' on PATH",
                      "install podman, or use another --engine");
  }
  OB_CHECK(check_local());
  auto runtime = find_own_program("outboard-runtime");
  if (!runtime) {
    return make_error(ErrorCode::kNotFound, "there is no 'outboard-runtime' beside this program",
                      "install outboard completely");
  }
  return Podman{*program, *runtime};
}

std::vector<std::string> podman_argv(const Podman& podman, const RunWords& words,
                                     const GpuHooks* gpus, const std::string& policy_file) {
  std::vector<std::string> argv = {podman.program};
  if (gpus) {
    argv.insert(argv.end(), {"--runtime", podman.runtime});
    if (!policy_file.empty()) argv.push_back(cat("--runtime-flag=outboard-config=", policy_file));
  }
  argv.emplace_back("run");
  if (gpus) {
    argv.push_back(cat("--env=NVIDIA_VISIBLE_DEVICES=", gpus->visible_devices));
    if (gpus->capabilities)
      argv.push_back(cat("--env=NVIDIA_DRIVER_CAPABILITIES=", *gpus->capabilities));
  }
  std::vector<std::string> options = option_words(words.options);
  argv.insert(argv.end(), options.begin(), options.end());
  append_image(argv, words);
  return argv;
}

Result<int> run_podman(const Podman& podman, const RunWords& words, const GpuHooks* gpus,
                       const Console& console) {
  if (gpus && words.value("runtime")) {
    return make_error(ErrorCode::kUsage,
                      "run: --runtime and GPUs: podman has one runtime at a time",
                      "leave --runtime out; outboard-runtime starts the low-level runtime that "
                      "/etc/outboard/config.toml names");
  }
  std::string policy_file;
  if (gpus && gpus->moved_machine) {
    OB_TRY(policy_file, write_policy(*gpus, console.dry_run));
  }
  console.say(cat("engine: podman, runtime '", podman.runtime, "'"));
  // A short name can mean another registry to podman than to everybody else.
  if (gpus && names_registry(words.image)) {
    OB_CHECK(check_if_pulled(words, *gpus, console, [&] {
      auto image = inspect_local_podman(podman.program, words.image, kLocalPatience);
      return !image || *image;
    }));
  }
  std::vector<std::string> argv = podman_argv(podman, words, gpus, policy_file);
  if (console.dry_run) {
    console.show({argv});
    return 0;
  }
  return exec_program(argv[0], argv);
}

}  // namespace outboard::engine
