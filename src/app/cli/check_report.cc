// SPDX-License-Identifier: Apache-2.0
#include "app/cli/check_report.h"

#include <algorithm>

#include "base/text.h"
#include "compat/image_labels.h"

namespace outboard::cli {

namespace {

using compat::Verdict;

constexpr std::string_view kLabels[] = {compat::kVolumesLabel, compat::kCudaLabel,
                                        compat::kCudnnLabel};

/// What a GPU's verdict means, for people.
std::string_view meaning(const app::GpuVerdict& gpu) {
  bool reserved = false;
  for (const app::PartVerdict& part : gpu.parts) reserved |= !part.judgement.missing.empty();
  switch (gpu.worst()) {
    case Verdict::kNo:
      return "does not run";
    case Verdict::kUnknown:
      return "not known whether it runs";
    case Verdict::kForward:
      return "runs by forward compatibility alone";
    case Verdict::kMinor:
      return "runs by minor-version compatibility";
    case Verdict::kFull:
      return reserved ? "runs, with a reservation" : "runs";
  }
  return "";
}

std::string image_line(const CheckReport& report) {
  const engine::InspectedImage& image = *report.image;
  std::string line = cat("image ", printable(report.name, 200), " (", image.place);
  if (!image.architecture.empty()) line += cat(", ", printable(image.architecture, 40));
  if (!image.digest.empty()) line += cat(", ", printable(image.digest, 80).substr(0, 19));
  return line + ")\n";
}

/// A sentence can quote the image, which is somebody else's.
std::string shown(const std::string& sentence) {
  return printable(sentence, 4000);
}

std::string details(const app::GpuVerdict& gpu) {
  std::string out;
  for (const app::PartVerdict& part : gpu.parts) {
    const compat::Judgement& judgement = part.judgement;
    out += cat("    ", shown(part.what), ": ", compat::verdict_name(judgement.verdict), ": ",
               shown(judgement.reason), "\n");
    for (const std::string& text : judgement.missing) out += cat("      but: ", shown(text), "\n");
    for (const std::string& text : judgement.ways_out)
      out += cat("      way out: ", shown(text), "\n");
  }
  return out;
}

/// GPUs of one model and one verdict, for the same reasons.
struct GpuGroup {
  static constexpr std::string_view kPlace = "\x01";  ///< where a sentence names the GPU

  const app::GpuVerdict* first;
  std::string model;    ///< " (NVIDIA H200)"
  std::string general;  ///< the details, with kPlace for the GPU's name
  std::vector<std::string> indices;

  std::string label() const {
    return indices.size() == 1 ? first->label : cat("GPU ", join(indices, ", "), model);
  }
  std::string text() const {
    return replaced(general, kPlace, indices.size() == 1 ? first->label : "each of them");
  }
  static std::string replaced(std::string text, std::string_view from, std::string_view to) {
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
      text.replace(at, from.size(), to);
    return text;
  }
};

std::vector<GpuGroup> groups_of(const std::vector<app::GpuVerdict>& gpus) {
  std::vector<GpuGroup> groups;
  for (const app::GpuVerdict& gpu : gpus) {
    size_t name = gpu.label.find(" (");
    std::string model = name == std::string::npos ? "" : gpu.label.substr(name);
    std::string general = GpuGroup::replaced(details(gpu), gpu.label, GpuGroup::kPlace);
    auto same = std::find_if(groups.begin(), groups.end(), [&](const GpuGroup& group) {
      return group.model == model && group.general == general &&
             group.first->worst() == gpu.worst();
    });
    if (same == groups.end()) {
      groups.push_back({&gpu, std::move(model), std::move(general), {}});
      same = groups.end() - 1;
    }
    same->indices.push_back(cat(gpu.index));
  }
  return groups;
}

json::Value given(const std::string& text) {
  return text.empty() ? json::Value() : json::Value(text);
}

json::Value known_version(const std::optional<compat::KnownVersion>& version) {
  if (!version) return {};
  json::Value value;
  value.set("version", version->text);
  value.set("orNewer", version->at_least);
  return value;
}

json::Value image_value(const CheckReport& report) {
  if (!report.image) return {};
  const engine::InspectedImage& image = *report.image;
  json::Value value;
  value.set("name", report.name);
  value.set("place", image.place);
  value.set("digest", given(image.digest));
  value.set("os", given(image.os));
  value.set("architecture", given(image.architecture));
  json::Value& labels = value.set("labels", json::Value::object());
  for (const auto& [name, text] : image.config.labels) {
    for (std::string_view known : kLabels) {
      if (name == known) labels.set(name, text);
    }
  }
  return value;
}

json::Value files_value(const std::optional<engine::ImageFiles>& files) {
  if (!files) return {};
  json::Value value;
  json::Value& versions = value.set("versions", json::Value::array());
  for (const engine::VersionedFile& file : files->versions) {
    json::Value& entry = versions.push(json::Value::object());
    entry.set("name", file.name);
    entry.set("version", file.version);
    entry.set("path", file.path);
  }
  value.set("drivers", json::Value::array(files->drivers));
  json::Value compat;
  if (files->compat) {
    compat.set("directory", files->compat->directory);
    compat.set("version", files->compat->version);
  }
  value.set("compat", std::move(compat));
  return value;
}

json::Value gpu_value(const app::GpuVerdict& gpu) {
  json::Value value;
  value.set("index", gpu.index);
  value.set("uuid", json::Value::maybe(gpu.uuid));
  value.set("name", json::Value::maybe(gpu.name));
  value.set("computeCapability", json::Value::maybe(gpu.compute_capability));
  value.set("kind", compat::gpu_class_name(gpu.gpu_class));
  value.set("verdict", compat::verdict_name(gpu.worst()));
  json::Value& checks = value.set("checks", json::Value::array());
  for (const app::PartVerdict& part : gpu.parts) {
    const compat::Judgement& judgement = part.judgement;
    json::Value& entry = checks.push(json::Value::object());
    entry.set("what", part.what);
    entry.set("verdict", compat::verdict_name(judgement.verdict));
    entry.set("reason", judgement.reason);
    entry.set("missing", json::Value::array(judgement.missing));
    entry.set("waysOut", json::Value::array(judgement.ways_out));
    entry.set("source", given(judgement.source));
  }
  return value;
}

}  // namespace

std::string check_text(const CheckReport& report) {
  const app::ImageVerdict& verdict = report.verdict;
  std::string out;
  if (report.simulated) out += "simulated machine: no real GPU is behind these devices\n";
  if (report.image) out += image_line(report);
  if (verdict.cuda) {
    out += cat("CUDA ", printable(verdict.cuda->version, 40), " (",
               printable(verdict.cuda->origin, 80), ")\n");
  }
  if (report.files) {
    std::string found;
    for (const engine::VersionedFile& file : report.files->versions)
      found += cat(found.empty() ? "" : ", ", file.name, " ", printable(file.version, 40));
    if (report.files->compat)
      found += cat(found.empty() ? "" : ", ", "cuda-compat ",
                   printable(report.files->compat->version, 40));
    if (!found.empty()) out += cat("files: ", found, "\n");
  }
  if (verdict.wants_driver) out += cat("asks for the driver (label ", compat::kVolumesLabel, ")\n");
  for (const compat::Requirement& requirement : verdict.requirements)
    out +=
        cat("asks for ", printable(requirement.text, 120), " (", shown(requirement.origin), ")\n");
  out += cat("driver ", printable(verdict.driver.version, 40));
  if (verdict.driver_cuda) {
    out += cat(" (CUDA ", printable(verdict.driver_cuda->text, 40),
               verdict.driver_cuda->at_least ? " or newer)" : ")");
  }
  out += "\n";
  for (const GpuGroup& group : groups_of(verdict.gpus)) {
    out += cat(group.label(), ": ", meaning(*group.first), " (",
               compat::verdict_name(group.first->worst()), ")\n", group.text());
  }
  for (const std::string& note : verdict.notes) out += cat("note: ", shown(note), "\n");
  return out;
}

json::Value check_json(const CheckReport& report) {
  const app::ImageVerdict& verdict = report.verdict;
  json::Value root;
  root.set("simulated", report.simulated);
  root.set("verdict", compat::verdict_name(verdict.worst()));
  root.set("image", image_value(report));
  json::Value cuda;
  if (verdict.cuda) {
    cuda.set("version", verdict.cuda->version);
    cuda.set("origin", verdict.cuda->origin);
  }
  root.set("cuda", std::move(cuda));
  root.set("cudnn", given(verdict.cudnn));
  root.set("wantsDriver", verdict.wants_driver);
  json::Value& requirements = root.set("requirements", json::Value::array());
  for (const compat::Requirement& requirement : verdict.requirements) {
    json::Value& entry = requirements.push(json::Value::object());
    entry.set("origin", requirement.origin);
    entry.set("text", requirement.text);
  }
  root.set("files", files_value(report.files));
  root.set("requirementsDisabled", verdict.requirements_off);
  json::Value& driver = root.set("driver", json::Value::object());
  driver.set("version", verdict.driver.version);
  driver.set("cuda", known_version(verdict.driver_cuda));
  json::Value& gpus = root.set("gpus", json::Value::array());
  for (const app::GpuVerdict& gpu : verdict.gpus) gpus.push(gpu_value(gpu));
  root.set("notes", json::Value::array(verdict.notes));
  return root;
}

int check_exit_code(const app::ImageVerdict& verdict) {
  switch (verdict.worst()) {
    case Verdict::kNo:
      return 1;
    case Verdict::kForward:
      return 3;
    case Verdict::kUnknown:
    case Verdict::kMinor:
    case Verdict::kFull:
      break;
  }
  return 0;
}

}  // namespace outboard::cli
