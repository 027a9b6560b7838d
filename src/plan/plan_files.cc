// SPDX-License-Identifier: Apache-2.0
// Where a driver file lies in a container depends on the image's library directories, never on
// where the host keeps it.
#include "plan/plan_files.h"

#include <algorithm>

#include "base/text.h"
#include "plan/driver_libraries.h"

namespace outboard::plan {

namespace {

using device::Capability;
using host::DriverFile;
using host::FileKind;

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
  if (path.empty() || path[0] != '/') return false;
  while (!path.empty()) {
    path.remove_prefix(1);
    std::string_view name = path.substr(0, path.find('/'));
    if (!is_plain_name(name)) return false;
    path.remove_prefix(name.size());
  }
  return true;
}

class FileRules {
 public:
  FileRules(Plan& plan, const host::Facts& facts, device::Capabilities capabilities,
            const ImageLayout& image)
      : plan_(plan), facts_(facts), capabilities_(capabilities), image_(image) {}

  Result<void> run() {
    for (const DriverFile& file : facts_.files) add_file(file);
    if (distrusted_) return distrusted_file(*distrusted_);
    note_what_is_missing();
    return {};
  }

 private:
  bool wants(Capability capability) const { return capabilities_.has(capability); }
  bool wants_picture() const { return wants(Capability::kGraphics) || wants(Capability::kDisplay); }

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
      if (!std::string_view(named).substr(0, named.rfind('/') + 1).ends_with(place.part)) continue;
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
    if (named.ends_with("/nvidia-mps")) {
      if (wants(Capability::kCompute))
        add_mount(file, "/tmp/nvidia-mps", {"capability compute", "MPS pipe directory"}, true);
    } else if (wants(Capability::kUtility)) {
      std::string target = named.rfind("/var/run/", 0) == 0 ? named.substr(4) : named;
      add_mount(file, target, {"capability utility", cat("socket ", file.path)}, true);
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

  Plan& plan_;
  const host::Facts& facts_;
  device::Capabilities capabilities_;
  const ImageLayout& image_;
  const DriverFile* distrusted_ = nullptr;  ///< the first whose owner is not root alone
  bool has_skipped_32_ = false;
};

}  // namespace

Result<void> add_files(Plan& plan, const host::Facts& facts, device::Capabilities capabilities,
                       const ImageLayout& image) {
  return FileRules(plan, facts, capabilities, image).run();
}

}  // namespace outboard::plan
