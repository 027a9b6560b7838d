// SPDX-License-Identifier: Apache-2.0
// What the kernel and the NVIDIA kernel module print in /proc. The module's files are "Name: value"
// lines with white space around the colon; names that are not known are skipped.
#include <algorithm>

#include "base/text.h"
#include "host/read_parts.h"
#include "host/small_files.h"

namespace outboard::host {

namespace {

std::string read_or_empty(int dir, const std::string& path) {
  return read_small(dir, path).value_or("");
}

// Calls visit(name, value) for every "Name: value" line.
template <typename Visit>
void for_each_pair(std::string_view text, Visit visit) {
  for (std::string_view line : split(text, '\n')) {
    size_t colon = line.find(':');
    if (colon != std::string_view::npos)
      visit(trim(line.substr(0, colon)), trim(line.substr(colon + 1)));
  }
}

bool is_driver_version(std::string_view word) {
  auto parts = split(word, '.');
  if (parts.size() < 2 || parts.size() > 3 || parts[0].size() < 3) return false;
  return std::all_of(parts.begin(), parts.end(),
                     [](auto part) { return !part.empty() && is_digits(part); });
}

// "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 ..." or
// "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build ...".
void read_version(int proc, Facts& facts) {
  std::string text = read_or_empty(proc, "driver/nvidia/version");
  for_each_pair(text, [&](std::string_view name, std::string_view value) {
    if (name != "NVRM version") return;
    for (std::string_view word : words(value)) {
      if (!is_driver_version(word)) continue;
      facts.module_version = std::string(word);
      facts.module_flavor =
          value.find("Open Kernel Module") != std::string_view::npos ? "open" : "proprietary";
      return;
    }
  });
}

void read_parameters(int proc, Facts& facts) {
  auto text = read_small(proc, "driver/nvidia/params");
  if (!text) return;
  NodeParameters parameters;
  for_each_pair(*text, [&](std::string_view name, std::string_view value) {
    auto number = parse_number<uint32_t>(value);
    if (!number) return;
    if (name == "ModifyDeviceFiles") parameters.modify = *number != 0;
    if (name == "DeviceFileMode") parameters.mode = *number;
    if (name == "DeviceFileUID") parameters.uid = *number;
    if (name == "DeviceFileGID") parameters.gid = *number;
  });
  facts.node_parameters = parameters;
}

// "195 nvidia" (or nvidia-frontend), "511 nvidia-uvm", in the section of character devices.
void read_majors(int proc, Facts& facts) {
  std::string text = read_or_empty(proc, "devices");
  for (std::string_view line : split(text, '\n')) {
    if (line.rfind("Block devices", 0) == 0) break;
    auto parts = words(line);
    if (parts.size() != 2 || parts[1].rfind("nvidia", 0) != 0) continue;
    if (auto major = parse_number<uint32_t>(parts[0]))
      facts.majors.push_back({std::string(parts[1]), *major});
  }
}

void read_gpus(int proc, Facts& facts) {
  for (const std::string& name : names_in(proc, "driver/nvidia/gpus")) {
    GpuFact gpu;
    gpu.pci = lower(name);
    gpu.bound = true;
    std::string text = read_or_empty(proc, cat("driver/nvidia/gpus/", name, "/information"));
    for_each_pair(text, [&](std::string_view key, std::string_view value) {
      if (value.empty()) return;
      if (key == "Model") gpu.model = std::string(value);
      if (key == "Device Minor") gpu.minor = parse_number<uint32_t>(value);
      if (key == "GPU Excluded") gpu.excluded = value == "Yes";
      if (key == "GPU UUID" && value.find('?') == std::string_view::npos)
        gpu.uuid = std::string(value);
    });
    facts.gpus.push_back(std::move(gpu));
  }
}

// "DeviceFileMinor: 21" in a capability's access file.
std::optional<uint32_t> access_minor(int proc, const std::string& path) {
  std::string text = read_or_empty(proc, path);
  std::optional<uint32_t> minor;
  for_each_pair(text, [&](std::string_view name, std::string_view value) {
    if (name == "DeviceFileMinor") minor = parse_number<uint32_t>(value);
  });
  return minor;
}

// Numbers N of entries "<prefix>N", ascending.
std::vector<uint32_t> numbered(int proc, const std::string& path, std::string_view prefix) {
  std::vector<uint32_t> numbers;
  for (const std::string& name : names_in(proc, path)) {
    if (name.rfind(prefix, 0) != 0) continue;
    if (auto number = parse_number<uint32_t>(std::string_view(name).substr(prefix.size())))
      numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

// Minor numbers by name from /proc/driver/nvidia-caps/mig-minors ("gpu0/gi1/ci0/access 13"). The
// file lists every instance that could exist (some 4000 lines), so it is read only where a
// capability's own access file says nothing.
class MigMinors {
 public:
  explicit MigMinors(int proc) : proc_(proc) {}
  std::optional<uint32_t> find(const std::string& access_path, std::string_view name) {
    if (auto minor = access_minor(proc_, access_path)) return minor;
    if (!text_) text_ = read_or_empty(proc_, "driver/nvidia-caps/mig-minors");
    for (std::string_view line : split(*text_, '\n')) {
      auto parts = words(line);
      if (parts.size() == 2 && parts[0] == name) return parse_number<uint32_t>(parts[1]);
    }
    return std::nullopt;
  }

 private:
  int proc_;
  std::optional<std::string> text_;
};

// capabilities/gpu0/mig/gi1/{access,ci0/access}; a GPU's number is its device minor.
void read_mig(int proc, Facts& facts) {
  const std::string top = "driver/nvidia/capabilities";
  MigMinors minors(proc);
  for (uint32_t gpu : numbered(proc, top, "gpu")) {
    std::string mig = cat(top, "/gpu", gpu, "/mig");
    for (uint32_t instance : numbered(proc, mig, "gi")) {
      std::string base = cat(mig, "/gi", instance);
      if (auto minor = minors.find(base + "/access", cat("gpu", gpu, "/gi", instance, "/access")))
        facts.mig.push_back({gpu, instance, std::nullopt, *minor});
      for (uint32_t compute : numbered(proc, base, "ci")) {
        if (auto minor = minors.find(cat(base, "/ci", compute, "/access"),
                                     cat("gpu", gpu, "/gi", instance, "/ci", compute, "/access")))
          facts.mig.push_back({gpu, instance, compute, *minor});
      }
    }
  }
  facts.mig_config_minor = access_minor(proc, top + "/mig/config");
  facts.mig_monitor_minor = access_minor(proc, top + "/mig/monitor");
}

std::optional<std::string> one_line(int proc, const std::string& path) {
  std::string text(trim(read_or_empty(proc, path)));
  return text.empty() ? std::nullopt : std::optional(text);
}

}  // namespace

void read_proc(int proc, Facts& facts) {
  facts.boot_id = one_line(proc, "sys/kernel/random/boot_id");
  facts.kernel = one_line(proc, "sys/kernel/osrelease");
  read_version(proc, facts);
  read_parameters(proc, facts);
  read_majors(proc, facts);
  read_gpus(proc, facts);
  read_mig(proc, facts);
}

}  // namespace outboard::host
