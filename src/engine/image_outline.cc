// SPDX-License-Identifier: Apache-2.0
// What is laid out are directories and files that are made here, each below a directory that was
// made here: no link of the image's is followed on the way.
#include "engine/image_outline.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/files.h"
#include "base/text.h"
#include "engine/directories.h"

namespace outboard::engine {

namespace {

constexpr size_t kMostEntries = 4096;
constexpr size_t kMostParts = 16;
constexpr size_t kLongestPart = 200;
constexpr size_t kLongestLink = 1024;

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

bool is_part(std::string_view part) {
  return !part.empty() && part.size() <= kLongestPart && part != "." && part != ".." &&
         is_plain(part);
}

bool is_path(std::string_view path) {
  auto parts = split(path, '/');
  return parts.size() >= 2 && parts.size() <= kMostParts + 1 && parts[0].empty() &&
         std::all_of(parts.begin() + 1, parts.end(), is_part);
}

// As much of a file as is looked at: e_ident[EI_CLASS] is its fifth byte.
std::string stand_in(const ImageOutline::Entry& entry) {
  if (entry.empty) return "";
  if (entry.elf_class == 0) return "no ELF file";
  return entry.elf_class == 64 ? "\x7f"
                                 "ELF\x02"
                               : "\x7f"
                                 "ELF\x01";
}

Result<void> lay_out(const std::string& path, const ImageOutline::Entry& entry) {
  if (entry.kind == ImageOutline::Kind::kDirectory) {
    if (::mkdir(path.c_str(), 0700) != 0) return os_error(cat("make '", printable(path), "'"));
    return {};
  }
  if (entry.kind == ImageOutline::Kind::kLink) {
    if (::symlink(entry.target.c_str(), path.c_str()) != 0)
      return os_error(cat("make link '", printable(path), "'"));
    return {};
  }
  OB_TRY(UniqueFd file, open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  std::string content = stand_in(entry);
  if (::write(file.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size()))
    return os_error(cat("write '", printable(path), "'"));
  return {};
}

std::string temporary_directory() {
  const char* value = std::getenv("TMPDIR");  // NOLINT: one thread
  return value && value[0] == '/' ? value : "/tmp";
}

}  // namespace

const ImageOutline::Entry* ImageOutline::find(std::string_view path) const {
  auto found = entries_.find(path);
  return found == entries_.end() ? nullptr : &found->second;
}

bool ImageOutline::add(std::string_view path, const Entry& entry) {
  bool good_link =
      entry.kind != Kind::kLink ||
      (!entry.target.empty() && entry.target.size() <= kLongestLink && is_plain(entry.target));
  if (!is_path(path) || !good_link || entries_.size() + kMostParts > kMostEntries) return false;
  std::vector<std::string_view> above;
  for (size_t slash = path.find('/', 1); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    const Entry* there = find(path.substr(0, slash));
    if (there && there->kind != Kind::kDirectory) return false;
    if (!there) above.push_back(path.substr(0, slash));
  }
  if (const Entry* there = find(path)) {
    if (there->kind != entry.kind) return false;
    if (entry.kind == Kind::kLink && there->target != entry.target) return false;
  }
  for (std::string_view directory : above) entries_.emplace(directory, Entry());
  entries_.insert_or_assign(std::string(path), entry);
  return true;
}

json::Value ImageOutline::to_json() const {
  json::Value list = json::Value::array();
  for (const auto& [path, entry] : entries_) {
    json::Value item;
    item.set("path", path);
    item.set("kind", static_cast<int>(entry.kind));
    if (entry.kind == Kind::kLink) item.set("target", entry.target);
    if (entry.kind == Kind::kFile) item.set("class", entry.empty ? -1 : entry.elf_class);
    list.push(std::move(item));
  }
  return list;
}

Result<ImageOutline> ImageOutline::from_json(const json::Value& document) {
  ImageOutline outline;
  for (const json::Value& item : document.items()) {
    Entry entry;
    auto kind = item["kind"].as_int();
    entry.kind = static_cast<Kind>(std::clamp<int64_t>(kind.value_or(0), 0, 2));
    entry.target = item["target"].text();
    int64_t elf_class = item["class"].as_int().value_or(0);
    entry.empty = elf_class == -1;
    entry.elf_class = elf_class == 32 || elf_class == 64 ? static_cast<int>(elf_class) : 0;
    if (!kind || !outline.add(item["path"].text(), entry))
      return make_error(ErrorCode::kConflict, "an image's outline makes no sense");
  }
  return outline;
}

ImageOutline::Entry outline_of_file(std::string_view head) {
  ImageOutline::Entry entry{ImageOutline::Kind::kFile, "", 0, head.empty()};
  if (head.size() >= 5 && head.substr(0, 4) ==
                              "\x7f"
                              "ELF")
    entry.elf_class = head[4] == 2 ? 64 : head[4] == 1 ? 32 : 0;
  return entry;
}

Result<OutlineRoot> OutlineRoot::make(const ImageOutline& outline) {
  std::string name = join_path(temporary_directory(), "outboard-image.XXXXXX");
  if (!::mkdtemp(name.data())) return os_error(cat("make '", printable(name), "'"));
  OutlineRoot made(name);
  // In the order of their paths: a directory before what is in it.
  for (const auto& [path, entry] : outline.entries()) OB_CHECK(lay_out(name + path, entry));
  OB_TRY(made.root_, Root::open(name, Root::Trust::kUntrusted));
  return made;
}

OutlineRoot::OutlineRoot(OutlineRoot&& other) noexcept
    : directory_(std::exchange(other.directory_, {})), root_(std::move(other.root_)) {}

OutlineRoot& OutlineRoot::operator=(OutlineRoot&& other) noexcept {
  std::swap(directory_, other.directory_);
  std::swap(root_, other.root_);
  return *this;
}

OutlineRoot::~OutlineRoot() {
  if (!directory_.empty()) remove_tree(directory_);
}

}  // namespace outboard::engine
