// SPDX-License-Identifier: Apache-2.0
#include "compat/gpu_class.h"

#include <algorithm>

namespace outboard::compat {

namespace {

char lower_case(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool starts_with_any_case(std::string_view text, std::string_view start) {
  return text.size() >= start.size() &&
         std::equal(start.begin(), start.end(), text.begin(),
                    [](char a, char b) { return lower_case(a) == lower_case(b); });
}

}  // namespace

std::string_view gpu_class_name(GpuClass gpu_class) {
  switch (gpu_class) {
    case GpuClass::kUnknown:
      return "a GPU of unknown kind";
    case GpuClass::kConsumer:
      return "a consumer GPU";
    case GpuClass::kWorkstation:
      return "a workstation GPU";
    case GpuClass::kNgcReady:
      return "an NGC-ready GPU";
    case GpuClass::kDataCenter:
      return "a data center GPU";
  }
  return "";
}

GpuClass gpu_class(const Tables& tables, std::string_view product_name) {
  std::string_view name = product_name;
  if (starts_with_any_case(name, "nvidia ")) name.remove_prefix(7);
  const ClassRow* best = nullptr;
  for (const ClassRow& row : tables.classes) {
    std::string_view pattern = row.name;
    bool open = pattern.back() == '*';
    if (open) pattern.remove_suffix(1);
    if (!starts_with_any_case(name, pattern)) continue;
    char next = name.size() > pattern.size() ? name[pattern.size()] : ' ';
    if (!open && next != ' ' && next != '-' && next != '/') continue;
    if (!best || row.name.size() > best->name.size()) best = &row;
  }
  if (!best) return GpuClass::kUnknown;
  if (best->gpu_class == "data-center") return GpuClass::kDataCenter;
  if (best->gpu_class == "ngc-ready") return GpuClass::kNgcReady;
  return best->gpu_class == "consumer" ? GpuClass::kConsumer : GpuClass::kWorkstation;
}

}  // namespace outboard::compat
