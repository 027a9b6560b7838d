// SPDX-License-Identifier: Apache-2.0
#include "engine/versioned_file.h"

#include <algorithm>

#include "base/text.h"

namespace outboard::engine {

namespace {

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

}  // namespace

bool is_python_version(std::string_view text) {
  return !text.empty() && text.size() <= 60 && text[0] >= '0' && text[0] <= '9' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  std::string_view(".+!_-").find(c) != std::string_view::npos;
         });
}

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

}  // namespace outboard::engine
