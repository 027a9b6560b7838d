// SPDX-License-Identifier: Apache-2.0
#include "host/nvml_client.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "base/files.h"
#include "base/process.h"
#include "base/text.h"
#include "host/facts_json.h"
#include "host/state_file.h"

namespace outboard::host {

namespace {

constexpr size_t kAnswerLimit = 4U << 20;
constexpr const char* kCacheName = "nvml.json";

Result<std::string> library_path(const Facts& facts) {
  for (const DriverFile& file : facts.files) {
    if (file.kind != FileKind::kLibrary || file.name != "libnvidia-ml.so" || file.elf_class != 64)
      continue;
    if (file.distrust) {
      return make_error(ErrorCode::kDenied, cat("library '", printable(file.path), "' is ",
                                                *file.distrust, ", so it is not loaded"));
    }
    return facts.roots.driver == "/" ? file.path : join_path(facts.roots.driver, file.path);
  }
  return make_error(ErrorCode::kNotFound,
                    cat("no libnvidia-ml.so.1 in driver root '", facts.roots.driver, "'"),
                    "install the driver's libraries, or name their directory with --driver-root");
}

Result<std::string> helper_path(const NvmlOptions& options) {
  if (!options.helper.empty()) return options.helper;
  char program[4096];
  ssize_t length = ::readlink("/proc/self/exe", program, sizeof program);
  if (length < 0) return os_error("read link '/proc/self/exe'");
  std::string directory = directory_of(std::string_view(program, static_cast<size_t>(length)));
  return join_path(directory_of(directory), "libexec/outboard/outboard-nvml");
}

// The helper's own message is its last line; NVML may have printed before it.
std::string last_line(std::string_view text) {
  text = trim(text);
  size_t newline = text.rfind('\n');
  if (newline != std::string_view::npos) text.remove_prefix(newline + 1);
  constexpr std::string_view kName = "outboard-nvml: ";
  if (text.substr(0, kName.size()) == kName) text.remove_prefix(kName.size());
  return printable(text, 400);
}

// Directories of the cache, best first.
std::vector<std::string> cache_directories(const NvmlOptions& options) {
  std::vector<std::string> directories = {options.cache_directory};
  const char* own = std::getenv("XDG_RUNTIME_DIR");  // NOLINT: one thread
  if (::geteuid() != 0 && own && own[0] == '/') directories.push_back(join_path(own, "outboard"));
  return directories;
}

std::optional<NvmlAnswer> read_cache(const std::string& directory, const json::Value& key) {
  auto text = read_state(directory, kCacheName, kAnswerLimit);
  if (!text) return std::nullopt;
  auto document = json::parse(*text, kCacheName);
  if (!document || (*document)["key"] != key) return std::nullopt;
  auto answer = nvml_from_json((*document)["answer"]);
  return answer ? std::optional(std::move(*answer)) : std::nullopt;
}

void write_cache(const NvmlOptions& options, const json::Value& key, const NvmlAnswer& answer) {
  json::Value document = json::Value::object();
  document.set("key", key);
  document.set("answer", nvml_to_json(answer));
  std::string text = json::write(document) + "\n";
  for (const std::string& path : cache_directories(options)) {
    if (write_state(path, kCacheName, text)) return;
  }
}

}  // namespace

json::Value nvml_cache_key(const Facts& facts) {
  // Not the GPUs' UUIDs: they are unknown until NVML is asked for the first time.
  Facts part;
  part.roots = facts.roots;
  part.simulated = facts.simulated;
  part.boot_id = facts.boot_id;
  part.module_version = facts.module_version;
  part.library_version = facts.library_version;
  part.mig = facts.mig;
  for (const GpuFact& gpu : facts.gpus) {
    if (gpu.bound) {
      part.gpus.push_back({.pci = gpu.pci, .minor = gpu.minor, .excluded = gpu.excluded});
    }
  }
  return facts_to_json(part);
}

Result<NvmlAnswer> query_nvml(const Facts& facts, const NvmlOptions& options) {
  OB_TRY(std::string library, library_path(facts));
  OB_TRY(std::string helper, helper_path(options));
  Command command;
  command.argv = {helper, "--library", library};
  if (options.health) command.argv.emplace_back("--health");
  if (facts.simulated) {
    command.argv.emplace_back("--simulated-dev");
    command.argv.push_back(facts.roots.dev);
  }
  command.environment.emplace();
  command.working_directory = "/";
  CaptureOptions capture;
  capture.deadline = options.deadline;
  capture.limit = kAnswerLimit;
  auto output = run_captured(command, capture);
  if (!output) return std::move(output).error().in("ask NVML");
  auto failed = [&](std::string why) {
    return make_error(ErrorCode::kUnsupported, cat("ask NVML: ", why));
  };
  const ExitStatus& status = output->status;
  if (status.signalled) {
    return failed(cat("'", printable(helper), "' crashed in '", printable(library), "' (",
                      ::strsignal(status.number), ")"));
  }
  if (!status.success()) {
    std::string message = last_line(output->err);
    return failed(message.empty()
                      ? cat("'", printable(helper), "' ended with exit code ", status.number)
                      : message);
  }
  auto document = json::parse(output->out, helper);
  if (!document) return failed(cat("answer is not JSON: ", document.error().text));
  auto answer = nvml_from_json(*document);
  if (!answer) return failed(cat("'", printable(helper), "': ", answer.error().text));
  if (!options.health) write_cache(options, nvml_cache_key(facts), *answer);
  return answer;
}

Result<std::optional<NvmlAnswer>> cached_nvml(const Facts& facts, const NvmlOptions& options) {
  json::Value key = nvml_cache_key(facts);
  for (const std::string& path : cache_directories(options)) {
    if (auto answer = read_cache(path, key)) return answer;
  }
  return std::optional<NvmlAnswer>();
}

}  // namespace outboard::host
