// SPDX-License-Identifier: Apache-2.0
#include "app/cli/verify_report.h"

#include <algorithm>

#include "base/text.h"

namespace outboard::cli {

namespace {

/// A device as one of the two libraries shows it, with the names it goes by.
struct Seen {
  std::string uuid;
  std::string pci;
  std::string name;
};

std::string shown(const json::Value& value) {
  return value.text().empty() ? "-" : printable(value.text(), 100);
}

Seen seen_of(const json::Value& device) {
  return {device["uuid"].text(), device["pci"].text(), shown(device["name"])};
}

/// MIG devices stand for the GPU that they are slices of.
std::vector<Seen> seen_by_nvml(const json::Value& probe) {
  std::vector<Seen> list;
  for (const json::Value& device : probe["devices_nvml"].items()) {
    const auto& slices = device["mig"].items();
    for (const json::Value& slice : slices) list.push_back(seen_of(slice));
    if (device["mig_enabled"].as_bool() != true) list.push_back(seen_of(device));
  }
  return list;
}

std::vector<Seen> seen_by_cuda(const json::Value& probe) {
  std::vector<Seen> list;
  for (const json::Value& device : probe["devices_cuda"].items()) list.push_back(seen_of(device));
  return list;
}

bool is_named(const Seen& device, const std::string& name) {
  return device.uuid == name || device.pci == name;
}

bool contains(const std::vector<Seen>& list, const std::string& name) {
  return std::any_of(list.begin(), list.end(),
                     [&](const Seen& device) { return is_named(device, name); });
}

/// Missing and superfluous devices.
void compare(const char* library, const std::vector<Seen>& seen,
             const std::vector<std::string>& expected, std::vector<std::string>& problems) {
  for (const std::string& name : expected) {
    if (!contains(seen, name)) problems.push_back(cat(library, " does not see ", name));
  }
  for (const Seen& device : seen) {
    bool chosen = std::any_of(expected.begin(), expected.end(),
                              [&](const std::string& name) { return is_named(device, name); });
    if (!chosen)
      problems.push_back(cat(library, " sees ", device.uuid.empty() ? device.pci : device.uuid,
                             ", which was not chosen"));
  }
}

bool has_mig(const std::vector<std::string>& expected) {
  return std::any_of(expected.begin(), expected.end(),
                     [](const std::string& name) { return name.rfind("MIG-", 0) == 0; });
}

std::string kernel_line(const json::Value& probe) {
  std::vector<std::string> results;
  for (const json::Value& kernel : probe["kernel"].items()) {
    std::string result = printable(kernel["result"].text());
    if (std::find(results.begin(), results.end(), result) == results.end())
      results.push_back(result);
  }
  if (results.empty()) return "kernel: not run (no device)\n";
  size_t count = probe["kernel"].items().size();
  return cat("kernel: ", join(results, ", "),
             results.size() == 1 && results[0] == "ok"
                 ? cat(" on ", count, count == 1 ? " device" : " devices")
                 : std::string(),
             "\n");
}

std::string cache_line(const json::Value& probe) {
  std::string error = probe["ldconfig_error"].text();
  if (!error.empty()) return cat("ld.so.cache: ", printable(error), "\n");
  std::string cuda = "no libcuda.so.1";
  for (const json::Value& entry : probe["ldconfig"].items()) {
    if (entry["soname"].text() == "libcuda.so.1") {
      cuda = cat("libcuda.so.1 at ", printable(entry["path"].text()));
      break;
    }
  }
  return cat("ld.so.cache: ", probe["ldconfig"].items().size(), " driver libraries, ", cuda, "\n");
}

std::string device_lines(const std::vector<Seen>& nvml, const std::vector<Seen>& cuda,
                         const std::vector<std::string>& expected) {
  std::string out;
  for (const std::string& name : expected) {
    bool by_nvml = contains(nvml, name);
    bool by_cuda = contains(cuda, name);
    std::string model = "-";
    for (const auto* list : {&nvml, &cuda}) {
      for (const Seen& device : *list) {
        if (is_named(device, name)) model = device.name;
      }
    }
    bool hidden = !by_cuda && name.rfind("MIG-", 0) == 0;
    out += cat("  ", name, "  ", model, "  NVML: ", by_nvml ? "yes" : "no", ", CUDA: ",
               by_cuda  ? "yes"
               : hidden ? "- (a process sees one MIG device)"
                        : "no",
               "\n");
  }
  return out;
}

}  // namespace

VerifyReport verify_report(const json::Value& probe, const std::vector<std::string>& expected) {
  VerifyReport report;
  std::vector<Seen> nvml = seen_by_nvml(probe);
  std::vector<Seen> cuda = seen_by_cuda(probe);
  report.problems = probe["problems"].as_strings();
  // Without the capability "utility" there is no NVML, which is no problem.
  bool nvml_there = !probe["nvml"]["library"].text().empty();
  if (nvml_there) compare("NVML", nvml, expected, report.problems);
  // A process sees one MIG device by CUDA at most.
  if (!has_mig(expected)) compare("CUDA", cuda, expected, report.problems);

  std::string& text = report.text;
  if (probe["simulated"].as_bool() == true)
    text += "simulated machine: no real GPU is behind these devices\n";
  text +=
      cat("driver ", shown(probe["driver_version"]), ", CUDA ", shown(probe["cuda_version"]), "\n");
  text += cat("devices: ", expected.size(), " chosen, NVML sees ",
              nvml_there ? cat(nvml.size()) : "none (no capability 'utility')", ", CUDA sees ",
              cuda.size(), "\n");
  text += device_lines(nvml, cuda, expected);
  text += cache_line(probe);
  text += kernel_line(probe);
  for (const std::string& problem : report.problems)
    text += cat("problem: ", printable(problem, 400), "\n");
  text += report.problems.empty() ? "all right\n" : "";

  report.document = probe;
  report.document.set("expected", json::Value::array(expected));
  report.document.set("problems", json::Value::array(report.problems));
  report.document.set("verified", report.problems.empty());
  return report;
}

}  // namespace outboard::cli
