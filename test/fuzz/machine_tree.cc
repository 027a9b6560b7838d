// SPDX-License-Identifier: Apache-2.0
#include "machine_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/files.h"
#include "base/text.h"
#include "require.h"
#include "sim/stub_library.h"

namespace outboard::fuzz {

namespace {

constexpr size_t kMostFiles = 100;

// Without empty parts, "." and "..", so that it stays below the tree; empty if there is nothing
// left.
std::string safe_path(std::string_view path) {
  std::string safe;
  for (std::string_view part : split(path.substr(0, path.find('\0')), '/')) {
    if (part.empty() || part == "." || part == "..") continue;
    if (part.size() > 100 || safe.size() > 400) return {};
    safe += cat(safe.empty() ? "" : "/", part);
  }
  std::string_view top = std::string_view(safe).substr(0, safe.find('/'));
  if (top != "proc" && top != "sys" && top != "dev" && top != "root") return {};
  return safe.size() > top.size() ? safe : std::string();
}

void make_parents(int dir, const std::string& path) {
  for (size_t at = path.find('/'); at != std::string::npos; at = path.find('/', at + 1))
    (void)::mkdirat(dir, path.substr(0, at).c_str(), 0755);
}

// Links stay within the tree, but for the two devices that are harmless. A link out of a driver
// root or an image is another matter: below "root" an absolute target means the root's own top.
void make_link(int dir, const std::string& path, std::string_view target) {
  bool device = target == "/dev/null" || target == "/dev/zero";
  bool inside = path.rfind("root/", 0) == 0;
  size_t up = 0;
  for (std::string_view part : split(target, '/')) up += part == ".." ? 1 : 0;
  auto depth = static_cast<size_t>(std::count(path.begin(), path.end(), '/'));
  if (target.empty() || target.size() > 400 || target.find('\0') != std::string_view::npos) return;
  if (!device && !inside && (target[0] == '/' || up > depth)) return;
  (void)::symlinkat(std::string(target).c_str(), dir, path.c_str());
}

void write_file(int dir, const std::string& path, std::string_view content) {
  UniqueFd fd(
      ::openat(dir, path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (fd.get() < 0) return;
  FUZZ_REQUIRE(::write(fd.get(), content.data(), content.size()) ==
               static_cast<ssize_t>(content.size()));
}

void make_entry(int dir, std::string_view head, std::string_view content) {
  auto parts = words(head);
  if (parts.empty()) return;
  std::string path = safe_path(parts[0]);
  if (path.empty()) return;
  make_parents(dir, path);
  if (parts[0].back() == '/') {
    (void)::mkdirat(dir, path.c_str(), 0755);
  } else if (parts.size() == 3 && parts[1] == "->") {
    make_link(dir, path, parts[2]);
  } else if (parts.size() == 3 && (parts[1] == "elf64" || parts[1] == "elf32")) {
    std::string soname(parts[2].substr(0, parts[2].find('\0')));
    write_file(dir, path, sim::make_stub_library({soname, parts[1] == "elf64" ? 64 : 32, false}));
  } else {
    write_file(dir, path, content);
  }
}

}  // namespace

void make_machine_tree(const std::string& directory, std::string_view text) {
  auto dir = open_directory(directory);
  FUZZ_REQUIRE(dir, directory);
  for (const char* top : {"proc", "sys", "dev", "root"})
    FUZZ_REQUIRE(::mkdirat(dir->get(), top, 0755) == 0, top);
  take_until(text, "=== ");
  for (size_t i = 0; i < kMostFiles && !text.empty(); i++) {
    std::string_view entry = take_until(text, "\n=== ");
    std::string_view head = take_until(entry, "\n");
    make_entry(dir->get(), head, entry);
  }
}

}  // namespace outboard::fuzz
