// SPDX-License-Identifier: Apache-2.0
// The table of libraries and the places of everything else. Programs that no simulated machine
// could have (tools of X, the installer) are left out.
#include "sim/driver_files.h"

#include "base/text.h"
#include "elf/ld_cache.h"
#include "sim/stub_binaries.h"
#include "sim/stub_library.h"

namespace outboard::sim {

namespace {

constexpr const char* kDirectory64 = "usr/lib/x86_64-linux-gnu";
constexpr const char* kDirectory32 = "usr/lib/i386-linux-gnu";

enum Traits : unsigned {
  kPlain = 1U << 0,      ///< also has a link "libx.so"
  kAlso32 = 1U << 1,     ///< exists for 32 bit, too
  kServer = 1U << 2,     ///< only on boards with NVSwitch
  kTlsNote = 1U << 3,    ///< see StubLibrary::tls_note
  kElsewhere = 1U << 4,  ///< not in a directory that the loader searches
};

struct Library {
  const char* file;    ///< "V" in it stands for the driver version
  const char* soname;  ///< empty: the file's name
  unsigned traits = 0;
};

constexpr Library kLibraries[] = {
    {"libcuda.so.V", "libcuda.so.1", kPlain | kAlso32},
    {"libnvidia-ml.so.V", "libnvidia-ml.so.1", kPlain | kAlso32},
    {"libcudadebugger.so.V", "libcudadebugger.so.1"},
    {"libEGL_nvidia.so.V", "libEGL_nvidia.so.0", kAlso32},
    {"libGLESv1_CM_nvidia.so.V", "libGLESv1_CM_nvidia.so.1", kAlso32},
    {"libGLESv2_nvidia.so.V", "libGLESv2_nvidia.so.2", kAlso32},
    {"libGLX_nvidia.so.V", "libGLX_nvidia.so.0", kAlso32},
    {"libnvcuvid.so.V", "libnvcuvid.so.1", kPlain | kAlso32},
    {"libnvidia-allocator.so.V", "libnvidia-allocator.so.1", kPlain | kAlso32},
    {"libnvidia-api.so.1", ""},
    {"libnvidia-cfg.so.V", "libnvidia-cfg.so.1", kPlain},
    {"libnvidia-egl-gbm.so.1.1.2", "libnvidia-egl-gbm.so.1", kAlso32},
    {"libnvidia-egl-wayland.so.1.1.20", "libnvidia-egl-wayland.so.1"},
    {"libnvidia-egl-xcb.so.1.0.3", "libnvidia-egl-xcb.so.1", kAlso32},
    {"libnvidia-egl-xlib.so.1.0.3", "libnvidia-egl-xlib.so.1", kAlso32},
    {"libnvidia-eglcore.so.V", "", kAlso32},
    {"libnvidia-encode.so.V", "libnvidia-encode.so.1", kPlain | kAlso32},
    {"libnvidia-fbc.so.V", "libnvidia-fbc.so.1", kPlain | kAlso32},
    {"libnvidia-glcore.so.V", "", kAlso32},
    {"libnvidia-glsi.so.V", "", kAlso32},
    {"libnvidia-glvkspirv.so.V", "", kAlso32},
    {"libnvidia-gpucomp.so.V", "", kAlso32},
    {"libnvidia-ngx.so.V", "libnvidia-ngx.so.1"},
    {"libnvidia-nscq.so.V", "libnvidia-nscq.so.2", kServer},
    {"libnvidia-nvvm.so.V", "libnvidia-nvvm.so.4", kPlain | kAlso32},
    {"libnvidia-nvvm70.so.4", ""},
    {"libnvidia-opencl.so.V", "libnvidia-opencl.so.1", kAlso32},
    {"libnvidia-opticalflow.so.V", "libnvidia-opticalflow.so.1", kPlain | kAlso32},
    {"libnvidia-pkcs11-openssl3.so.V", ""},
    {"libnvidia-pkcs11.so.V", ""},
    {"libnvidia-present.so.V", ""},
    {"libnvidia-ptxjitcompiler.so.V", "libnvidia-ptxjitcompiler.so.1", kPlain | kAlso32},
    {"libnvidia-rtcore.so.V", ""},
    {"libnvidia-sandboxutils.so.V", "libnvidia-sandboxutils.so.1"},
    {"libnvidia-tls.so.V", "", kAlso32 | kTlsNote},
    {"libnvidia-vksc-core.so.V", "libnvidia-vksc-core.so.1"},
    {"libnvoptix.so.V", "libnvoptix.so.1"},
    {"vdpau/libvdpau_nvidia.so.V", "libvdpau_nvidia.so.1", kAlso32 | kElsewhere},
    // Not the driver's own: the vendor-neutral dispatchers that every distribution ships.
    {"libEGL.so.1.1.0", "libEGL.so.1", kAlso32},
    {"libGL.so.1.7.0", "libGL.so.1", kAlso32},
    {"libGLX.so.0.0.0", "libGLX.so.0", kAlso32},
    {"libGLdispatch.so.0.0.0", "libGLdispatch.so.0", kAlso32},
    {"libOpenCL.so.1.0.0", "libOpenCL.so.1"},
};

constexpr const char* kPrograms[] = {"nvidia-cuda-mps-control", "nvidia-cuda-mps-server",
                                     "nvidia-debugdump", "nvidia-persistenced"};
constexpr const char* kServerPrograms[] = {"nv-fabricmanager", "nvidia-imex", "nvidia-imex-ctl"};

struct TextFile {
  const char* path;
  const char* text;
};

constexpr TextFile kConfiguration[] = {
    {"etc/OpenCL/vendors/nvidia.icd", "libnvidia-opencl.so.1\n"},
    {"usr/share/X11/xorg.conf.d/nvidia-drm-outputclass.conf",
     "Section \"OutputClass\"\n    Identifier \"nvidia\"\n    MatchDriver \"nvidia-drm\"\n"
     "    Driver \"nvidia\"\nEndSection\n"},
    {"usr/share/egl/egl_external_platform.d/10_nvidia_wayland.json",
     "{\n  \"file_format_version\": \"1.0.0\",\n  \"ICD\": {\n"
     "    \"library_path\": \"libnvidia-egl-wayland.so.1\"\n  }\n}\n"},
    {"usr/share/egl/egl_external_platform.d/15_nvidia_gbm.json",
     "{\n  \"file_format_version\": \"1.0.0\",\n  \"ICD\": {\n"
     "    \"library_path\": \"libnvidia-egl-gbm.so.1\"\n  }\n}\n"},
    {"usr/share/glvnd/egl_vendor.d/10_nvidia.json",
     "{\n  \"file_format_version\": \"1.0.0\",\n  \"ICD\": {\n"
     "    \"library_path\": \"libEGL_nvidia.so.0\"\n  }\n}\n"},
    {"usr/share/vulkan/icd.d/nvidia_icd.json",
     "{\n  \"file_format_version\": \"1.0.1\",\n  \"ICD\": {\n"
     "    \"library_path\": \"libGLX_nvidia.so.0\",\n    \"api_version\": \"1.4.312\"\n  }\n}\n"},
    {"usr/share/vulkan/implicit_layer.d/nvidia_layers.json",
     "{\n  \"file_format_version\": \"1.0.0\",\n  \"layer\": {\n"
     "    \"name\": \"VK_LAYER_NV_optimus\",\n    \"type\": \"INSTANCE\",\n"
     "    \"library_path\": \"libGLX_nvidia.so.0\",\n    \"api_version\": \"1.4.312\",\n"
     "    \"implementation_version\": \"1\",\n    \"description\": \"NVIDIA Optimus layer\"\n"
     "  }\n}\n"},
    {"usr/share/nvidia/nvoptix.bin", "simulated by outboard\n"},
};

/// Where "V" stands alone after ".so.", the version.
std::string with_version(std::string_view name, const std::string& version) {
  constexpr std::string_view kEnd = ".so.V";
  if (!name.ends_with(kEnd)) return std::string(name);
  return cat(name.substr(0, name.size() - 1), version);
}

std::string_view last_part(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

/// Writes the libraries of one class and collects what ldconfig would list of them.
class LibraryWriter {
 public:
  LibraryWriter(Tree& tree, const Profile& profile, int elf_class, elf::LdCache& cache)
      : tree_(tree),
        profile_(profile),
        elf_class_(elf_class),
        directory_(elf_class == 64 ? kDirectory64 : kDirectory32),
        cache_(cache) {}

  void write(const Library& library) {
    if ((library.traits & kServer) != 0 && !profile_.is_server) return;
    if ((library.traits & kAlso32) == 0 && elf_class_ == 32) return;
    const std::string file = with_version(library.file, profile_.driver.version);
    const std::string name(last_part(file));
    const std::string soname = *library.soname == '\0' ? name : library.soname;
    const std::string folder = cat(directory_, "/", file.substr(0, file.size() - name.size()));
    tree_.file(folder + name, content(library, soname));
    if (soname != name) tree_.link(folder + soname, name);
    if ((library.traits & kElsewhere) == 0) list(soname, soname);
    if ((library.traits & kPlain) == 0) return;
    const std::string plain = soname.substr(0, soname.find(".so.") + 3);
    tree_.link(folder + plain, soname);
    list(plain, plain);
  }

 private:
  std::string content(const Library& library, const std::string& soname) {
    std::string_view compiled;
    if (elf_class_ == 64 && soname == "libcuda.so.1") compiled = libcuda_binary();
    if (elf_class_ == 64 && soname == "libnvidia-ml.so.1") compiled = libnvidia_ml_binary();
    if (compiled.empty()) {
      return make_stub_library({.soname = soname,
                                .elf_class = elf_class_,
                                .tls_note = (library.traits & kTlsNote) != 0});
    }
    auto file =
        with_gpu_table(compiled, profile_.driver.version, profile_.driver.cuda, profile_.gpus);
    if (file) return std::move(*file);
    tree_.fail(std::move(file).error());
    return {};
  }

  void list(const std::string& soname, const std::string& file) {
    cache_.entries.push_back({.flags = elf_class_ == 64 ? elf::kLdFlagsX86_64 : elf::kLdFlagsI386,
                              .soname = soname,
                              .path = cat("/", directory_, "/", file)});
  }

  Tree& tree_;
  const Profile& profile_;
  int elf_class_;
  std::string directory_;
  elf::LdCache& cache_;
};

void write_libraries(Tree& tree, const Profile& profile) {
  elf::LdCache cache;
  for (int elf_class : {64, 32}) {
    LibraryWriter writer(tree, profile, elf_class, cache);
    for (const Library& library : kLibraries) writer.write(library);
  }
  tree.link(cat(kDirectory64, "/gbm/nvidia-drm_gbm.so"),
            cat("../libnvidia-allocator.so.", profile.driver.version));
  tree.file("etc/ld.so.cache", elf::serialise_ld_cache(cache));
}

void write_xorg_modules(Tree& tree, const std::string& version) {
  const std::string modules = "usr/lib/xorg/modules";
  tree.file(modules + "/drivers/nvidia_drv.so", make_stub_library({.soname = "nvidia_drv.so"}));
  const std::string server = cat("libglxserver_nvidia.so.", version);
  tree.file(cat(modules, "/extensions/", server),
            make_stub_library({.soname = "libglxserver_nvidia.so"}));
  tree.link(modules + "/extensions/libglxserver_nvidia.so", server);
}

void write_programs(Tree& tree, const Profile& profile) {
  tree.file("usr/bin/nvidia-smi", nvidia_smi_binary(), 0755);
  for (const char* name : kPrograms) {
    tree.file(cat("usr/bin/", name), other_program_binary(), 0755);
  }
  if (!profile.is_server) return;
  for (const char* name : kServerPrograms) {
    tree.file(cat("usr/bin/", name), other_program_binary(), 0755);
  }
}

}  // namespace

void write_driver_files(Tree& tree, const Profile& profile) {
  tree.directory("usr/lib");
  tree.link("lib", "usr/lib");  // as on every Debian since 12
  write_libraries(tree, profile);
  write_xorg_modules(tree, profile.driver.version);
  write_programs(tree, profile);
  for (const char* image : {"gsp_ga10x.bin", "gsp_tu10x.bin"}) {
    tree.file(cat("usr/lib/firmware/nvidia/", profile.driver.version, "/", image),
              "simulated by outboard\n");
  }
  for (const TextFile& file : kConfiguration) tree.file(file.path, file.text);
  tree.file(cat("usr/share/nvidia/nvidia-application-profiles-", profile.driver.version, "-rc"),
            "{ \"rules\": [], \"profiles\": [] }\n");
  if (profile.is_server) {
    tree.socket("run/nvidia-persistenced/socket");
    tree.socket("run/nvidia-fabricmanager/socket");
  }
}

}  // namespace outboard::sim
