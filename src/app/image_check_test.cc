// SPDX-License-Identifier: Apache-2.0
#include "app/image_check.h"

#include <doctest/doctest.h>

#include "base/text.h"

using namespace outboard;
using compat::Verdict;

namespace {

app::Chosen machine_with(const char* driver, const char* name, const char* capability) {
  app::Chosen chosen;
  chosen.machine.facts.library_version = driver;
  device::Gpu gpu;
  gpu.name = name;
  gpu.compute_capability = capability;
  chosen.machine.inventory.gpus = {gpu};
  chosen.selection.driver = true;
  chosen.selection.devices = {{0, {}}};
  return chosen;
}
app::Chosen data_center() {
  return machine_with("535.104.05", "NVIDIA H200", "9.0");
}

app::ImageEvidence image_of(std::vector<std::string> environment) {
  app::ImageEvidence image;
  image.environment = std::move(environment);
  app::add_configured_versions(image);
  return image;
}

app::ImageVerdict check(app::Chosen chosen, const app::ImageEvidence& image) {
  app::MachineOptions options;
  options.may_ask_nvml = false;
  auto verdict = app::check_image(chosen, options, image, compat::built_in_tables());
  REQUIRE(verdict);
  return *verdict;
}

const char* const kDemand13 = "NVIDIA_REQUIRE_CUDA=cuda>=13.0 driver>=535,driver<536";

}  // namespace

TEST_CASE("forward compatibility: not known, in the image, not in the image, not for this GPU") {
  app::ImageEvidence image = image_of({"CUDA_VERSION=13.0.1", kDemand13});
  CHECK(check(data_center(), image).worst() == Verdict::kForward);
  image.files_known = true;
  app::ImageVerdict without = check(data_center(), image);
  CHECK(without.worst() == Verdict::kNo);
  CHECK(without.gpus[0].parts[0].judgement.missing.back() ==
        "no cuda-compat package is in this image");
  image.compat = plan::ImageCompat{"/usr/local/cuda-13.0/compat", "580.65.06", {"libcuda.so.1"}};
  app::ImageVerdict with = check(data_center(), image);
  CHECK(with.worst() == Verdict::kForward);
  CHECK(with.gpus[0].parts[0].judgement.missing.empty());
  CHECK(check(machine_with("535.104.05", "NVIDIA GeForce RTX 4090", "8.9"), image).worst() ==
        Verdict::kNo);
}

TEST_CASE("libraries of an older CUDA do not make up for a newer one") {
  app::ImageEvidence image = image_of({});
  image.signs.push_back({"12.8", "libcudart 12.8.90 in it"});
  image.files_known = true;
  image.compat = plan::ImageCompat{"/usr/local/cuda-11.8/compat", "520.61.05", {"libcuda.so.1"}};
  app::Chosen old = machine_with("470.57.02", "NVIDIA A100-SXM4-80GB", "8.0");
  app::ImageVerdict verdict = check(old, image);
  CHECK(verdict.worst() == Verdict::kNo);
  const compat::Judgement& judgement = verdict.gpus[0].parts[0].judgement;
  CHECK(judgement.reason.find("makes up for it") == std::string::npos);
  REQUIRE(judgement.missing.size() == 1);
  CHECK(judgement.missing[0] ==
        "the image's /usr/local/cuda-11.8/compat (520.61.05) brings CUDA 11.8 alone");
  // Their own minor-version compatibility counts.
  image.compat->version = "535.183.06";
  CHECK(check(old, image).worst() == Verdict::kForward);
}

TEST_CASE("a framework's verdict rests on the libraries that the image has") {
  app::ImageEvidence image = image_of({"NVIDIA_REQUIRE_CUDA=cuda>=13.0"});
  image.instead = app::CudaSign{"13.0", "--cuda"};
  image.frameworks = {{compat::Framework::kPytorch, "2.9", "13.0", ""}};
  image.files_known = true;
  CHECK(check(data_center(), image).worst() == Verdict::kNo);
  image.compat = plan::ImageCompat{"/usr/local/cuda-12.4/compat", "550.54.14", {"libcuda.so.1"}};
  CHECK(check(data_center(), image).worst() == Verdict::kNo);
  image.compat->version = "580.65.06";
  app::ImageVerdict verdict = check(data_center(), image);
  CHECK(verdict.worst() == Verdict::kForward);
  REQUIRE(verdict.gpus[0].parts.size() == 1);
  CHECK(verdict.gpus[0].parts[0].what == "PyTorch 2.9.1 (CUDA 13.0)");
}

TEST_CASE("a demand that forward compatibility meets is not held against the image") {
  app::ImageEvidence image = image_of({"NVIDIA_REQUIRE_CUDA=cuda>=13.0"});
  CHECK(check(data_center(), image).worst() == Verdict::kForward);
  app::Chosen consumer = machine_with("535.104.05", "NVIDIA GeForce RTX 4090", "8.9");
  app::ImageVerdict refused = check(consumer, image);
  CHECK(refused.worst() == Verdict::kNo);
  REQUIRE(refused.gpus[0].parts.size() == 2);
  CHECK(refused.gpus[0].parts[1].what == "requirements");
  CHECK(refused.gpus[0].parts[1].judgement.ways_out.size() >= 2);
}

TEST_CASE("the newest CUDA version that an image names counts, and the others are told") {
  app::ImageEvidence image = image_of({"CUDA_VERSION=11.8.0"});
  image.signs.push_back({"12.1", "libcudart in its files"});
  app::ImageVerdict verdict = check(data_center(), image);
  REQUIRE(verdict.cuda);
  CHECK(verdict.cuda->version == "12.1");
  REQUIRE(verdict.notes.size() == 1);
  CHECK(verdict.notes[0].find("CUDA_VERSION says 11.8.0") != std::string::npos);
  // As many of them as a person reads.
  for (int i = 0; i < 3000; i++)
    image.signs.push_back({cat("10.", i % 9), cat("libcudart 10.", i % 9, " in it")});
  verdict = check(data_center(), image);
  REQUIRE(verdict.notes.size() == 5);
  CHECK(verdict.notes[4] == "the image names 6 more older CUDA versions");
  // A requirement is the least that would do, no contradiction.
  CHECK(check(data_center(), image_of({"CUDA_VERSION=12.1.0", "NVIDIA_REQUIRE_CUDA=cuda>=11.0"}))
            .notes.empty());
}

TEST_CASE("versions in an image's variables; NVIDIA's own builds of a framework are no wheels") {
  app::ImageEvidence image = image_of({"PYTORCH_VERSION=2.9.0", "NV_CUDNN_VERSION=9.8.0.87-1"});
  REQUIRE(image.frameworks.size() == 1);
  CHECK(image.frameworks[0].version == "2.9.0");
  CHECK(image.cudnn == "9.8.0.87");
  CHECK(image_of({"PYTORCH_VERSION=2.9.0a0+145a3a7bda.nv25.10"}).frameworks.empty());
  CHECK(image_of({"CUDNN_VERSION=none"}).cudnn.empty());
}

TEST_CASE("a framework in an image's files that was built elsewhere is no wheel either") {
  auto added = [](const char* version) {
    engine::ImageFiles files;
    files.versions = {{"torch", version, "/a"}};
    app::ImageEvidence image;
    app::add_files(image, files);
    return image;
  };
  for (const char* own : {"2.9.0a0+145a3a7bda.nv25.10", "2.5.1.post303", "2.6.0+rocm6.1"}) {
    app::ImageEvidence image = added(own);
    CHECK(image.frameworks.empty());
    REQUIRE(image.notes.size() == 1);
    CHECK(image.notes[0].find(" is no published package") != std::string::npos);
  }
  for (const char* wheel : {"2.9.0", "2.9.0+cu128"}) CHECK(added(wheel).frameworks.size() == 1);
}

TEST_CASE("an image of another architecture does not run") {
  app::ImageEvidence image = image_of({"CUDA_VERSION=11.8.0"});
  image.architecture = "s390x";
  CHECK(check(data_center(), image).worst() == Verdict::kNo);
}

TEST_CASE("nothing that names a version is not known, and a broken requirement is an error") {
  CHECK(check(data_center(), image_of({})).worst() == Verdict::kUnknown);
  app::Chosen chosen = data_center();
  CHECK_FALSE(app::check_image(chosen, {}, image_of({"NVIDIA_REQUIRE_CUDA=cuda>>1"}),
                               compat::built_in_tables()));
}

TEST_CASE("code of PyTorch's library against the GPU") {
  app::ImageEvidence image = image_of({"CUDA_VERSION=11.8.0"});
  auto code = [&](const char* list) {
    image.code = list;
    app::ImageVerdict verdict = check(data_center(), image);
    return verdict.gpus[0].parts[1].judgement.verdict;
  };
  CHECK(code("8.0 9.0") == Verdict::kFull);
  CHECK(code("8.0+PTX") == Verdict::kFull);
  CHECK(code("7.0 8.0") == Verdict::kNo);
}

TEST_CASE("JAX is judged for the CUDA of its plugin") {
  auto with = [](const char* plugin, const char* driver) {
    engine::ImageFiles files;
    files.versions = {{plugin, "0.7.2", "/a"}, {"jaxlib", "0.7.2", "/b"}};
    app::ImageEvidence image;
    app::add_files(image, files);
    return check(machine_with(driver, "NVIDIA GeForce RTX 4090", "8.9"), image).gpus[0].parts[0];
  };
  app::PartVerdict refused = with("jax_cuda13_plugin", "535.104.05");
  CHECK(refused.what == "JAX 0.7.2 (CUDA 13.0 or newer)");
  CHECK(refused.judgement.verdict == Verdict::kNo);
  CHECK(with("jax_cuda12_plugin", "580.95.05").what == "JAX 0.7.2 (CUDA 12.1 or newer)");
}

TEST_CASE("a CUDA version that is asked for is judged beside a framework of the image") {
  app::ImageEvidence image;
  image.frameworks = {{compat::Framework::kPytorch, "2.4.0+cu121", "", ""}};
  image.instead = app::CudaSign{"13.0", "--cuda"};
  app::ImageVerdict verdict = check(data_center(), image);
  REQUIRE(verdict.gpus[0].parts.size() == 2);
  CHECK(verdict.gpus[0].parts[0].what == "CUDA 13.0");
}

TEST_CASE("a cuDNN for another CUDA: no where a person asks, said where an image has it") {
  app::Chosen chosen = machine_with("580.95.05", "NVIDIA H200", "9.0");
  app::ImageEvidence image;
  image.instead = app::CudaSign{"11.8", "--cuda"};
  image.cudnn = "9.13";
  app::ImageVerdict asked = check(chosen, image);
  CHECK(asked.worst() == Verdict::kNo);
  CHECK(asked.gpus[0].parts[1].what == "cuDNN 9.13");
  image.cudnn = "9.30";
  CHECK(check(chosen, image).worst() == Verdict::kNo);
  image.instead->version = "13.0";
  CHECK(check(chosen, image).worst() == Verdict::kUnknown);

  app::ImageEvidence built = image_of({"CUDA_VERSION=13.0.1", "NV_CUDNN_VERSION=9.1.0.70-1"});
  app::ImageVerdict told = check(chosen, built);
  CHECK(told.worst() == Verdict::kFull);
  REQUIRE(told.notes.size() == 1);
  CHECK(told.notes[0].find("there is no cuDNN 9.1.0.70 for CUDA 13: the first one is 9.12.0") == 0);
  // One of the image's CUDA versions that it goes with is enough.
  built.signs.push_back({"12.4", "libcudart 12.4 in it"});
  CHECK(check(chosen, built).gpus[0].parts[1].judgement.verdict == Verdict::kFull);
}

TEST_CASE("what an image's files say comes before its variables") {
  engine::ImageFiles files;
  files.versions = {{"libcudart", "12.1.105", "/a"},
                    {"libcudnn", "8.9.0", "/b"},
                    {"libcudnn", "9.1.0", "/c"},
                    {"torch", "2.4.0+cu121", "/d"},
                    {"libnccl", "2.20.5", "/e"}};
  files.torch_code = elf::FatBinary{{80, 90}, {90, 120}};
  app::ImageEvidence image;
  image.environment = {"PYTORCH_VERSION=2.3.0", "CUDNN_VERSION=8.0"};
  app::add_files(image, files);
  app::add_configured_versions(image);
  CHECK(image.files_known);
  CHECK(image.cudnn == "9.1.0");
  CHECK(image.code == "8.0 9.0+PTX 12.0+PTX");
  REQUIRE(image.frameworks.size() == 1);
  CHECK(image.frameworks[0].version == "2.4.0+cu121");
  CHECK(check(data_center(), image).cuda->version == "12.1");
}

TEST_CASE("before a pull: refused, or let through because the image may bring its own libraries") {
  app::MachineOptions options;
  options.may_ask_nvml = false;
  auto pulled = [&](app::Chosen chosen, std::vector<std::string> environment) {
    return app::check_before_pull(chosen, options, {std::move(environment)},
                                  compat::built_in_tables())
        .has_value();
  };
  app::Chosen consumer = machine_with("535.104.05", "NVIDIA GeForce RTX 4090", "8.9");
  CHECK(pulled(data_center(), {"NVIDIA_REQUIRE_CUDA=cuda>=12.0"}));
  CHECK(pulled(data_center(), {"NVIDIA_REQUIRE_CUDA=cuda>=13.0"}));
  CHECK(pulled(data_center(), {"NVIDIA_REQUIRE_CUDA=cuda>=12.8"}));
  CHECK_FALSE(pulled(data_center(), {"NVIDIA_REQUIRE_DRIVER=driver>=575"}));
  CHECK_FALSE(pulled(consumer, {"NVIDIA_REQUIRE_CUDA=cuda>=13.0"}));
  CHECK(pulled(consumer, {"NVIDIA_REQUIRE_CUDA=cuda>=13.0", "NVIDIA_DISABLE_REQUIRE=1"}));
  CHECK_FALSE(pulled(data_center(), {"NVIDIA_REQUIRE_CUDA=cuda>>13"}));
  options.compat = app::CompatMode::kOff;
  CHECK_FALSE(pulled(data_center(), {"NVIDIA_REQUIRE_CUDA=cuda>=13.0"}));
}
