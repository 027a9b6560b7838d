// SPDX-License-Identifier: Apache-2.0
#include "engine/image_compat.h"

#include <unistd.h>

#include <algorithm>

#include "base/files.h"
#include "base/text.h"

namespace outboard::engine {

namespace {

constexpr size_t kMostLibraries = 32;

bool is_below(const std::string& path, const std::string& directory) {
  return !directory.empty() && path.compare(0, directory.size(), directory) == 0 &&
         (path.size() == directory.size() || path[directory.size()] == '/' ||
          directory.back() == '/');
}

bool is_plain(const std::string& path) {
  return path.size() < 1024 && std::all_of(path.begin(), path.end(), [](char c) {
           return c > ' ' && c <= '~' && c != '#' && c != ':';
         });
}

// "libcuda.so.1", "libnvidia-nvvm.so.4": a name that programs ask the loader for.
bool is_soname(const std::string& name) {
  size_t so = name.find(".so.");
  if (so == std::string::npos || name.compare(0, 3, "lib") != 0 || name.size() > 100) return false;
  return is_digits(std::string_view(name).substr(so + 4));
}

bool is_64_bit_library(const Root& root, const std::string& path) {
  auto file = root.open_regular(path);
  unsigned char head[5] = {};
  return file && ::pread(file->get(), head, sizeof head, 0) == static_cast<ssize_t>(sizeof head) &&
         head[0] == 0x7f && head[1] == 'E' && head[4] == 2;
}

// "570.124.06" of "libcuda.so.570.124.06"
std::string version_of(const std::string& name) {
  const std::string_view start = "libcuda.so.";
  if (name.compare(0, start.size(), start) != 0) return "";
  std::string version = name.substr(start.size());
  bool plain = std::all_of(version.begin(), version.end(),
                           [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  return plain && version.find('.') != std::string::npos && version.size() < 40 ? version : "";
}

}  // namespace

bool names_compat_directory(std::string_view path) {
  auto parts = split(path, '/');  // the first is empty
  return parts.size() >= 5 && parts[0].empty() && parts[1] == "usr" && parts[2] == "local" &&
         parts[3].substr(0, 4) == "cuda" && parts[4] == "compat";
}

std::optional<plan::ImageCompat> find_image_compat(const Root& root,
                                                   const std::vector<std::string>& volumes) {
  for (const char* directory : kCompatDirectories) {
    auto real = root.real_path(directory);
    // It becomes a line of a file and entries of the container's ld.so.cache.
    if (!real || !is_plain(*real)) continue;
    bool elsewhere = std::any_of(volumes.begin(), volumes.end(), [&](const std::string& volume) {
      return is_below(*real, volume) || is_below(directory, volume);
    });
    auto library = root.real_path(cat(*real, "/libcuda.so.1"));
    if (elsewhere || !library || !is_below(*library, *real)) continue;
    plan::ImageCompat compat{*real, version_of(file_name_of(*library)), {}};
    auto names = root.list(*real);
    if (compat.version.empty() || !names || !is_64_bit_library(root, *library)) continue;
    for (const std::string& name : *names) {
      if (compat.sonames.size() >= kMostLibraries) break;
      if (is_soname(name) && is_64_bit_library(root, cat(*real, "/", name)))
        compat.sonames.push_back(name);
    }
    std::sort(compat.sonames.begin(), compat.sonames.end());
    return compat;
  }
  return std::nullopt;
}

}  // namespace outboard::engine
