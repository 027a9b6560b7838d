// SPDX-License-Identifier: Apache-2.0
#include "app/cli/run_engine.h"

#include <cstdio>

#include "app/cli/command.h"
#include "base/text.h"
#include "engine/builtin.h"
#include "engine/docker.h"
#include "engine/image_path.h"
#include "engine/image_source.h"
#include "engine/podman.h"

namespace outboard::cli {

std::vector<Option> engine_options() {
  return {
      {"engine", 0, "NAME",
       "docker, podman or builtin (default: the first of them that works here)",
       "docker podman builtin"},
      {"dry-run", 0, "", "print the commands that would be run, and run nothing", ""},
      {"verbose", 0, "", "say on stderr what is decided and why", ""},
  };
}

engine::Console make_console(const Parsed& parsed) {
  engine::Console console;
  console.dry_run = parsed.has("dry-run");
  console.print = [](const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);  // before a child writes to the same place
  };
  console.note = say;
  console.say = parsed.has("verbose") ? say : [](const std::string&) {};
  return console;
}

namespace {

constexpr std::string_view kOciArchive = "oci-archive:";

/// Docker would ask its registry for a transport that it does not know; podman knows some of them.
Result<void> check_transport(const engine::RunWords& words) {
  if (!engine::is_other_transport(words.image)) return {};
  auto source = engine::parse_image_source(words.image);
  if (source) return {};
  return std::move(source).error().in("run");
}

Result<int> with_docker(const engine::RunWords& words, const engine::GpuHooks* gpus,
                        const engine::Console& console) {
  OB_CHECK(check_transport(words));
  OB_TRY(engine::DockerDaemon daemon, engine::find_docker());
  return engine::run_docker(daemon, words, gpus, console);
}

Result<int> with_podman(const engine::RunWords& words, const engine::GpuHooks* gpus,
                        const engine::Console& console) {
  OB_TRY(engine::Podman podman, engine::find_podman());
  return engine::run_podman(podman, words, gpus, console);
}

/// Why an engine was passed over, in one line.
void pass_over(const char* name, const Error& error, std::vector<std::string>& reasons,
               const engine::Console& console) {
  reasons.push_back(cat(name, ": ", error.text));
  console.say(cat("not ", name, ": ", error.text));
}

Result<int> first_that_works(const engine::RunWords& words, const engine::GpuHooks* gpus,
                             const engine::Console& console) {
  std::vector<std::string> reasons;
  auto daemon = engine::find_docker();
  if (daemon) {
    OB_CHECK(check_transport(words));
    return engine::run_docker(*daemon, words, gpus, console);
  }
  pass_over("docker", daemon.error(), reasons, console);
  auto podman = engine::find_podman();
  if (podman) return engine::run_podman(*podman, words, gpus, console);
  pass_over("podman", podman.error(), reasons, console);
  auto builtin = engine::check_builtin();
  if (builtin) return engine::run_builtin(words, gpus, console);
  reasons.push_back(cat("builtin: ", builtin.error().text));
  return make_error(ErrorCode::kNotFound,
                    cat("run: no engine works here:\n  ", join(reasons, "\n  ")),
                    "mend one of them, and name it with --engine to see what it lacks");
}

}  // namespace

Result<int> run_with_engine(const std::string& engine, const engine::RunWords& words,
                            const engine::GpuHooks* gpus, const engine::Console& console) {
  if (engine::is_image_path(words.image)) {
    OB_TRY(std::string source, engine::source_of_path(words.image));
    console.say(cat("image '", printable(words.image), "' is ", printable(source)));
    engine::RunWords of_path = words;
    of_path.image = std::move(source);
    return run_with_engine(engine, of_path, gpus, console);
  }
  const bool podman_reads = words.image.starts_with(kOciArchive);
  const bool builtin_only =
      engine::is_builtin_only(words.image) && !(engine == "podman" && podman_reads);
  if (engine == "builtin" || (engine.empty() && builtin_only))
    return engine::run_builtin(words, gpus, console);
  if (builtin_only) {
    return make_error(ErrorCode::kUsage,
                      cat("run: image '", printable(words.image),
                          "': only the built-in engine "
                          "reads rootfs:, oci:, oci-archive: and docker-archive:"),
                      "use --engine builtin");
  }
  if (engine == "docker") return with_docker(words, gpus, console);
  if (engine == "podman") return with_podman(words, gpus, console);
  if (engine.empty()) return first_that_works(words, gpus, console);
  return make_error(ErrorCode::kUsage, cat("run: unknown engine '", printable(engine), "'"),
                    "use docker, podman or builtin");
}

}  // namespace outboard::cli
