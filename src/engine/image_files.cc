// SPDX-License-Identifier: Apache-2.0
#include "engine/image_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "base/file_range.h"
#include "base/files.h"
#include "base/text.h"
#include "engine/image_compat.h"
#include "engine/image_places.h"
#include "engine/layer_list.h"

namespace outboard::engine {

namespace {

constexpr size_t kMostNames = 100'000;  ///< in a directory that is looked at
constexpr size_t kMostFound = 10'000;
constexpr size_t kLongestVersion = 100;    ///< of a file that has nothing else
constexpr size_t kMostTorchLibraries = 4;  ///< whose code is looked for

/// A file's content: a part of a file on disk.
struct Content {
  UniqueFd fd;
  uint64_t begin = 0;
  uint64_t size = INT64_MAX;
};
/// Empty: it cannot be read where it is.
using OpenContent = std::function<Result<Content>()>;

/// The one line of such a file; empty for what is no version.
std::string version_in(const OpenContent& open) {
  if (!open) return "";
  auto content = open();
  if (!content) return "";
  size_t size = static_cast<size_t>(std::min<uint64_t>(content->size, kLongestVersion));
  auto text = read_range(content->fd.get(), content->begin, size, "build-version");
  if (!text) return "";
  std::string version(trim(*text));
  return is_python_version(version) ? version : "";
}

bool is_interesting(std::string_view path) {
  return is_torch_library(path) || is_torch_version(path) || versioned_file(path);
}

/// What was found so far, by path; layers above hide what lies below.
class Collector {
 public:
  void add(const std::string& path, bool is_link, uint64_t size, const OpenContent& open) {
    if (is_link || files_.size() >= kMostFound) return;
    auto file = versioned_file(path);
    if (is_torch_library(path) && open) file = VersionedFile{"torch code", "", path};
    if (is_torch_version(path)) {
      std::string version = version_in(open);
      if (!version.empty()) file = VersionedFile{"torch", version, path};
    }
    if (!file) return;
    // An empty file is a mount target that a container with a driver left behind.
    if (file->name == "driver" && size == 0) return;
    bool has_code = file->name == "torch code";
    files_[path] = {std::move(*file), has_code ? open : nullptr};
  }

  void remove(const std::string& path) {
    files_.erase(path);
    std::string below = path == "/" ? path : path + "/";
    auto begin = files_.lower_bound(below), end = begin;
    while (end != files_.end() && end->first.starts_with(below)) ++end;
    files_.erase(begin, end);
  }

  /// True if it was found, or something below it.
  bool has(const std::string& path) const {
    std::string below = path + "/";
    auto at = files_.lower_bound(below);
    return files_.count(path) > 0 || (at != files_.end() && at->first.starts_with(below));
  }

  /// Every path that was found and every directory above it, those above first.
  std::set<std::string> places() const {
    std::set<std::string> out;
    for (const auto& [path, file] : files_) {
      for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
        out.insert(path.substr(0, end));
        if (end == std::string::npos) break;
      }
    }
    return out;
  }

  ImageFiles finish() const {
    ImageFiles out;
    size_t libraries = 0;
    for (const auto& [path, found] : files_) {
      const VersionedFile& file = found.file;
      if (file.name == "compat") {
        if (!out.compat) out.compat = plan::ImageCompat{directory_of(path), file.version, {}};
      } else if (file.name == "driver") {
        out.drivers.push_back(path);
      } else if (found.open) {
        if (!out.torch_code && libraries++ < kMostTorchLibraries)
          out.torch_code = torch_code(found.open);
      } else if (file.name != "torch" || !is_known_to_conda(path)) {
        out.versions.push_back(file);
      }
    }
    return out;
  }

 private:
  struct Found {
    VersionedFile file;
    OpenContent open;  ///< of PyTorch's library alone
  };

  /// A package of PyTorch of which the environment's own record says more.
  bool is_known_to_conda(const std::string& path) const {
    size_t lib = path.find("/lib/python3");
    if (lib == std::string::npos) return false;
    std::string records = cat(path.substr(0, lib), "/conda-meta/pytorch-");
    auto at = files_.lower_bound(records);
    return at != files_.end() && at->first.starts_with(records);
  }

  static std::optional<elf::FatBinary> torch_code(const OpenContent& open) {
    auto content = open();
    if (!content) return std::nullopt;
    auto code =
        elf::read_fat_binary(content->fd.get(), "libtorch_cuda.so", content->begin, content->size);
    if (!code || (code->machine_code.empty() && code->ptx.empty())) return std::nullopt;
    return std::move(*code);
  }

  std::map<std::string, Found> files_;
};

bool is_opaque(const Root& root, const std::string& directory) {
  auto fd = root.open_file(directory, O_RDONLY | O_DIRECTORY);
  if (!fd) return false;
  for (const char* name : {"trusted.overlay.opaque", "user.overlay.opaque"}) {
    char value = 0;
    if (::fgetxattr(fd->get(), name, &value, 1) == 1 && value == 'y') return true;
  }
  return false;
}

/// What a layer hides of those below (Documentation/filesystems/overlayfs.rst): what is no
/// directory in it, a whiteout (a character device) or another file, hides all that lay at its
/// path, and so does an opaque directory.
void hide_below(const Root& root, Collector& below) {
  std::string done;
  for (const std::string& path : below.places()) {
    if (!done.empty() && path.starts_with(done)) continue;
    bool is_link = root.read_link(path).has_value();
    auto status = root.status(path);
    bool is_directory = !is_link && status && S_ISDIR(status->st_mode);
    if (is_directory && !is_opaque(root, path)) continue;
    if (is_link || status) below.remove(path);
    done = path + "/";
  }
}

void collect(const std::shared_ptr<const Root>& root, Collector& collector) {
  auto add = [&](const std::string& path) {
    if (!is_interesting(path)) return;
    bool is_link = root->read_link(path).has_value();
    auto status = root->find_status(path);
    if (is_link || !status || S_ISCHR(status->st_mode)) return;
    collector.add(path, false, static_cast<uint64_t>(status->st_size),
                  [root, path]() -> Result<Content> {
                    OB_TRY(UniqueFd fd, root->open_regular(path));
                    return Content{std::move(fd)};
                  });
  };
  ImagePlaces places = known_places(*root);
  for (const std::string& directory : places.directories) {
    auto names = root->list(directory);
    if (!names || names->size() > kMostNames) continue;
    for (const std::string& name : *names) add(cat(directory, "/", name));
  }
  for (const std::string& file : places.files) add(file);
}

/// "./usr/lib/x" and "usr/lib/x" are "/usr/lib/x".
std::string absolute(std::string_view name) {
  while (name.starts_with("./")) name.remove_prefix(2);
  while (!name.empty() && name.front() == '/') name.remove_prefix(1);
  while (!name.empty() && name.back() == '/') name.remove_suffix(1);
  return cat("/", name);
}

/// What an item of a layer hides of those below: all that lay at its path, if it is no directory
/// (which is merged) and no hard link (to a file that can be the same one).
void hide_below(const TarItem& item, Collector& below) {
  constexpr std::string_view kWhiteout = ".wh.";  // image-spec 1.1, layer.md
  std::string path = absolute(item.name);
  std::string file = file_name_of(path);
  if (file == ".wh..wh..opq") {
    below.remove(directory_of(path));
  } else if (file.starts_with(kWhiteout)) {
    below.remove(join_path(directory_of(path), file.substr(kWhiteout.size())));
  } else if (item.type != '5' && item.type != '1') {
    below.remove(path);
  }
}

}  // namespace

ImageFiles read_image_root(Root root) {
  auto shared = std::make_shared<const Root>(std::move(root));
  Collector collector;
  collect(shared, collector);
  ImageFiles files = collector.finish();
  files.compat = find_image_compat(*shared, {});
  return files;
}

Result<std::optional<ImageFiles>> read_image_layers(const std::vector<LayerPlace>& layers,
                                                    bool compressed) {
  Collector all;
  for (const LayerPlace& layer : layers) {
    std::vector<TarItem> own;
    auto listed = list_layer(layer, compressed, [&](const TarItem& item) {
      std::string path = absolute(item.name);
      bool interesting = is_interesting(path) || item.name.find(".wh.") != std::string::npos ||
                         (item.type != '5' && all.has(path));
      if (interesting && own.size() < kMostFound) own.push_back(item);
    });
    if (!listed) return std::move(listed).error();
    if (!*listed) return std::optional<ImageFiles>();
    // First, because a layer hides what lies below it and not its own files.
    for (const TarItem& item : own) hide_below(item, all);
    for (const TarItem& item : own) {
      bool is_link = item.type != '0' && item.type != '5';
      if (item.name.find(".wh.") != std::string::npos) continue;
      OpenContent open;
      // Contents of a compressed layer have no place in the file.
      if (item.offset > 0 && item.type == '0') {
        open = [file = layer.file, begin = item.offset, size = item.size]() -> Result<Content> {
          OB_TRY(UniqueFd fd, open_at(AT_FDCWD, file, O_RDONLY | O_NONBLOCK));
          return Content{std::move(fd), begin, size};
        };
      }
      all.add(absolute(item.name), is_link, item.size, open);
    }
  }
  return std::optional<ImageFiles>(all.finish());
}

std::optional<ImageFiles> read_layer_directories(const std::vector<std::string>& directories) {
  if (directories.empty()) return std::nullopt;
  Collector collector;
  for (auto it = directories.rbegin(); it != directories.rend(); ++it) {
    auto root = Root::open(*it, Root::Trust::kUntrusted);
    if (!root) return std::nullopt;
    auto shared = std::make_shared<const Root>(std::move(*root));
    hide_below(*shared, collector);
    collect(shared, collector);
  }
  return collector.finish();
}

}  // namespace outboard::engine
