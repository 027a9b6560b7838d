// SPDX-License-Identifier: Apache-2.0
// `outboard check`, `outboard run` before a pull, `outboard run` and the runtime give the same
// answer from the same facts: drivers x GPUs x images x libraries in the image x modes, each asked
// at every entrance.
#include <doctest/doctest.h>

#include <algorithm>

#include "app/image_check.h"
#include "base/text.h"

using namespace outboard;
using namespace outboard::app;
using compat::Verdict;

namespace {

constexpr const char* kDrivers[] = {"470.57.02", "535.104.05", "580.65.06", "620.10"};

struct Model {
  const char* name;
  const char* capability;
  const char* brand;  ///< by NVML; nullptr: NVML does not answer
};
const std::vector<Model> kMachines[] = {
    {{"NVIDIA H200", "9.0", "NVIDIA"}},
    {{"NVIDIA H200", "9.0", nullptr}},
    {{"NVIDIA GeForce RTX 4090", "8.9", "GeForce"}},
    {{"Tesla V100-SXM2-32GB", "7.0", "Tesla"}},
    {{"NVIDIA H200", "9.0", "NVIDIA"}, {"NVIDIA GeForce RTX 4090", "8.9", "GeForce"}},
};

Chosen machine_of(const std::vector<Model>& models, const std::string& driver) {
  Chosen chosen;
  chosen.machine.facts.library_version = driver;
  chosen.selection.driver = true;
  host::NvmlAnswer nvml;
  for (uint32_t i = 0; i < models.size(); i++) {
    device::Gpu gpu;
    gpu.index = i;
    gpu.pci = cat("0000:0", i, ":00.0");
    gpu.name = models[i].name;
    gpu.compute_capability = models[i].capability;
    chosen.machine.inventory.gpus.push_back(gpu);
    chosen.selection.devices.push_back({i, std::nullopt});
    host::NvmlGpu answered;
    answered.pci = gpu.pci;
    if (models[i].brand) answered.brand = models[i].brand;
    nvml.gpus.push_back(answered);
  }
  if (models[0].brand) chosen.machine.nvml = nvml;
  return chosen;
}

struct Configured {
  std::vector<std::string> environment;
  compat::Labels labels = {};
};
const Configured kImages[] = {
    {{"CUDA_VERSION=11.8.0"}},
    {{"CUDA_VERSION=12.8.1"}},
    {{"CUDA_VERSION=13.0.1"}},
    {{}, {{"com.nvidia.cuda.version", "13.0"}}},
    {{"NVIDIA_REQUIRE_CUDA=cuda>=12.8 brand=tesla,driver>=550,driver<551 "
      "brand=unknown,driver>=470,driver<471"}},
    {{"NVIDIA_REQUIRE_CUDA=cuda>=13.0,brand=nvidia"}},
    {{"NVIDIA_REQUIRE_CUDA=cuda>=11.0,cuda<12.3"}},
    {{"NVIDIA_REQUIRE_CUDA=brand=geforce cuda>=12.5"}},
    {{"NVIDIA_REQUIRE_DRIVER=driver>=575"}},
    {{"NVIDIA_REQUIRE_ARCH=arch>=8.9", "CUDA_VERSION=12.0"}},
    {{"CUDA_VERSION=13.0", "OUTBOARD_CUDA_COMPAT=off"}},
    {{"CUDA_VERSION=13.0", "OUTBOARD_CUDA_COMPAT=force"}},
    {{"CUDA_VERSION=13.0", "NVIDIA_DISABLE_REQUIRE=1"}},
    {{"CUDA_VERSION=99.1"}},
};
constexpr const char* kLibraries[] = {"", "520.61.05", "570.86.10", "580.65.06", "700.1"};
constexpr CompatMode kModes[] = {CompatMode::kAuto, CompatMode::kOff, CompatMode::kForce};

ImageEvidence evidence_of(const Configured& image) {
  ImageEvidence evidence;
  evidence.environment = image.environment;
  evidence.labels = image.labels;
  add_configured_versions(evidence);
  return evidence;
}

bool has_part(const ImageVerdict& verdict, Verdict wanted, const std::string& what = "") {
  for (const GpuVerdict& gpu : verdict.gpus) {
    for (const PartVerdict& part : gpu.parts) {
      if (part.judgement.verdict == wanted && (what.empty() || part.what == what)) return true;
    }
  }
  return false;
}

/// One image on one machine, asked at every entrance.
class Case {
 public:
  Case(const std::vector<Model>& models, const char* driver, const Configured& image,
       CompatMode mode)
      : models_(models), driver_(driver), image_(image) {
    options_.may_ask_nvml = false;
    options_.compat = mode;
  }

  void compare() {
    ImageEvidence evidence = evidence_of(image_);
    ImageVerdict unseen = check(evidence);
    bool refused_before = !before_pull();
    bool runs_with_some = false;
    CHECK(refused_before == has_part(unseen, Verdict::kNo, "requirements"));
    for (const char* version : kLibraries) {
      CAPTURE(std::string(version));
      evidence.files_known = true;
      evidence.compat.reset();
      if (*version != '\0')
        evidence.compat = plan::ImageCompat{"/usr/local/cuda/compat", version, {"libcuda.so.1"}};
      ImageVerdict seen = check(evidence);
      auto started = start(evidence.compat);
      CHECK(!started == has_part(seen, Verdict::kNo, "requirements"));
      // What is refused before its files are seen is refused with every file in it.
      if (refused_before) CHECK_FALSE(started);
      // "By forward compatibility alone" is said only where the image's libraries come first.
      if (seen.worst() == Verdict::kForward) CHECK(started);
      if (has_part(seen, Verdict::kForward) && started) CHECK(started->use_image_compat);
      runs_with_some = runs_with_some || started.has_value();
    }
    // And the other way round: what is let through does run with some libraries.
    CHECK(refused_before == !runs_with_some);
  }

 private:
  ImageVerdict check(const ImageEvidence& evidence) {
    Chosen chosen = machine_of(models_, driver_);
    auto verdict = check_image(chosen, options_, evidence, compat::built_in_tables());
    REQUIRE(verdict);
    return *verdict;
  }
  bool before_pull() {
    Chosen chosen = machine_of(models_, driver_);
    return check_before_pull(chosen, options_, {image_.environment, image_.labels},
                             compat::built_in_tables())
        .has_value();
  }
  Result<CompatDecision> start(const std::optional<plan::ImageCompat>& libraries) {
    Chosen chosen = machine_of(models_, driver_);
    std::vector<std::string> notes;
    return check_compatibility(chosen, options_, {image_.environment, image_.labels, libraries},
                               compat::core_tables(), notes);
  }

  const std::vector<Model>& models_;
  const char* driver_;
  const Configured& image_;
  MachineOptions options_;
};

}  // namespace

TEST_CASE("check, run before a pull, run and the runtime agree") {
  for (const std::vector<Model>& models : kMachines) {
    for (const char* driver : kDrivers) {
      for (const Configured& image : kImages) {
        for (CompatMode mode : kModes) {
          // Switched off, libraries are as good as absent: one machine shows it.
          if (mode == CompatMode::kOff && &models != &kMachines[0]) continue;
          CAPTURE(models.size());
          CAPTURE(std::string(models[0].name));
          CAPTURE(std::string(driver));
          CAPTURE(join(image.environment, " "));
          CAPTURE(static_cast<int>(mode));
          Case(models, driver, image, mode).compare();
        }
      }
    }
  }
}

TEST_CASE("a brand that NVML does not tell is 'unknown' at every entrance") {
  const Configured image{{"NVIDIA_REQUIRE_CUDA=cuda>=12.8 brand=tesla,driver>=550,driver<551"}};
  MachineOptions options;
  options.may_ask_nvml = false;
  Chosen chosen = machine_of(kMachines[1], "550.54.14");
  auto verdict = check_image(chosen, options, evidence_of(image), compat::built_in_tables());
  REQUIRE(verdict);
  CHECK(chosen.machine.nvml == std::nullopt);
  ImageEvidence seen = evidence_of(image);
  seen.files_known = true;
  verdict = check_image(chosen, options, seen, compat::built_in_tables());
  REQUIRE(verdict);
  CHECK(verdict->worst() == Verdict::kNo);
}

TEST_CASE("the mode of the policy and of the image's environment counts in check, too") {
  ImageEvidence image = evidence_of({{"CUDA_VERSION=13.0.1"}});
  MachineOptions options;
  options.may_ask_nvml = false;
  options.compat = CompatMode::kOff;
  auto worst = [&](const std::vector<Model>& models) {
    Chosen chosen = machine_of(models, "535.104.05");
    auto verdict = check_image(chosen, options, image, compat::built_in_tables());
    REQUIRE(verdict);
    return verdict->worst();
  };
  CHECK(worst(kMachines[0]) == Verdict::kNo);
  image.files_known = true;
  image.compat = plan::ImageCompat{"/usr/local/cuda-13.0/compat", "580.65.06", {"libcuda.so.1"}};
  CHECK(worst(kMachines[0]) == Verdict::kNo);
  options.compat = CompatMode::kForce;
  CHECK(worst(kMachines[2]) == Verdict::kForward);
  options.compat = CompatMode::kAuto;
  CHECK(worst(kMachines[2]) == Verdict::kNo);
  image.environment.emplace_back("OUTBOARD_CUDA_COMPAT=force");
  CHECK(worst(kMachines[2]) == Verdict::kForward);
}
