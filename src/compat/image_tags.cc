// SPDX-License-Identifier: Apache-2.0
#include "compat/image_tags.h"

#include <algorithm>

#include "base/text.h"
#include "compat/csv.h"
#include "compat/table_cells.h"

namespace outboard::compat {

namespace {

constexpr Text kImageTagCells =
#include "compat/nvidia_cuda_image_tags.inc"
    ;

// "22.04" of "ubuntu22.04" and "ubuntu2204".
std::string ubuntu_of(std::string_view word) {
  constexpr std::string_view kName = "ubuntu";
  if (word.substr(0, kName.size()) != kName) return "";
  std::string version(word.substr(kName.size()));
  if (version.size() == 4 && is_digits(version)) version.insert(2, ".");
  return is_version(version) ? version : "";
}

bool is_ubuntu_release(std::string_view text) {
  return text.size() == 5 && text[2] == '.' && is_version(text) && text.substr(3) == "04";
}

// The repository and the tag of "registry:5000/nvidia/cuda:12.2.2-base@sha256:...".
std::pair<std::string_view, std::string_view> name_and_tag(std::string_view name) {
  name = name.substr(0, name.find('@'));
  size_t slash = name.rfind('/');
  size_t colon = name.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon == std::string_view::npos) return {name, {}};
  return {name.substr(0, colon), name.substr(colon + 1)};
}

bool is_set(const std::vector<std::string>& environment, std::string_view name) {
  return std::any_of(environment.begin(), environment.end(), [&](const std::string& entry) {
    return entry.size() > name.size() + 1 && entry.compare(0, name.size(), name) == 0 &&
           entry[name.size()] == '=';
  });
}

// Does CUDA have code for the GPU, and does the driver drive it? An unknown one counts as both.
bool is_for(const Tables& tables, std::string_view cuda, std::string_view driver,
            const GpuTraits& gpu) {
  for (const CapabilityRow& row : tables.capabilities) {
    if (!gpu.compute_capability || row.compute_capability != *gpu.compute_capability) continue;
    auto parts = split(cuda, '.');
    const std::string release = cat(parts[0], ".", parts.size() > 1 ? parts[1] : "0");
    return compare_padded(release, row.first_toolkit) >= 0 &&
           (row.last_toolkit.empty() || compare_padded(release, row.last_toolkit) <= 0) &&
           (row.last_branch.empty() ||
            compare_padded(driver.substr(0, driver.find('.')), row.last_branch) <= 0);
  }
  return true;
}

bool runs_in_full(const Tables& tables, const ImageTagRow& row, const DriverTraits& driver,
                  const std::vector<GpuTraits>& gpus) {
  auto needed = full_driver(tables, row.cuda);
  if (!needed || !is_version(driver.version) || compare_padded(driver.version, *needed) < 0)
    return false;
  return std::all_of(gpus.begin(), gpus.end(), [&](const GpuTraits& gpu) {
    return is_for(tables, row.cuda, driver.version, gpu);
  });
}

// "cudnn8" of "12.2.2-cudnn8-devel-ubuntu22.04".
std::string_view cudnn_of(const ImageTagRow& row) {
  for (std::string_view part : split(row.tag, '-')) {
    if (part.substr(0, 5) == "cudnn") return part;
  }
  return {};
}

}  // namespace

ImageFlavour flavour_of(std::string_view name, const std::vector<std::string>& environment,
                        const Labels& labels) {
  ImageFlavour flavour;
  const auto [repository, tag] = name_and_tag(name);
  bool own = repository == "nvidia/cuda" || repository.ends_with("/nvidia/cuda");
  if (own) flavour.repository = repository;
  bool kind_known = false;
  for (std::string_view part : split(tag, '-')) {
    if (std::string ubuntu = ubuntu_of(part); !ubuntu.empty()) flavour.ubuntu = ubuntu;
    if (!own) continue;
    if (part == "base" || part == "runtime" || part == "devel") {
      flavour.kind = part;
      kind_known = true;
    }
    if (part.substr(0, 5) == "cudnn") flavour.cudnn = true;
  }
  if (!kind_known) {
    if (is_set(environment, "NV_CUDA_CUDART_DEV_VERSION")) {
      flavour.kind = "devel";
    } else if (is_set(environment, "NV_CUDA_LIB_VERSION")) {
      flavour.kind = "runtime";
    }
    flavour.cudnn = is_set(environment, "NV_CUDNN_VERSION");
    if (flavour.cudnn && flavour.kind == "base") flavour.kind = "runtime";
  }
  for (const auto& [label, value] : labels) {
    if (label == "org.opencontainers.image.version" && flavour.ubuntu.empty() &&
        is_ubuntu_release(value))
      flavour.ubuntu = value;
  }
  return flavour;
}

const std::vector<ImageTagRow>& built_in_image_tags() {
  static const std::vector<ImageTagRow> kRows = rows_of<ImageTagRow>(kImageTagCells);
  return kRows;
}

std::optional<std::string> runnable_image(const Tables& tables, const DriverTraits& driver,
                                          const std::vector<GpuTraits>& gpus,
                                          const ImageFlavour& flavour) {
  const ImageTagRow* best = nullptr;
  const std::vector<ImageTagRow>& tags =
      tables.image_tags.empty() ? built_in_image_tags() : tables.image_tags;
  for (const ImageTagRow& row : tags) {
    int order = best ? compare_padded(row.cuda, best->cuda) : 1;
    if (order < 0) continue;
    if (order == 0) {
      bool wanted = row.ubuntu == flavour.ubuntu, had = best->ubuntu == flavour.ubuntu;
      if (had || (!wanted && compare_padded(row.ubuntu, best->ubuntu) <= 0)) continue;
    }
    if (runs_in_full(tables, row, driver, gpus)) best = &row;
  }
  if (!best) return std::nullopt;
  std::string_view cudnn = flavour.cudnn ? cudnn_of(*best) : "";
  return cat(flavour.repository, ":", best->cuda, cudnn.empty() ? "" : "-", cudnn, "-",
             flavour.kind, "-ubuntu", best->ubuntu);
}

}  // namespace outboard::compat
