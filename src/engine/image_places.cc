// SPDX-License-Identifier: Apache-2.0
#include "engine/image_places.h"

#include <algorithm>

#include "base/text.h"

namespace outboard::engine {

namespace {

constexpr size_t kMostBelow = 32;  ///< directories of /opt, /home, of environments
constexpr size_t kMostNames = 10'000;

constexpr std::string_view kTorchLibrary = "/lib/libtorch_cuda.so";

class Finder {
 public:
  explicit Finder(const Root& root) : root_(root) {}

  ImagePlaces find() {
    for (const char* directory : {"/usr/lib/x86_64-linux-gnu", "/usr/lib64"}) add(directory);
    for (const char* prefix : {"/usr", "/usr/local"}) {
      add(cat(prefix, "/lib"));
      find_packages(cat(prefix, "/lib"));
    }
    find_cuda();
    for (const char* directory : {"", "/app", "/workspace", "/src", "/code", "/root"})
      find_prefixes(directory);
    find_libtorch("/usr/local/libtorch");
    for (const std::string& name : below("/opt")) find_prefix(cat("/opt/", name));
    for (const std::string& name : below("/home")) find_prefixes(cat("/home/", name));
    return std::move(out_);
  }

 private:
  void add(std::string directory) { out_.directories.push_back(std::move(directory)); }

  bool is_link(const std::string& path) const { return root_.read_link(path).has_value(); }

  std::vector<std::string> names(const std::string& directory) const {
    auto found = root_.list(directory.empty() ? "/" : directory);
    if (!found || found->size() > kMostNames) return {};
    return std::move(*found);
  }

  /// The first of its directories.
  std::vector<std::string> below(const std::string& directory) const {
    std::vector<std::string> found = names(directory);
    std::sort(found.begin(), found.end());
    if (found.size() > kMostBelow) found.resize(kMostBelow);
    found.erase(
        std::remove_if(found.begin(), found.end(),
                       [&](const std::string& name) { return is_link(cat(directory, "/", name)); }),
        found.end());
    return found;
  }

  void find_cuda() {
    for (const std::string& name : names("/usr/local")) {
      std::string cuda = cat("/usr/local/", name);
      if (!name.starts_with("cuda") || is_link(cuda)) continue;
      for (const char* part :
           {"/lib64", "/targets/x86_64-linux/lib", "/compat", "/compat/lib", "/compat/lib.real"}) {
        if (!is_link(cuda + part)) add(cuda + part);
      }
    }
  }

  /// Of the Pythons whose standard libraries lie in `lib`.
  void find_packages(const std::string& lib) {
    for (const std::string& name : names(lib)) {
      std::string python = cat(lib, "/", name);
      if (!name.starts_with("python3") || is_link(python)) continue;
      for (const char* packages : {"/site-packages", "/dist-packages"}) {
        add(python + packages);
        out_.files.push_back(cat(python, packages, "/torch", kTorchLibrary));
      }
    }
  }

  /// Environments and installations by their usual names.
  void find_prefixes(const std::string& directory) {
    constexpr std::string_view kNames[] = {".venv",     "venv",       "env",       ".local",
                                           "conda",     "miniconda3", "miniconda", "miniforge3",
                                           "anaconda3", "mambaforge", "libtorch"};
    for (const std::string& name : names(directory)) {
      if (std::find(std::begin(kNames), std::end(kNames), name) == std::end(kNames)) continue;
      std::string path = cat(directory, "/", name);
      if (!is_link(path)) find_prefix(path);
    }
  }

  /// A directory that can be a virtual environment, a conda installation, or a libtorch.
  void find_prefix(const std::string& prefix, bool is_environment = false) {
    for (const std::string& name : names(prefix)) {
      std::string path = cat(prefix, "/", name);
      if (name == "lib" && !is_link(path)) {
        find_packages(path);
      } else if (name == "build-version") {
        find_libtorch(prefix);
      } else if (name == "conda-meta") {
        add(path);
        add(cat(prefix, "/lib"));
      } else if (is_environment || is_link(path)) {
        continue;
      } else if (name == "envs") {
        for (const std::string& environment : below(path))
          find_prefix(cat(path, "/", environment), true);
      } else if (name == ".venv" || name == "venv") {
        find_prefix(path, true);
      }
    }
  }

  void find_libtorch(const std::string& directory) {
    out_.files.push_back(cat(directory, "/build-version"));
    out_.files.push_back(cat(directory, kTorchLibrary));
  }

  const Root& root_;
  ImagePlaces out_;
};

}  // namespace

ImagePlaces known_places(const Root& root) {
  return Finder(root).find();
}

bool is_torch_library(std::string_view path) {
  if (!path.ends_with(kTorchLibrary)) return false;
  path.remove_suffix(kTorchLibrary.size());
  return path.ends_with("-packages/torch") || path.ends_with("/libtorch");
}

bool is_torch_version(std::string_view path) {
  return path.ends_with("/libtorch/build-version");
}

}  // namespace outboard::engine
