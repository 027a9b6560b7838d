// SPDX-License-Identifier: Apache-2.0
#include "plan/driver_libraries.h"

#include "device/request.h"

namespace outboard::plan {

namespace {

using device::Capability;

constexpr uint8_t bits(Capability a) {
  return static_cast<uint8_t>(a);
}
constexpr uint8_t bits(Capability a, Capability b) {
  return static_cast<uint8_t>(bits(a) | bits(b));
}

constexpr uint8_t kCompute = bits(Capability::kCompute);
constexpr uint8_t kUtility = bits(Capability::kUtility);
constexpr uint8_t kVideo = bits(Capability::kVideo);
constexpr uint8_t kDisplay = bits(Capability::kDisplay);
constexpr uint8_t kNgx = bits(Capability::kNgx);
constexpr uint8_t kPicture = bits(Capability::kGraphics, Capability::kDisplay);

struct Use {
  std::string_view name;
  uint8_t capabilities;
};

constexpr Use kLibraries[] = {
    {"libnvidia-ml.so", kUtility},
    {"libnvidia-cfg.so", kUtility},
    {"libnvidia-nscq.so", kUtility},
    {"libnvidia-sandboxutils.so", kUtility},
    {"libcuda.so", kCompute},
    {"libcudadebugger.so", kCompute},
    {"libnvidia-opencl.so", kCompute},
    {"libnvidia-ptxjitcompiler.so", kCompute},
    {"libnvidia-fatbinaryloader.so", kCompute},
    {"libnvidia-compiler.so", kCompute},
    {"libnvidia-pkcs11.so", kCompute},
    {"libnvidia-pkcs11-openssl3.so", kCompute},
    {"libnvidia-nvvm.so", kCompute},
    {"libnvidia-nvvm70.so", kCompute},
    {"libnvidia-tileiras.so", kCompute},
    {"libnvidia-gpucomp.so", kCompute | kPicture},
    {"libnvidia-allocator.so", kCompute | kPicture},
    {"libvdpau_nvidia.so", kVideo},
    {"libnvidia-encode.so", kVideo},
    {"libnvidia-opticalflow.so", kVideo},
    {"libnvcuvid.so", kVideo},
    {"libnvidia-eglcore.so", kPicture},
    {"libnvidia-glcore.so", kPicture},
    {"libnvidia-tls.so", kPicture},
    {"libnvidia-glsi.so", kPicture},
    {"libnvidia-fbc.so", kPicture},
    {"libnvidia-ifr.so", kPicture},
    {"libnvidia-rtcore.so", kPicture},
    {"libnvoptix.so", kPicture},
    {"libGLX_nvidia.so", kPicture},
    {"libEGL_nvidia.so", kPicture},
    {"libGLESv2_nvidia.so", kPicture},
    {"libGLESv1_CM_nvidia.so", kPicture},
    {"libnvidia-glvkspirv.so", kPicture},
    {"libnvidia-cbl.so", kPicture},
    {"libnvidia-egl-gbm.so", kPicture},
    {"libnvidia-egl-wayland.so", kPicture},
    {"libnvidia-egl-wayland2.so", kPicture},
    {"libnvidia-egl-xcb.so", kPicture},
    {"libnvidia-egl-xlib.so", kPicture},
    {"libnvidia-vulkan-producer.so", kPicture},
    {"libnvidia-vksc-core.so", kPicture},
    {"libnvidia-api.so", kPicture},
    {"libnvidia-present.so", kDisplay},
    {"libnvidia-wayland-client.so", kDisplay},
    {"libnvidia-ngx.so", kNgx},
    // Parts of nvidia-settings, a program of the host's desktop.
    {"libnvidia-gtk2.so", 0},
    {"libnvidia-gtk3.so", 0},
};

constexpr Use kPrograms[] = {
    {"nvidia-smi", kUtility},
    {"nvidia-debugdump", kUtility},
    {"nvidia-persistenced", kUtility},
    {"nv-fabricmanager", kUtility},
    {"nvidia-cuda-mps-control", kCompute},
    {"nvidia-cuda-mps-server", kCompute},
    {"nvidia-imex", kCompute},
    {"nvidia-imex-ctl", kCompute},
};

}  // namespace

LibraryUse library_use(std::string_view name) {
  for (const Use& use : kLibraries) {
    if (use.name == name) return {use.capabilities, true};
  }
  return {static_cast<uint8_t>(kCompute | kPicture), false};
}

uint8_t program_use(std::string_view name) {
  for (const Use& use : kPrograms) {
    if (use.name == name) return use.capabilities;
  }
  return 0;
}

}  // namespace outboard::plan
