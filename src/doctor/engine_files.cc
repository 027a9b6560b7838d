// SPDX-License-Identifier: Apache-2.0
#include "doctor/engine_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

#include "base/files.h"
#include "base/process.h"
#include "base/text.h"
#include "base/unix_http.h"
#include "doctor/cdi_spec.h"
#include "doctor/daemon_process.h"
#include "doctor/read_engines.h"
#include "doctor/toml_document.h"

namespace outboard::doctor {

namespace {

constexpr std::chrono::milliseconds kPatience{300};

}  // namespace

std::string variable(const char* name) {
  const char* value = ::getenv(name);
  return value ? value : "";
}

std::optional<std::string> program_below(const Places& places, const std::string& name) {
  const auto directories = program_directories(places);
  return find_program(name, &directories);
}

bool runtime_exists(const Places& places, const std::string& path) {
  if (path.empty()) return false;
  if (path[0] == '/') return path_exists(join_path(places.system, path.substr(1)));
  return program_below(places, path).has_value();
}

std::optional<std::string> version_in(std::string_view text) {
  for (std::string_view word : words(text)) {
    if (word.size() > 1 && word[0] == 'v') word.remove_prefix(1);
    if (word[0] >= '0' && word[0] <= '9') return std::string(word);
  }
  return std::nullopt;
}

Result<std::string> version_of(const std::string& program, std::chrono::milliseconds deadline) {
  CaptureOptions options;
  options.deadline = deadline;
  options.limit = 64U << 10;
  OB_TRY(Output output, run_captured({{program, "--version"}}, options));
  if (!output.status.success()) {
    return make_error(ErrorCode::kIo,
                      cat("'", program, " --version' failed: ", trim(output.err).substr(0, 200)));
  }
  if (auto version = version_in(output.out)) return *version;
  return make_error(ErrorCode::kIo, cat("'", program, " --version' names no version"));
}

std::optional<std::string> own_version(const Places& places, const std::string& name) {
  auto program = places.system == "/" ? program_below(places, name) : std::nullopt;
  auto version = program ? version_of(*program, kPatience) : Result<std::string>(std::string());
  return version && !version->empty() ? std::optional(std::move(*version)) : std::nullopt;
}

void ask_version(const Places& places, EngineFiles& engine, std::chrono::milliseconds deadline) {
  if (!engine.program || places.system != "/") return;
  auto version = version_of(*engine.program, deadline);
  if (version) {
    engine.version = std::move(*version);
  } else {
    engine.no_version = version.error().text;
  }
}

std::optional<json::Value> read_document(const std::string& path, EngineFiles& engine) {
  auto text = read_file(path, 4U << 20);
  if (!text && text.error().code == ErrorCode::kNotFound) return std::nullopt;
  auto value = text ? parse_toml(*text, path) : Result<json::Value>(text.error());
  ConfigFile file{path, {}, 0};
  struct stat status;
  if (::stat(path.c_str(), &status) == 0) {
    file.changed = static_cast<double>(status.st_mtim.tv_sec) +
                   static_cast<double>(status.st_mtim.tv_nsec) * 1e-9;
  }
  if (!value) file.error = value.error().text;
  engine.files.push_back(std::move(file));
  return value ? std::optional(std::move(*value)) : std::nullopt;
}

std::vector<std::string> files_in(const Places& places, const std::string& directory,
                                  std::string_view end) {
  std::vector<std::string> paths;
  std::string place = join_path(places.system, directory);
  if (auto names = list_directory(place)) {
    for (const std::string& name : *names) {
      if (name.ends_with(end)) paths.push_back(join_path(place, name));
    }
  }
  return paths;
}

void add_runtime(EngineFiles& engine, EngineRuntime runtime) {
  for (EngineRuntime& known : engine.runtimes) {
    if (known.name == runtime.name) {
      known = std::move(runtime);
      return;
    }
  }
  engine.runtimes.push_back(std::move(runtime));
}

void add_known_default(const Places& places, const std::vector<std::string>& known,
                       EngineFiles& engine) {
  const std::string& name = engine.default_runtime;
  bool registered = std::any_of(engine.runtimes.begin(), engine.runtimes.end(),
                                [&](const EngineRuntime& runtime) { return runtime.name == name; });
  if (name.empty() || registered) return;
  if (name[0] == '/' || std::find(known.begin(), known.end(), name) != known.end())
    engine.runtimes.push_back({name, name, runtime_exists(places, name)});
}

void set_text(std::string& value, const json::Value& given) {
  if (!given.text().empty()) value = given.text();
}

void read_socket(const Places& places, const std::string& path, EngineFiles& engine) {
  std::string socket = join_path(places.system, path);
  if (!path_exists(socket)) return;
  engine.socket = socket;
  auto pid = listener_of(socket);
  if (pid) {
    engine.process = daemon_process(*pid);
    // systemd listens for a daemon that it starts on demand.
    if (engine.process && file_name_of(engine.process->program) == "systemd")
      engine.process.reset();
  } else if (pid.error().code != ErrorCode::kDenied) {
    engine.silent = pid.error().text;
  }
}

void read_cdi_directories(const Places& places, std::vector<std::string> directories,
                          EngineCdi& cdi) {
  cdi.directories = std::move(directories);
  const auto& usual = usual_cdi_directories();
  for (const std::string& directory : cdi.directories) {
    std::string place = place_of_cdi_directory(places, directory);
    if (std::find(usual.begin(), usual.end(), directory) == usual.end())
      read_cdi_directory(places, place, cdi.specs);
    cdi.places.push_back(std::move(place));
  }
}

}  // namespace outboard::doctor
