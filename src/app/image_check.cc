// SPDX-License-Identifier: Apache-2.0
#include "app/image_check.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "compat/csv.h"
#include "compat/image_labels.h"
#include "compat/versions.h"

namespace outboard::app {

namespace {

using compat::Verdict;

/// The newest; of one release the one that says more.
std::optional<CudaSign> newest(const std::vector<CudaSign>& signs) {
  const CudaSign* best = nullptr;
  for (const CudaSign& sign : signs) {
    if (!best || compat::compare_padded(sign.version, best->version) > 0) best = &sign;
  }
  return best ? std::optional<CudaSign>(*best) : std::nullopt;
}

std::vector<CudaSign> signs_of(const ImageEvidence& image,
                               const compat::Requirements& requirements) {
  if (image.instead) return {*image.instead};
  std::vector<CudaSign> signs = image.signs;
  for (const compat::Requirement& requirement : requirements.all) {
    if (requirement.origin == "CUDA_VERSION" || requirement.origin.find("label ") == 0) continue;
    if (auto lowest = compat::lowest_cuda(requirement))
      signs.push_back({*lowest, requirement.origin});
  }
  return signs;
}

bool is_label(const CudaSign& sign) {
  return sign.origin.find("label ") == 0;
}
bool is_variable(const CudaSign& sign) {
  return sign.origin == "CUDA_VERSION" || sign.origin == "NVIDIA_REQUIRE_CUDA";
}

/// An image has as many signs as whoever made it likes.
void note_contradictions(const std::vector<CudaSign>& signs, const CudaSign& best,
                         std::vector<std::string>& notes) {
  constexpr size_t kSaid = 4;
  bool any_variable = std::any_of(signs.begin(), signs.end(), is_variable);
  std::set<std::string> found;
  for (const CudaSign& sign : signs) {
    // A requirement names the least that would do, which may be older.
    bool demand = sign.origin.find("NVIDIA_REQUIRE_") == 0;
    // Label against variable is said by compat::requirements_of_image(), and with what counts.
    bool told = is_label(sign) ? any_variable : is_label(best) && is_variable(sign);
    if (demand || told ||
        compat::compare_padded(compat::release_of(sign.version),
                               compat::release_of(best.version)) == 0)
      continue;
    std::string text = cat(sign.origin, " says ", printable(sign.version, 40));
    if (!found.insert(text).second || found.size() > kSaid) continue;
    notes.push_back(cat("the image names more than one CUDA version: ", text, ", ", best.origin,
                        " says ", printable(best.version, 40), "; the newer one counts"));
  }
  if (found.size() > kSaid)
    notes.push_back(cat("the image names ", found.size() - kSaid, " more older CUDA versions"));
}

int rank(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNo:
      return 0;
    case Verdict::kForward:
      return 1;
    case Verdict::kUnknown:
      return 2;
    case Verdict::kMinor:
      return 3;
    case Verdict::kFull:
      return 4;
  }
  return 2;
}

/// Positions of the GPUs in the inventory, as chosen_gpus() goes through them.
std::vector<uint32_t> gpu_positions(const Chosen& chosen) {
  std::vector<uint32_t> positions;
  for (const device::Selected& selected : chosen.selection.devices) {
    if (std::find(positions.begin(), positions.end(), selected.gpu) == positions.end())
      positions.push_back(selected.gpu);
  }
  return positions;
}

}  // namespace

Verdict GpuVerdict::worst() const {
  Verdict worst = Verdict::kFull;
  for (const PartVerdict& part : parts) {
    if (rank(part.judgement.verdict) < rank(worst)) worst = part.judgement.verdict;
  }
  return parts.empty() ? Verdict::kUnknown : worst;
}

Verdict ImageVerdict::worst() const {
  Verdict worst = gpus.empty() ? Verdict::kUnknown : Verdict::kFull;
  for (const GpuVerdict& gpu : gpus) {
    if (rank(gpu.worst()) < rank(worst)) worst = gpu.worst();
  }
  return worst;
}

std::optional<CudaSign> cuda_of(const ImageEvidence& image, const compat::Tables& tables) {
  auto requirements = compat::requirements_of_image(image.environment, image.labels);
  if (!requirements) return std::nullopt;
  std::vector<CudaSign> signs = signs_of(image, *requirements);
  for (const compat::FrameworkWish& wish : image.frameworks) {
    if (!signs.empty()) break;
    auto answer = compat::judge_framework(tables, wish, {}, {});
    if (answer.build) signs.push_back({answer.build->cuda, framework_text(wish, answer)});
  }
  return newest(signs);
}

Result<ImageVerdict> check_image(Chosen& chosen, const MachineOptions& options,
                                 const ImageEvidence& image, const compat::Tables& tables) {
  ImageVerdict verdict;
  OB_TRY(CompatBasis basis,
         compat_basis(chosen, options,
                      {image.environment, image.labels, image.compat, image.files_known}, tables));
  const compat::Requirements& requirements = basis.requirements;
  verdict.driver = basis.driver;
  verdict.driver_cuda = verdict.driver.cuda
                            ? verdict.driver.cuda
                            : compat::cuda_of_driver(tables, verdict.driver.version);
  verdict.requirements = requirements.all;
  verdict.requirements_off = requirements.disabled;
  verdict.wants_driver = requirements.wants_driver;
  std::vector<CudaSign> signs = signs_of(image, requirements);
  verdict.cuda = newest(signs);
  verdict.cudnn = image.cudnn;
  if (verdict.cuda) note_contradictions(signs, *verdict.cuda, verdict.notes);
  verdict.notes.insert(verdict.notes.end(), image.notes.begin(), image.notes.end());
  if (!image.drivers.empty()) {
    verdict.notes.push_back(
        cat("driver libraries are baked into the image (", printable(image.drivers.front(), 120),
            image.drivers.size() > 1 ? ", ..." : "",
            "): Outboard mounts the host's over them; without it they do harm"));
  }
  if (requirements.disabled)
    verdict.notes.emplace_back(
        "NVIDIA_DISABLE_REQUIRE is set: the image's requirements do not count");

  std::vector<uint32_t> positions = gpu_positions(chosen);
  const std::vector<compat::CheckedGpu>& gpus = basis.gpus;
  for (size_t i = 0; i < gpus.size() && i < positions.size(); i++) {
    const device::Gpu& gpu = chosen.machine.inventory.gpus[positions[i]];
    GpuVerdict entry{gpu.index, gpus[i].traits.label,   gpu.uuid,
                     gpu.name,  gpu.compute_capability, gpus[i].traits.gpu_class};
    entry.parts = judge_gpu({image, basis, verdict.cuda, signs, tables}, gpus[i], verdict.notes);
    verdict.gpus.push_back(std::move(entry));
  }
  return verdict;
}

}  // namespace outboard::app
