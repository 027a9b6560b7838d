// SPDX-License-Identifier: Apache-2.0
// The machine as a program in a container sees it.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/files.h"
#include "base/text.h"
#include "compat/forward.h"
#include "compat/tables.h"
#include "compat/verdict.h"
#include "doctor/tables.h"

namespace outboard::doctor {

namespace {

Findings look_for_gift(const Facts& facts) {
  const InsideFacts& inside = facts.inside;
  bool nodes = !inside.nodes.empty();
  if (nodes && inside.libcuda) return ok(cat(inside.nodes.size(), " nodes and a driver"));
  std::string asked =
      inside.visible ? cat(" (NVIDIA_VISIBLE_DEVICES is '", printable(*inside.visible, 100), "')")
                     : std::string();
  if (!nodes && !inside.mounted_driver) {
    return {found(Severity::kError, cat("this container was given no GPU", asked),
                  "start it with a GPU: --gpus all, or --runtime outboard -e "
                  "NVIDIA_VISIBLE_DEVICES=all; 'outboard doctor' on the host says what is wrong "
                  "there")};
  }
  if (!nodes) {
    return {found(Severity::kError, cat("there are files of the driver, but no node", asked),
                  "ask for a GPU: --gpus all")};
  }
  return {};
}

// The GPUs whose nodes are here, as the support matrix of forward compatibility sees them.
std::vector<compat::GpuTraits> given_gpus(const Facts& facts) {
  std::vector<compat::GpuTraits> gpus;
  for (const host::GpuFact& gpu : facts.machine.gpus) {
    std::string node = cat("/dev/nvidia", gpu.minor.value_or(UINT32_MAX));
    bool here = std::any_of(facts.inside.nodes.begin(), facts.inside.nodes.end(),
                            [&](const OpenedNode& opened) { return opened.path == node; });
    if (!here) continue;
    std::string name = gpu.model.value_or("");
    gpus.push_back({cat("GPU ", gpu.pci, " (", printable(name, 100), ")"), std::nullopt,
                    compat::gpu_class(facts.tables(), name)});
  }
  return gpus;
}

Findings look_at_compat(const Facts& facts, const LoadedLibrary& library, const std::string& module,
                        const std::string& where) {
  std::vector<compat::GpuTraits> gpus = given_gpus(facts);
  compat::ForwardAnswer answer =
      compat::judge_forward(facts.tables(), *library.version, module, gpus);
  if (answer.allowed && !gpus.empty())
    return ok(cat(where, ", forward compatibility: ", answer.reason));
  bool older = compare_versions(*library.version, module) < 0;
  Finding finding =
      found(older ? Severity::kError : Severity::kWarning,
            cat("programs load ", where, ", a forward compatibility library of ", *library.version,
                "; the kernel module is ", module, ": ", answer.reason),
            library.by == std::string_view("LD_LIBRARY_PATH")
                ? "take the compat directory out of LD_LIBRARY_PATH"
                : "remove the package cuda-compat from the image, or start the container with "
                  "Outboard, which leaves it out where it cannot be used");
  finding.consequence = older ? "CUDA error 803 (system has unsupported display driver / cuda "
                                "driver combination)"
                              : "CUDA error 804 (forward compatibility was attempted on non "
                                "supported HW) on GPUs that are not of the data center";
  return {std::move(finding)};
}

Findings look_at_libcuda(const Facts& facts) {
  const InsideFacts& inside = facts.inside;
  const auto& module = facts.machine.module_version;
  if (!inside.libcuda) {
    if (inside.nodes.empty()) return {};
    Finding finding = found(
        Severity::kError, "there are nodes of the driver, but no libcuda.so.1 for 64 bit programs",
        "ask for the capability compute: NVIDIA_DRIVER_CAPABILITIES="
        "compute,utility");
    finding.consequence = "'libcuda.so.1: cannot open shared object file'";
    return {std::move(finding)};
  }
  const LoadedLibrary& library = *inside.libcuda;
  std::string where = cat("'", printable(library.real_path), "' (by ", library.by, ")");
  if (!library.version) return unknown(cat(where, " has no version in its name"));
  if (!module)
    return unknown(cat("the kernel's driver has no version in /proc here; libcuda is ", where));
  if (*library.version == *module) return ok(where);
  if (library.real_path.find("/compat/") != std::string::npos) {
    return look_at_compat(facts, library, *module, where);
  }
  return {
      found(Severity::kError, cat("programs load ", where, ", the kernel module is ", *module),
            library.by == std::string_view("LD_LIBRARY_PATH")
                ? "take that directory out of LD_LIBRARY_PATH"
                : "start the container again; if the file is the image's own, remove the driver "
                  "from the image")};
}

Finding of_failed_open(const OpenedNode& node) {
  std::string path = printable(node.path);
  switch (node.error) {
    case EPERM:
      return found(Severity::kError,
                   cat("'", path,
                       "' may not be opened: the container's device rules do not allow it (EPERM)"),
                   "start the container again; 'outboard doctor --container NAME' on the host says "
                   "why");
    case EACCES:
      return found(Severity::kError, cat("'", path, "' is not open to this user (EACCES)"),
                   "run as root, or with the group of the node: --group-add");
    case ENXIO:
    case ENODEV:
      return found(Severity::kError,
                   cat("'", path, "' has no driver behind it (",
                       node.error == ENXIO ? "ENXIO" : "ENODEV", ")"),
                   "the module is not loaded, or was loaded again with another number: start the "
                   "container again");
    default:
      return found(Severity::kError, cat("'", path, "': ", std::strerror(node.error)),
                   "'outboard doctor' on the host");
  }
}

Findings look_at_nodes(const Facts& facts) {
  Findings findings;
  for (const OpenedNode& node : facts.inside.nodes) {
    if (node.error == 0) continue;
    findings.push_back(of_failed_open(node));
    // Engines make its node on hosts that have not loaded nvidia-modeset, too.
    if (file_name_of(node.path) == "nvidia-modeset") {
      findings.back().severity = Severity::kNote;
      findings.back().consequence = "CUDA does without it; programs that draw on a screen do not";
      findings.back().mend = "'sudo modprobe nvidia-modeset' on the host, where one is to draw";
    }
  }
  if (findings.empty()) return ok(cat(facts.inside.nodes.size(), " nodes"));
  return findings;
}

Findings look_for_uvm(const Facts& facts) {
  bool uvm = false;
  for (const OpenedNode& node : facts.inside.nodes) uvm |= file_name_of(node.path) == "nvidia-uvm";
  if (uvm || facts.inside.nodes.empty()) return {};
  return {found(Severity::kError, "there is no /dev/nvidia-uvm in this container")};
}

}  // namespace

const std::vector<Check>& inside_checks() {
  static const std::vector<Check> kAll = {
      {"inside-gpu",
       "the container was given a GPU",
       "/dev/nvidia*, mounts of the driver's files, NVIDIA_VISIBLE_DEVICES",
       "there is no GPU in this container",
       "start it with a GPU",
       {Part::kInside},
       look_for_gift},
      {"inside-libcuda",
       "programs load the libcuda of the loaded driver",
       "LD_LIBRARY_PATH, /etc/ld.so.cache, /proc/driver/nvidia/version",
       "'Driver/library version mismatch' (NVML), error 803 or 804 (CUDA)",
       "start the container again",
       {Part::kOwn, Part::kMachine, Part::kInside},
       look_at_libcuda},
      {"inside-nodes",
       "every node of the driver opens",
       "open(2) of /dev/nvidia*",
       "'Failed to initialize NVML: Unknown Error', CUDA error 100 or 999",
       "start the container again",
       {Part::kInside},
       look_at_nodes},
      {"inside-uvm",
       "the container has /dev/nvidia-uvm",
       "/dev/nvidia-uvm",
       "nvidia-smi works, CUDA returns error 999 or finds no device",
       "ask for the capability compute (NVIDIA_DRIVER_CAPABILITIES=compute,utility), and load "
       "nvidia-uvm on the host: 'sudo modprobe nvidia-uvm'",
       {Part::kInside},
       look_for_uvm},
  };
  return kAll;
}

}  // namespace outboard::doctor
