// SPDX-License-Identifier: Apache-2.0
// `docker cp ID:PATH -` writes a tar archive, whose first item is PATH itself (Docker Engine API,
// "Get an archive of a filesystem resource in a container"): a link as a link. The directories
// above PATH are resolved by the daemon, inside the container's root. A directory comes with all
// contents, because docker has no way to list one; only the first bytes of each file are kept, and
// docker is stopped where they are not needed.
#include "engine/docker_files.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/files.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/docker_image.h"
#include "engine/image_compat.h"
#include "engine/tar.h"

namespace outboard::engine {

namespace {

using Kind = ImageOutline::Kind;

constexpr uint64_t kMostBytes = 2ULL << 30;  ///< the libraries of one CUDA are 0.3 GiB
constexpr size_t kMostItems = 2000;          ///< in one directory and below it
constexpr int kMostLinks = 16;
constexpr size_t kMostDirectories = 8;  ///< of a search path
constexpr std::chrono::seconds kPatience{60};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// Directories of every image that are taken for such: docker resolves them, should they be links.
bool is_usual(std::string_view path) {
  return path == "/usr" || path == "/usr/local" || path == "/etc" || path == "/opt";
}

/// `text`, absolute or as seen from `directory`, without "." and "..".
std::string plain_path(const std::string& directory, std::string_view text) {
  std::string whole = text.substr(0, 1) == "/" ? std::string(text) : cat(directory, "/", text);
  std::vector<std::string> parts;
  for (std::string_view part : split(whole, '/')) {
    if (part == ".." && !parts.empty()) parts.pop_back();
    if (!part.empty() && part != "." && part != "..") parts.emplace_back(part);
  }
  return cat("/", join(parts, "/"));
}

std::optional<ImageOutline::Entry> entry_of(const TarItem& item, std::string_view head) {
  if (item.type == '5') return ImageOutline::Entry{};
  if (item.type == '2') return ImageOutline::Entry{Kind::kLink, item.link};
  if (item.type == '0') return outline_of_file(head);
  return std::nullopt;
}

Error interrupted() {
  return make_error(ErrorCode::kBusy, "interrupted while looking into the image");
}

std::string_view without_end(std::string_view name) {
  while (!name.empty() && name.back() == '/') name.remove_suffix(1);
  return name;
}

}  // namespace

Result<DockerImageFiles> DockerImageFiles::open(const std::string& docker,
                                                const std::string& image) {
  DockerImageFiles files(docker);
  // A name of our own: where docker is killed in the middle, the container can be there already.
  auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  files.name_ = cat("outboard-inspect-", ::getpid(), "-", now);
  // The program need not exist.
  OB_TRY(Output output,
         run_captured({{docker, "create", "--name", files.name_, "--network", "none", "--label",
                        "io.outboard.inspect=1", "--entrypoint", "/outboard", image}}));
  if (!output.status.success()) return docker_failure("look into the image", output.err);
  return files;
}

DockerImageFiles::DockerImageFiles(std::string docker)
    : docker_(std::move(docker)), bytes_left_(kMostBytes) {}

DockerImageFiles::DockerImageFiles(DockerImageFiles&& other) noexcept
    : delayed_(std::move(other.delayed_)),
      docker_(std::move(other.docker_)),
      name_(std::exchange(other.name_, {})),
      bytes_left_(other.bytes_left_) {}

DockerImageFiles::~DockerImageFiles() {
  if (name_.empty()) return;
  [[maybe_unused]] auto ignored = run_captured({{docker_, "rm", "--force", name_}});
}

std::optional<std::string> DockerImageFiles::file(const std::string& path, size_t limit) const {
  CaptureOptions limits;
  limits.limit = limit;
  auto output =
      run_captured({{docker_, "cp", "--follow-link", cat(name_, ":", path), "-"}}, limits);
  if (!output || !output->status.success()) return std::nullopt;
  auto entry = first_tar_entry(output->out);
  if (!entry || entry->type != '0') return std::nullopt;
  return std::string(entry->content);
}

/// Hands out the archive of `path`; of nothing where there is nothing.
Result<void> DockerImageFiles::walk(const std::string& path, const TarStream::Visit& visit) {
  if (DelayedSignals::waiting()) return interrupted();
  TarStream stream(path, visit);
  std::optional<Error> failure;
  CaptureOptions options;
  options.deadline = kPatience;
  options.sink = [&](std::string_view bytes) {
    if (bytes.size() > bytes_left_) {
      failure = make_error(ErrorCode::kUnsupported, cat("'", printable(path), "' holds too much"));
      return false;
    }
    bytes_left_ -= bytes.size();
    if (DelayedSignals::waiting()) {
      failure = interrupted();
      return false;
    }
    auto more = stream.feed(bytes);
    if (more) return *more;
    failure = std::move(more).error();
    return false;
  };
  OB_TRY(Output output, run_captured({{docker_, "cp", cat(name_, ":", path), "-"}}, options));
  if (failure) return std::move(*failure);
  if (output.stopped || output.status.success()) return {};
  std::string words = lower(output.err);
  for (const char* absent : {"could not find the file", "no such file", "not a directory"}) {
    if (contains(words, absent)) return {};
  }
  return docker_failure(cat("look for '", printable(path), "' in the image"), output.err);
}

/// What is at `path` itself, if it counts.
Result<void> DockerImageFiles::add_one(const std::string& path, ImageOutline& outline) {
  return walk(path, [&](const TarItem& item, std::string_view head) {
    if (auto entry = entry_of(item, head)) outline.add(path, *entry);
    return false;
  });
}

/// The same with all that is below it.
Result<void> DockerImageFiles::add_tree(const std::string& path, ImageOutline& outline) {
  std::string top;  // what the archive calls `path`
  size_t items = 0;
  OB_CHECK(walk(path, [&](const TarItem& item, std::string_view head) {
    std::string_view name = without_end(item.name);
    auto entry = entry_of(item, head);
    if (items++ == 0) {
      top = cat(name, "/");
      return entry && outline.add(path, *entry) && entry->kind == Kind::kDirectory;
    }
    if (name.substr(0, top.size()) != top) return true;
    std::string place = cat(path, "/", name.substr(top.size()));
    if (item.type == '1' && item.link.compare(0, top.size(), top) == 0) {
      const ImageOutline::Entry* same =
          outline.find(cat(path, "/", std::string_view(item.link).substr(top.size())));
      if (same && same->kind == Kind::kFile) entry = *same;
    }
    // Names that no library has are left out.
    if (entry) outline.add(place, *entry);
    return items <= kMostItems;
  }));
  if (items > kMostItems) {
    return make_error(ErrorCode::kUnsupported,
                      cat("'", printable(path), "' holds more than ", kMostItems, " files"));
  }
  return {};
}

/// What is at `path`, asked of docker once; null: nothing that counts. `whole`: with all below it.
Result<const ImageOutline::Entry*> DockerImageFiles::look(const std::string& path, bool whole,
                                                          ImageOutline& outline) {
  const ImageOutline::Entry* known = outline.find(path);
  bool read = std::any_of(read_.begin(), read_.end(), [&](const std::string& directory) {
    return path == directory || path.compare(0, directory.size() + 1, directory + "/") == 0;
  });
  if (read || (known && (!whole || known->kind != Kind::kDirectory))) return known;
  if (!known && !asked_.insert(path).second) return known;
  if (whole) {
    read_.push_back(path);
    OB_CHECK(add_tree(path, outline));
  } else {
    OB_CHECK(add_one(path, outline));
  }
  return outline.find(path);
}

/// Adds what is at `path`, and all links that lead there.
Result<void> DockerImageFiles::follow(std::string path, ImageOutline& outline) {
  for (int links = 0; links < kMostLinks; links++) {
    size_t end = 0;
    std::string part;
    const ImageOutline::Entry* entry = nullptr;
    do {
      end = path.find('/', end + 1);
      part = path.substr(0, end);
      if (is_usual(part)) continue;
      OB_TRY(entry, look(part, end == std::string::npos, outline));
      if (!entry) return {};
    } while (end != std::string::npos && (!entry || entry->kind == Kind::kDirectory));
    if (!entry || entry->kind != Kind::kLink) return {};
    std::string rest = end == std::string::npos ? "" : path.substr(end);
    path = plain_path(directory_of(part), entry->target) + rest;
  }
  return {};
}

Result<ImageOutline> DockerImageFiles::compat_outline(const std::string& search_path) {
  ImageOutline outline;
  for (const char* directory : kCompatDirectories) OB_CHECK(follow(directory, outline));
  size_t count = 0;
  for (std::string_view directory : split(search_path, ':')) {
    if (!names_compat_directory(directory)) continue;
    if (++count > kMostDirectories) break;
    OB_CHECK(follow(plain_path("/", directory), outline));
  }
  if (!outline.entries().empty()) OB_CHECK(add_one("/etc/ld.so.conf.d", outline));
  return outline;
}

}  // namespace outboard::engine
