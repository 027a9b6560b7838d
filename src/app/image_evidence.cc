// SPDX-License-Identifier: Apache-2.0
#include "app/image_evidence.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "compat/csv.h"
#include "compat/framework_builds.h"
#include "compat/versions.h"
#include "engine/image_config.h"

namespace outboard::app {

namespace {

/// "9.8.0.87" of "9.8.0.87-1" and of "9.8.0.87.post1"; nothing if it does not begin with a version.
std::string leading_version(const std::string& text) {
  std::string version = text.substr(0, text.find_first_not_of("0123456789."));
  while (!version.empty() && version.back() == '.') version.pop_back();
  return compat::is_version(version) ? version : "";
}

/// "2.9.0", "2.9.0+cu128". Others ("2.9.0a0+145a3a7bda.nv25.10", "2.5.1.post303") are somebody's
/// own, of a CUDA version and for GPUs that no table has.
bool is_published(const std::string& version) {
  size_t end = version.find_first_not_of("0123456789.");
  return end == std::string::npos || version.compare(end, 3, "+cu") == 0;
}

/// The first that is found of each: files before variables.
void add_framework(ImageEvidence& image, compat::Framework framework, const std::string& version,
                   const std::string& cuda = "") {
  for (const compat::FrameworkWish& wish : image.frameworks) {
    if (wish.framework == framework) return;
  }
  image.frameworks.push_back({framework, version, cuda, ""});
}

/// Once, and as many as a person reads: an image has as many packages as whoever made it likes.
void add_note(std::vector<std::string>& notes, std::string note) {
  constexpr size_t kMost = 8;
  if (notes.size() < kMost && std::find(notes.begin(), notes.end(), note) == notes.end())
    notes.push_back(std::move(note));
}

/// JAX has its CUDA in packages of their own, named after the major version (jax_cuda13_plugin).
/// Where there are several, nothing says which of them is used; where there is none, nothing says
/// that it has CUDA.
void add_plugins(ImageEvidence& image, const std::vector<engine::VersionedFile>& versions) {
  constexpr std::string_view kStart = "jax_cuda";
  // Before it, jaxlib had CUDA in itself (data/jax.csv).
  constexpr std::string_view kFirstOfPluginsAlone = "0.4.31";
  std::set<std::string> cuda;
  for (const engine::VersionedFile& file : versions) {
    if (!file.name.starts_with(kStart)) continue;
    cuda.insert(
        file.name.substr(kStart.size(), file.name.find('_', kStart.size()) - kStart.size()));
  }
  auto jax = std::find_if(
      image.frameworks.begin(), image.frameworks.end(),
      [](const compat::FrameworkWish& wish) { return wish.framework == compat::Framework::kJax; });
  if (jax == image.frameworks.end()) return;
  if (cuda.size() == 1 && compat::is_version(*cuda.begin())) jax->cuda = *cuda.begin();
  bool plain = compat::is_version(jax->version);
  if (!cuda.empty() || !plain || compat::compare_padded(jax->version, kFirstOfPluginsAlone) < 0)
    return;
  add_note(image.notes, cat("jaxlib ", printable(jax->version, 40),
                            ": no CUDA plugin of JAX is in the image, so it computes on the CPU "
                            "alone if it came from pip (add one: pip install \"jax[cuda12]\")"));
  image.frameworks.erase(jax);
}

/// "8.0 9.0 12.0+PTX", as PyTorch lists them.
std::string architectures_text(const elf::FatBinary& code) {
  auto text = [](unsigned number) { return cat(number / 10, ".", number % 10); };
  std::vector<std::string> list;
  for (unsigned number : code.machine_code)
    list.push_back(cat(text(number), code.ptx.count(number) > 0 ? "+PTX" : ""));
  for (unsigned number : code.ptx) {
    if (code.machine_code.count(number) == 0) list.push_back(cat(text(number), "+PTX"));
  }
  return join(list, " ");
}

}  // namespace

void add_files(ImageEvidence& image, const engine::ImageFiles& files) {
  image.files_known = true;
  image.compat = files.compat;
  image.drivers = files.drivers;
  if (files.torch_code) image.code = architectures_text(*files.torch_code);
  for (const engine::VersionedFile& file : files.versions) {
    auto framework = compat::framework_of(file.name);
    std::string plain = leading_version(file.version);
    if (file.name == "libcudart") {
      // Its third number counts builds, not updates of the toolkit.
      if (!plain.empty())
        image.signs.push_back({compat::release_of(plain), cat("libcudart ", plain, " in it")});
    } else if (file.name == "libcudnn") {
      if (image.cudnn.empty() || compat::compare_padded(plain, image.cudnn) > 0)
        image.cudnn = plain;
    } else if (framework && file.version.find("+cpu") != std::string::npos) {
      add_note(image.notes, cat(file.name, " ", printable(file.version, 40),
                                " is built without CUDA: it never uses a GPU"));
    } else if (framework && !is_published(file.version)) {
      add_note(image.notes, cat(file.name, " ", printable(file.version, 40),
                                " is no published package: it is judged by what else is in the "
                                "image, not by the tables"));
    } else if (framework) {
      // "11.2" of "mxnet-cu112".
      std::string cuda = compat::cuda_of_local_version(
          cat("+", std::string_view(file.name).substr(file.name.rfind('-') + 1)));
      add_framework(image, *framework, file.version, cuda);
    }
  }
  add_plugins(image, files.versions);
}

void add_configured_versions(ImageEvidence& image) {
  auto variable = [&](const char* name) {
    return engine::find_variable(image.environment, name).value_or("");
  };
  std::string version = variable("CUDA_VERSION");
  if (compat::is_version(version)) image.signs.push_back({version, "CUDA_VERSION"});
  compat::ImageLabels labels = compat::read_labels(image.labels);
  if (!labels.cuda.empty()) image.signs.push_back({labels.cuda, cat("label ", compat::kCudaLabel)});
  for (const char* name : {"NV_CUDNN_VERSION", "CUDNN_VERSION"}) {
    if (image.cudnn.empty()) image.cudnn = leading_version(variable(name));
  }
  if (image.cudnn.empty()) {
    image.cudnn = labels.cudnn;
  } else if (!labels.cudnn.empty() &&
             compat::release_of(labels.cudnn) != compat::release_of(image.cudnn)) {
    image.notes.push_back(cat("the image names more than one cuDNN version: its label ",
                              compat::kCudnnLabel, " says ", labels.cudnn, ", and it has ",
                              image.cudnn, ", which counts"));
  }
  struct Known {
    const char* variable;
    compat::Framework framework;
  };
  for (const Known& known : {Known{"PYTORCH_VERSION", compat::Framework::kPytorch},
                             Known{"TENSORFLOW_VERSION", compat::Framework::kTensorflow}}) {
    std::string text = variable(known.variable);
    if (!compat::is_version(text)) continue;
    add_framework(image, known.framework, text);
  }
}

}  // namespace outboard::app
