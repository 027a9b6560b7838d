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

constexpr const char* kLibraries[] = {"libcudart", "libcudnn", "libcublas", "libnccl"};
constexpr const char* kDrivers[] = {"libcuda", "libnvidia-ml", "libnvidia-ptxjitcompiler"};

/// Packages of Python by the name in front of "-VERSION.dist-info".
struct Package {
  const char* file;
  const char* name;
};
constexpr Package kPackages[] = {{"torch", "torch"},
                                 {"tensorflow", "tensorflow"},
                                 {"tensorflow_gpu", "tensorflow"},
                                 {"jaxlib", "jaxlib"},
                                 {"nvidia_cuda_runtime", "libcudart"},
                                 {"nvidia_cuda_runtime_cu11", "libcudart"},
                                 {"nvidia_cuda_runtime_cu12", "libcudart"},
                                 {"nvidia_cudnn_cu11", "libcudnn"},
                                 {"nvidia_cudnn_cu12", "libcudnn"},
                                 {"nvidia_cudnn_cu13", "libcudnn"}};

bool is_number_with_dots(std::string_view text) {
  return !text.empty() && text.size() < 40 && text.find('.') != std::string_view::npos &&
         text.find_first_not_of("0123456789.") == std::string_view::npos && text[0] != '.';
}

/// As far as its characters go: PEP 440 has epochs, local versions and names of stages.
bool is_python_version(std::string_view text) {
  return !text.empty() && text.size() <= 60 && text[0] >= '0' && text[0] <= '9' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  std::string_view(".+!_-").find(c) != std::string_view::npos;
         });
}

/// "12.8.90" of "libcudart.so.12.8.90" for "libcudart".
std::string_view version_after_so(std::string_view file, std::string_view library) {
  if (!file.starts_with(library) || file.substr(library.size(), 4) != ".so.") return {};
  std::string_view version = file.substr(library.size() + 4);
  return is_number_with_dots(version) ? version : std::string_view();
}

std::optional<VersionedFile> found(std::string_view name, std::string_view version,
                                   std::string_view path) {
  return VersionedFile{std::string(name), std::string(version), std::string(path)};
}

/// "112" of "mxnet_cu112": up to three digits between a start and an end.
std::string_view digits_between(std::string_view text, std::string_view start,
                                std::string_view end) {
  if (!text.starts_with(start) || !text.ends_with(end)) return {};
  text.remove_prefix(start.size());
  if (text.size() <= end.size() || text.size() > end.size() + 3) return {};
  text.remove_suffix(end.size());
  return is_digits(text) ? text : std::string_view();
}

std::optional<VersionedFile> python_package(std::string_view file, std::string_view path) {
  constexpr std::string_view kWheel = ".dist-info", kEgg = ".egg-info";
  bool wheel = file.ends_with(kWheel);
  if (!wheel && !file.ends_with(kEgg)) return std::nullopt;
  file.remove_suffix(wheel ? kWheel.size() : kEgg.size());
  // "torch-2.5.1-py3.11.egg-info"
  if (!wheel) file = file.substr(0, file.find("-py"));
  size_t dash = file.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  std::string_view name = file.substr(0, dash), version = file.substr(dash + 1);
  if (!is_python_version(version)) return std::nullopt;
  for (const Package& package : kPackages) {
    if (name == package.file) return found(package.name, version, path);
  }
  // Which CUDA these are for is in their names alone: mxnet_cu112, jax_cuda12_plugin.
  auto mxnet = digits_between(name, "mxnet_cu", "");
  if (!mxnet.empty()) return found(cat("mxnet-cu", mxnet), version, path);
  for (std::string_view part : {"_plugin", "_pjrt"}) {
    if (!digits_between(name, "jax_cuda", part).empty()) return found(name, version, path);
  }
  return std::nullopt;
}

/// What pip would call the build of a conda package of PyTorch: "+cu124" for the project's own
/// ("py3.11_cuda12.4_cudnn9.1.0_0"), which has the code of its wheels; "+cpu"; "+conda" for the
/// builds of others (conda-forge's "cuda126_py312h1234567_306").
std::string torch_build(std::string_view build) {
  constexpr std::string_view kCuda = "_cuda";
  if (build.starts_with("cpu_") || build.find("_cpu_") != std::string_view::npos) return "+cpu";
  size_t at = build.find(kCuda);
  if (!build.starts_with("py3") || at == std::string_view::npos) return "+conda";
  std::string_view cuda = build.substr(at + kCuda.size());
  cuda = cuda.substr(0, cuda.find('_'));
  if (!is_number_with_dots(cuda)) return "+conda";
  std::string digits(cuda);
  digits.erase(std::remove(digits.begin(), digits.end(), '.'), digits.end());
  return cat("+cu", digits);
}

/// "cudatoolkit-11.8.0-h6a678d5_0.json" in conda-meta
std::optional<VersionedFile> conda_package(std::string_view file, std::string_view path) {
  constexpr Package kCondaPackages[] = {
      {"cudatoolkit-", "libcudart"}, {"cuda-cudart-", "libcudart"}, {"cudnn-", "libcudnn"},
      {"libcudnn-", "libcudnn"},     {"nccl-", "libnccl"},          {"pytorch-", "torch"}};
  for (const Package& package : kCondaPackages) {
    std::string_view rest = file;
    if (!rest.starts_with(package.file)) continue;
    rest.remove_prefix(std::string_view(package.file).size());
    std::string_view version = rest.substr(0, rest.find('-'));
    if (!is_number_with_dots(version) || version.size() == rest.size()) continue;
    if (std::string_view(package.name) != "torch") return found(package.name, version, path);
    return found("torch", cat(version, torch_build(rest.substr(version.size() + 1))), path);
  }
  return std::nullopt;
}

bool is_compat_directory(std::string_view directory) {
  size_t at = directory.find("/usr/local/cuda");
  return at == 0 && directory.find("/compat") != std::string_view::npos;
}

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
    if (is_torch_library(path) && open) file = found("torch code", "", path);
    if (is_torch_version(path)) {
      std::string version = version_in(open);
      if (!version.empty()) file = found("torch", version, path);
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

std::optional<VersionedFile> versioned_file(std::string_view path) {
  std::string_view file = path.substr(path.rfind('/') + 1);
  std::string_view directory = path.substr(0, path.size() - file.size());
  if (auto package = python_package(file, path)) return package;
  if (directory.ends_with("/conda-meta/")) return conda_package(file, path);
  for (const char* library : kLibraries) {
    auto version = version_after_so(file, library);
    if (!version.empty()) return found(library, version, path);
  }
  for (const char* library : kDrivers) {
    auto version = version_after_so(file, library);
    if (version.empty()) continue;
    bool compat = is_compat_directory(directory);
    if (compat && std::string_view(library) != "libcuda") return std::nullopt;
    return found(compat ? "compat" : "driver", version, path);
  }
  return std::nullopt;
}

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
