// SPDX-License-Identifier: Apache-2.0
#include "engine/run_environment.h"

#include <algorithm>
#include <cstdlib>

#include "base/files.h"
#include "base/text.h"
#include "engine/image_config.h"

namespace outboard::engine {

namespace {

constexpr size_t kLargestFile = 1U << 20;

void take_away(std::vector<std::string>& environment, const std::string& name) {
  environment.erase(std::remove_if(environment.begin(), environment.end(),
                                   [&](const std::string& entry) {
                                     return entry.substr(0, entry.find('=')) == name;
                                   }),
                    environment.end());
}

/// Lines "NAME=value" or "NAME"; "#" begins a comment, but not behind a value. A name that is
/// not set leaves the image's alone, unlike "-e NAME".
Result<void> apply_file(std::vector<std::string>& environment, const std::string& path) {
  OB_TRY(std::string text, read_file(path, kLargestFile));
  for (std::string_view line : split(text, '\n')) {
    size_t start = line.find_first_not_of(" \t\r\v\f");
    if (start == std::string_view::npos || line[start] == '#') continue;
    line.remove_prefix(start);
    if (line.back() == '\r') line.remove_suffix(1);
    if (auto resolved = resolved_variable(std::string(line))) set_variable(environment, *resolved);
  }
  return {};
}

}  // namespace

std::optional<std::string> resolved_variable(const std::string& entry) {
  if (entry.find('=') != std::string::npos) return entry;
  const char* own = std::getenv(entry.c_str());  // NOLINT: one thread
  if (!own) return std::nullopt;
  return cat(entry, "=", own);
}

Result<std::vector<std::string>> run_environment(std::vector<std::string> image,
                                                 const RunWords& words) {
  for (const char* name : {"env-host", "env-merge", "unsetenv", "unsetenv-all"}) {
    for (const GivenOption& option : words.options) {
      if (option.name == name)
        return make_error(ErrorCode::kUnsupported, cat("--", name, " is the engine's to work out"));
    }
  }
  // Whatever their order, files come first.
  for (const std::string& path : words.values("env-file")) OB_CHECK(apply_file(image, path));
  for (const std::string& entry : words.values("env")) {
    if (auto resolved = resolved_variable(entry)) {
      set_variable(image, *resolved);
    } else {
      take_away(image, entry);
    }
  }
  return image;
}

}  // namespace outboard::engine
