// SPDX-License-Identifier: Apache-2.0
#include "compat/image_labels.h"

#include "base/text.h"
#include "compat/csv.h"
#include "compat/image_tags.h"

namespace outboard::compat {

namespace {

constexpr std::string_view kDriverVolume = "nvidia_driver";
constexpr std::string_view kCudaOrigin = "label com.nvidia.cuda.version";

std::string label_text(std::string_view name, std::string_view value) {
  return cat("label ", name, "='", printable(value, 40), "'");
}

void read_volumes(std::string_view value, ImageLabels& out) {
  std::string_view other;
  for (std::string_view name : words(value)) {
    if (name == kDriverVolume) {
      out.wants_driver = true;
    } else if (other.empty()) {
      other = name;
    }
  }
  // One sentence, however many an image names.
  if (!other.empty()) {
    out.notes.push_back(cat(label_text(kVolumesLabel, value), " names the volume '",
                            printable(other, 40), "', which nothing provides any more"));
  }
}

// "6.0.21" of "6.0.21" and "6.0.21-1+cuda8.0".
std::string leading_version(std::string_view text) {
  std::string_view version = text.substr(0, text.find_first_not_of("0123456789."));
  return is_version(version) ? std::string(version) : "";
}

std::string last_value(const Labels& labels, std::string_view wanted) {
  std::string value;
  for (const auto& [name, text] : labels) {
    if (name == wanted) value = text;
  }
  return value;
}

const Requirement* find_origin(const Requirements& requirements, std::string_view origin) {
  for (const Requirement& one : requirements.all) {
    if (one.origin == origin) return &one;
  }
  return nullptr;
}

}  // namespace

ImageLabels read_labels(const Labels& labels) {
  ImageLabels out;
  read_volumes(last_value(labels, kVolumesLabel), out);
  std::string cuda = last_value(labels, kCudaLabel), cudnn = last_value(labels, kCudnnLabel);
  if (is_version(cuda)) {
    out.cuda = cuda;
  } else if (!cuda.empty()) {
    out.notes.push_back(cat(label_text(kCudaLabel, cuda), " is no version and demands nothing"));
  }
  out.cudnn = leading_version(cudnn);
  if (out.cudnn.empty() && !cudnn.empty())
    out.notes.push_back(cat(label_text(kCudnnLabel, cudnn), " is no version"));
  return out;
}

Result<Requirements> requirements_of_image(const std::vector<std::string>& environment,
                                           const Labels& labels) {
  OB_TRY(Requirements out, requirements_of_environment(environment));
  ImageLabels known = read_labels(labels);
  out.wants_driver = known.wants_driver;
  out.flavour = flavour_of("", environment, labels);
  out.notes.insert(out.notes.end(), known.notes.begin(), known.notes.end());
  if (known.cuda.empty() || out.disabled) return out;
  std::string release = cuda_release(known.cuda);
  const Requirement* demand = find_origin(out, "NVIDIA_REQUIRE_CUDA");
  const Requirement* version = find_origin(out, "CUDA_VERSION");
  const Requirement* other = demand ? demand : version;
  auto lowest = other ? lowest_cuda(*other) : std::nullopt;
  int order = lowest ? compare_padded(release, *lowest) : 1;
  if (lowest && order != 0) {
    out.notes.push_back(cat("the image contradicts itself: its ", kCudaOrigin, " says ", release,
                            ", ", demand ? "NVIDIA_REQUIRE_CUDA asks for " : "CUDA_VERSION says ",
                            *lowest, "; ",
                            demand      ? "NVIDIA_REQUIRE_CUDA"
                            : order > 0 ? "the label"
                                        : "CUDA_VERSION",
                            " counts"));
  }
  if (demand || order <= 0) return out;
  OB_TRY(Requirement label, parse_requirement(std::string(kCudaOrigin), cat("cuda>=", release)));
  out.all.push_back(std::move(label));
  return out;
}

}  // namespace outboard::compat
