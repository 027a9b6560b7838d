// SPDX-License-Identifier: Apache-2.0
// The rules that turn host facts, a selection and capabilities into records. Order of the result is
// fixed: nodes, mounts and cache entries appear as the rules below produce them, so that two equal
// requests give equal specifications.
#include "plan/plan.h"

#include <algorithm>

#include "base/text.h"
#include "plan/driver_libraries.h"

namespace outboard::plan {

namespace {

using device::Capability;
using host::DriverFile;
using host::FileKind;

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

std::string in_root(const std::string& root, const std::string& path) {
  return root == "/" ? path : cat(root, path);
}

std::string file_name(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

// A name that stays in its directory: SONAMEs come from files, and a snapshot can say anything.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos;
}

bool is_sound_path(std::string_view path) {
  auto parts = split(path, '/');
  return parts.size() > 1 && parts[0].empty() &&
         std::all_of(parts.begin() + 1, parts.end(), is_plain_name);
}

// What OCI takes as a node's fileMode; set-uid and sticky bits mean nothing on a device.
constexpr uint32_t kPermissions = 0777;

class Planner {
 public:
  Planner(const host::Facts& facts, const device::Inventory& inventory,
          const device::Selection& selection, device::Capabilities capabilities,
          const ImageLayout& image)
      : facts_(facts),
        inventory_(inventory),
        selection_(selection),
        capabilities_(capabilities),
        image_(image) {
    plan_.simulated = facts.simulated;
  }

  Result<Plan> run() {
    OB_CHECK(add_control_nodes());
    OB_CHECK(add_devices());
    for (const DriverFile& file : facts_.files) add_file(file);
    if (distrusted_) return distrusted_file(*distrusted_);
    add_groups();
    note_what_is_missing();
    return std::move(plan_);
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

  std::string source_of(const DriverFile& file) const {
    return in_root(facts_.roots.driver, file.path);
  }

  Error distrusted_file(const DriverFile& file) const {
    return make_error(
        ErrorCode::kDenied,
        cat("driver file '", source_of(file), "' is ", *file.distrust,
            ": who can change it could change it in every container"),
        "give file and directory to root alone ('sudo chown root:root' and 'sudo chmod "
        "go-w'), or set any-owner = true under [driver] in /etc/outboard/config.toml");
  }

  void add_mount(const DriverFile& file, std::string target, Origin origin, bool socket = false) {
    if (file.distrust && !distrusted_) distrusted_ = &file;
    if (!is_sound_path(target)) return;
    bool taken = std::any_of(plan_.mounts.begin(), plan_.mounts.end(),
                             [&](const PlannedMount& mount) { return mount.target == target; });
    if (!taken)
      plan_.mounts.push_back({source_of(file), std::move(target), socket, std::move(origin)});
  }

  std::string reason(uint8_t use) const {
    return cat("capability ",
               device::capabilities_text({static_cast<uint8_t>(use & capabilities_.bits)}));
  }

  void add_file(const DriverFile& file) {
    if (!is_sound_path(file.path)) return;  // a snapshot's
    switch (file.kind) {
      case FileKind::kLibrary:
        return add_library(file);
      case FileKind::kProgram:
        if (uint8_t use = program_use(file.name); (use & capabilities_.bits) != 0) {
          add_mount(file, cat("/usr/bin/", file.name), {reason(use), file.path});
        }
        return;
      case FileKind::kFirmware:
        return add_firmware(file);
      case FileKind::kConfiguration:
        return add_configuration(file);
      case FileKind::kXorgModule:
        if (wants(Capability::kDisplay)) add_xorg_module(file);
        return;
      case FileKind::kSocket:
        return add_socket(file);
    }
  }

  void add_library(const DriverFile& file) {
    LibraryUse use = library_use(file.name);
    if ((use.capabilities & capabilities_.bits) == 0) return;
    // Never a library of another driver version: it would load and then fail in the first call to
    // the kernel.
    if (file.version && facts_.library_version && is_driver_version(*file.version) &&
        *file.version != *facts_.library_version)
      return;
    bool narrow = file.elf_class == 32;
    if (narrow && !wants(Capability::kCompat32)) return;
    if (narrow && !image_.library_directory32) {
      has_skipped_32_ = true;
      return;
    }
    const std::string& directory =
        narrow ? *image_.library_directory32 : image_.library_directory64;
    std::string soname =
        file.soname && is_plain_name(*file.soname) ? *file.soname : file_name(file.path);
    if (!is_plain_name(soname)) return;
    std::string rule = use.known
                           ? reason(use.capabilities)
                           : "library of the driver's version, in no table: compute and graphics";
    std::string target = cat(directory, "/", soname);
    add_mount(file, target, {rule, file.path});
    plan_.cache.push_back({soname, target, file.elf_class});
    add_extra_names(file, directory, soname, rule);
  }

  static bool is_driver_version(std::string_view version) {
    auto parts = split(version, '.');
    return parts.size() >= 2 && parts[0].size() == 3;
  }

  // Names other than the SONAME that programs dlopen, and directories that are searched for
  // plug-ins.
  void add_extra_names(const DriverFile& file, const std::string& directory,
                       const std::string& soname, const std::string& rule) {
    auto also = [&](const std::string& name, bool in_cache) {
      std::string target = cat(directory, "/", name);
      add_mount(file, target, {rule, cat("programs open '", name, "'")});
      if (in_cache) plan_.cache.push_back({name, target, file.elf_class});
    };
    if (file.name == "libcuda.so" || file.name == "libnvidia-opticalflow.so" ||
        file.name == "libnvidia-ml.so")
      also(file.name, true);
    if (file.name == "libGLX_nvidia.so") also("libGLX_indirect.so.0", true);
    if (file.name == "libvdpau_nvidia.so") also(cat("vdpau/", soname), false);
    if (file.name == "libnvidia-allocator.so") also("gbm/nvidia-drm_gbm.so", false);
  }

  // The driver's own loader looks for GSP firmware where the kernel does; both names of /lib are
  // the same directory in most images.
  void add_firmware(const DriverFile& file) {
    size_t at = file.path.find("/firmware/nvidia/");
    if (at == std::string::npos) return;
    add_mount(file, cat("/lib", file.path.substr(at)), {"driver firmware", file.path});
  }

  void add_configuration(const DriverFile& file) {
    // The name that leads to it says what it is for; Debian's alternatives put the file itself
    // elsewhere.
    const std::string& named = file.found_as ? *file.found_as : file.path;
    struct Place {
      std::string_view part;
      std::string_view directory;
      bool compute;
    };
    // Vulkan loaders before 1.1 look below /etc only; the newer ones look there too.
    static constexpr Place kPlaces[] = {
        {"/vulkan/icd.d/", "/etc/vulkan/icd.d/", false},
        {"/vulkan/implicit_layer.d/", "/etc/vulkan/implicit_layer.d/", false},
        {"/glvnd/egl_vendor.d/", "/usr/share/glvnd/egl_vendor.d/", false},
        {"/egl/egl_external_platform.d/", "/usr/share/egl/egl_external_platform.d/", false},
        {"/OpenCL/vendors/", "/etc/OpenCL/vendors/", true},
        {"/nvidia/", "/usr/share/nvidia/", false},
        {"/X11/xorg.conf.d/", "/usr/share/X11/xorg.conf.d/", false},
    };
    for (const Place& place : kPlaces) {
      if (!ends_with(std::string_view(named).substr(0, named.rfind('/') + 1), place.part)) continue;
      bool wanted = place.compute                       ? wants(Capability::kCompute)
                    : place.part == "/X11/xorg.conf.d/" ? wants(Capability::kDisplay)
                                                        : wants_picture();
      if (wanted)
        add_mount(
            file, cat(place.directory, file_name(named)),
            {place.compute ? "capability compute" : "capability graphics or display", file.path});
      return;
    }
  }

  void add_xorg_module(const DriverFile& file) {
    bool extension = file.name.rfind("libglxserver_nvidia", 0) == 0;
    std::string name = extension ? "libglxserver_nvidia.so" : file_name(file.path);
    add_mount(file, cat("/usr/lib/xorg/modules/", extension ? "extensions/" : "drivers/", name),
              {"capability display", file.path});
  }

  void add_socket(const DriverFile& file) {
    const std::string& named = file.found_as ? *file.found_as : file.path;
    if (ends_with(named, "/nvidia-mps")) {
      if (wants(Capability::kCompute))
        add_mount(file, "/tmp/nvidia-mps", {"capability compute", "MPS pipe directory"}, true);
    } else if (wants(Capability::kUtility)) {
      std::string target = named.rfind("/var/run/", 0) == 0 ? named.substr(4) : named;
      add_mount(file, target, {"capability utility", cat("socket ", file.path)}, true);
    }
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

  void note_what_is_missing() {
    if (has_skipped_32_)
      plan_.notes.push_back("the image has no 32 bit loader: 32 bit driver libraries are left out");
    if (wants(Capability::kCompat32) &&
        std::none_of(facts_.files.begin(), facts_.files.end(),
                     [](const DriverFile& file) { return file.elf_class == 32; })) {
      plan_.notes.push_back("capability compat32: this host has no 32 bit driver libraries");
    }
    auto has_library = [&](std::string_view soname) {
      return std::any_of(plan_.cache.begin(), plan_.cache.end(),
                         [&](const PlannedCacheEntry& entry) { return entry.soname == soname; });
    };
    if (wants(Capability::kCompute) && !has_library("libcuda.so.1"))
      plan_.notes.push_back("libcuda.so.1 is not among the driver's libraries: CUDA will not work");
    if (wants(Capability::kUtility) && !has_library("libnvidia-ml.so.1"))
      plan_.notes.push_back(
          "libnvidia-ml.so.1 is not among the driver's libraries: nvidia-smi will not work");
  }

  const host::Facts& facts_;
  const device::Inventory& inventory_;
  const device::Selection& selection_;
  device::Capabilities capabilities_;
  const ImageLayout& image_;
  const DriverFile* distrusted_ = nullptr;  ///< the first whose owner is not root alone
  Plan plan_;
  bool has_skipped_32_ = false;
};

}  // namespace

Result<Plan> make_plan(const host::Facts& facts, const device::Inventory& inventory,
                       const device::Selection& selection, device::Capabilities capabilities,
                       const ImageLayout& image) {
  if (!selection.driver) return Plan{};
  OB_CHECK(check_driver(facts));
  if (image.libc == ImageLayout::Libc::kMusl || image.libc == ImageLayout::Libc::kNone) {
    bool musl = image.libc == ImageLayout::Libc::kMusl;
    return make_error(
        ErrorCode::kUnsupported,
        cat("the image has no glibc loader (",
            musl ? "its C library is musl" : "no /lib64/ld-linux-x86-64.so.2",
            "): the NVIDIA driver's libraries cannot be loaded in it"),
        "use an image with glibc (Debian, Ubuntu, RHEL, ...), or run it without a GPU");
  }
  return Planner(facts, inventory, selection, capabilities, image).run();
}

bool has_other_dev_root(const Plan& plan) {
  return std::any_of(plan.nodes.begin(), plan.nodes.end(),
                     [](const PlannedNode& node) { return node.path != node.host_path; });
}

void fit_user_namespace(Plan& plan, DeviceRules rules) {
  if (!plan.groups.empty()) {
    std::vector<std::string> names;
    for (uint32_t group : plan.groups) names.push_back(cat(group));
    plan.groups.clear();
    plan.notes.push_back(
        cat("in a user namespace a container gets no group of the host: nodes that only group ",
            join(names, ", "), " may open stay shut"));
  }
  if (!plan.nodes.empty() && rules == DeviceRules::kNone) {
    plan.notes.push_back(
        "without root there are no device rules: other GPUs are kept away by their nodes being "
        "absent, and by what the host lets this user open");
  }
}

}  // namespace outboard::plan
