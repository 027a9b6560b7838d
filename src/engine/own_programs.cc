// SPDX-License-Identifier: Apache-2.0
#include "engine/own_programs.h"

#include <unistd.h>

#include "base/files.h"
#include "base/process.h"
#include "base/text.h"

namespace outboard::engine {

std::optional<std::string> find_own_program(const std::string& name) {
  char text[4096];
  ssize_t length = ::readlink("/proc/self/exe", text, sizeof text);
  if (length <= 0) return std::nullopt;
  std::string here = directory_of(std::string_view(text, static_cast<size_t>(length)));
  std::string above = directory_of(here);
  std::string folder = name.substr(name.rfind('-') + 1);  // a build tree: src/app/runtime/...
  for (const std::string& path : {join_path(here, name), cat(above, "/libexec/outboard/", name),
                                  cat(above, "/", folder, "/", name)}) {
    if (find_program(path)) return path;
  }
  return std::nullopt;
}

}  // namespace outboard::engine
