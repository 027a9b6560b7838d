// SPDX-License-Identifier: Apache-2.0
// What OCI needs of a node are its numbers: it need not exist on the host if the driver's modules
// say in /proc/devices which major numbers are theirs.
#include "plan/plan_nodes.h"

#include <algorithm>
#include <initializer_list>

#include "base/text.h"

namespace outboard::plan {

namespace {

using device::Capability;

// What OCI takes as a node's fileMode; set-uid and sticky bits mean nothing on a device.
constexpr uint32_t kPermissions = 0777;

class NodeRules {
 public:
  NodeRules(Plan& plan, const host::Facts& facts, const device::Inventory& inventory,
            const device::Selection& selection, device::Capabilities capabilities)
      : plan_(plan),
        facts_(facts),
        inventory_(inventory),
        selection_(selection),
        capabilities_(capabilities) {}

  Result<void> run() {
    OB_CHECK(add_control_nodes());
    OB_CHECK(add_devices());
    add_groups();
    return {};
  }

 private:
  bool wants(Capability capability) const { return capabilities_.has(capability); }
  bool wants_picture() const { return wants(Capability::kGraphics) || wants(Capability::kDisplay); }

  const host::DeviceNode* find_node(std::string_view path) const {
    auto found = std::find_if(
        facts_.nodes.begin(), facts_.nodes.end(),
        [&](const host::DeviceNode& node) { return node.path == path && node.type == 'c'; });
    return found == facts_.nodes.end() ? nullptr : &*found;
  }

  std::optional<uint32_t> major_number(std::initializer_list<std::string_view> names) const {
    for (std::string_view name : names) {
      for (const host::MajorNumber& entry : facts_.majors) {
        if (entry.name == name) return entry.major;
      }
    }
    return std::nullopt;
  }

  // The node as it is, or as the driver would make it. False: neither exists nor can its numbers be
  // known.
  bool add_node(const std::string& path, std::optional<uint32_t> major,
                std::optional<uint32_t> minor, Origin origin) {
    if (const host::DeviceNode* node = find_node(path)) {
      plan_.nodes.push_back({path, node->host_path, node->major, node->minor,
                             node->mode & kPermissions, node->uid, node->gid, true,
                             std::move(origin)});
      std::string numbers = cat(node->major, ":", node->minor);
      const auto& missing = facts_.missing_char_links;
      if (std::find(missing.begin(), missing.end(), numbers) != missing.end())
        plan_.char_links.push_back(numbers);
      return true;
    }
    if (!major || !minor) return false;
    host::NodeParameters parameters = facts_.node_parameters.value_or(host::NodeParameters{});
    plan_.nodes.push_back({path, facts_.roots.dev + path.substr(4), *major, *minor,
                           parameters.mode & kPermissions, parameters.uid, parameters.gid, false,
                           std::move(origin)});
    plan_.char_links.push_back(cat(*major, ":", *minor));
    return true;
  }

  Error missing_node(const std::string& path, const std::string& module,
                     const std::string& command) const {
    return make_error(ErrorCode::kNotFound,
                      cat("device node '", facts_.roots.dev, path.substr(4),
                          "' is missing and cannot be made: kernel module ", module, " is not in ",
                          facts_.roots.proc, "/devices"),
                      cat("run '", command, "'"));
  }

  // Minor numbers: kernel documentation of the driver's device files (README.txt, "How and why to
  // create the device nodes").
  Result<void> add_control_nodes() {
    auto major = major_number({"nvidia", "nvidia-frontend"});
    auto uvm = major_number({"nvidia-uvm"});
    if (!add_node("/dev/nvidiactl", major, 255,
                  {"control device", "every container with a driver"})) {
      return missing_node("/dev/nvidiactl", "nvidia", "sudo nvidia-modprobe");
    }
    if (wants(Capability::kCompute)) {
      if (!add_node("/dev/nvidia-uvm", uvm, 0, {"capability compute", "unified memory"})) {
        return missing_node("/dev/nvidia-uvm", "nvidia-uvm", "sudo nvidia-modprobe -u -c=0");
      }
      add_node("/dev/nvidia-uvm-tools", uvm, 1, {"capability compute", "unified memory tools"});
    }
    if (wants_picture()) {
      if (!add_node("/dev/nvidia-modeset",
                    major_number({"nvidia-modeset", "nvidia", "nvidia-frontend"}), 254,
                    {"capability graphics or display", "mode setting"})) {
        plan_.notes.push_back(
            "no /dev/nvidia-modeset on this host: Vulkan and display will not work");
      }
    }
    return {};
  }

  Result<void> add_devices() {
    std::optional<uint32_t> last_gpu;
    for (const device::Selected& selected : selection_.devices) {
      const device::Gpu& gpu = inventory_.gpus[selected.gpu];
      if (last_gpu != selected.gpu) OB_CHECK(add_gpu(gpu));
      last_gpu = selected.gpu;
      if (selected.mig) OB_CHECK(add_mig(gpu, gpu.mig[*selected.mig]));
    }
    return {};
  }

  Result<void> add_gpu(const device::Gpu& gpu) {
    if (!gpu.minor) {
      return make_error(ErrorCode::kNotFound,
                        cat("the minor number of GPU ", gpu.index, " (", gpu.pci, ") is not known"),
                        "run 'sudo nvidia-modprobe' and try again");
    }
    std::string path = cat("/dev/nvidia", *gpu.minor);
    Origin origin{cat("GPU ", gpu.index), cat("minor ", *gpu.minor, " at ", gpu.pci)};
    if (!add_node(path, major_number({"nvidia", "nvidia-frontend"}), gpu.minor, origin)) {
      return missing_node(path, "nvidia", "sudo nvidia-modprobe");
    }
    if (!wants_picture()) return {};
    for (const std::string& drm : gpu.drm_nodes) {
      add_node(drm, std::nullopt, std::nullopt,
               {cat("GPU ", gpu.index, " with graphics or display"), cat("DRM node of ", gpu.pci)});
    }
    return {};
  }

  Result<void> add_mig(const device::Gpu& gpu, const device::MigDevice& mig) {
    std::string what = cat("MIG device ", gpu.index, ":", mig.index);
    auto major = major_number({"nvidia-caps"});
    for (auto minor : {mig.gpu_instance_minor, mig.compute_instance_minor}) {
      if (!minor) {
        return make_error(ErrorCode::kConflict,
                          cat(what, " (", mig.uuid, ") has no entry in ", facts_.roots.proc,
                              "/driver/nvidia/capabilities"),
                          "the MIG layout has just changed: try again");
      }
      std::string path = cat("/dev/nvidia-caps/nvidia-cap", *minor);
      bool instance = minor == mig.gpu_instance_minor;
      if (!add_node(path, major, minor,
                    {what, cat(instance ? "GPU instance " : "compute instance ",
                               instance ? mig.gpu_instance : mig.compute_instance)})) {
        return missing_node(path, "nvidia-caps",
                            cat("sudo nvidia-modprobe -f /proc/driver/nvidia/capabilities/gpu",
                                gpu.minor.value_or(0), "/mig/gi", mig.gpu_instance,
                                instance ? "" : cat("/ci", mig.compute_instance), "/access"));
      }
    }
    return {};
  }

  void add_groups() {
    for (const PlannedNode& node : plan_.nodes) {
      bool capability_node = node.path.rfind("/dev/nvidia-caps", 0) == 0;
      uint32_t needed = capability_node ? 04 : 06;
      if ((node.mode & needed) == needed || node.gid == 0) continue;
      if ((node.mode & (needed << 3)) != (needed << 3)) continue;
      if (std::find(plan_.groups.begin(), plan_.groups.end(), node.gid) == plan_.groups.end())
        plan_.groups.push_back(node.gid);
    }
  }

  Plan& plan_;
  const host::Facts& facts_;
  const device::Inventory& inventory_;
  const device::Selection& selection_;
  device::Capabilities capabilities_;
};

}  // namespace

Result<void> add_nodes(Plan& plan, const host::Facts& facts, const device::Inventory& inventory,
                       const device::Selection& selection, device::Capabilities capabilities) {
  return NodeRules(plan, facts, inventory, selection, capabilities).run();
}

}  // namespace outboard::plan
