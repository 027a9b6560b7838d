// SPDX-License-Identifier: Apache-2.0
// The table of profiles. The A100 machine has minors in another order than bus ids, as a DGX A100
// has, and MIG on its first two GPUs; the others count alike.
#include "sim/profiles.h"

#include <cstdio>
#include <cstring>

#include "base/text.h"

namespace outboard::sim {

namespace {

constexpr uint32_t kBrandNvidia = 14;
constexpr uint32_t kBrandGeforce = 5;
constexpr unsigned kVendorNvidia = 0x10de;

/// What the GPUs of a machine have in common.
struct Model {
  const char* name;
  uint32_t memory_mib;
  uint32_t cc_major;
  uint32_t cc_minor;
  uint32_t pci_device;
  uint32_t pci_subsystem;
  uint32_t brand;
  uint32_t multiprocessors;
  uint32_t max_mig;
};

constexpr Model kH200 = {
    "NVIDIA H200 (simulated)", 143771, 9, 0, 0x2335, 0x18be10de, kBrandNvidia, 132, 7};
constexpr Model kA100 = {
    "NVIDIA A100-SXM4-80GB (simulated)", 81920, 8, 0, 0x20b2, 0x147f10de, kBrandNvidia, 108, 7};
constexpr Model k4090 = {
    "NVIDIA GeForce RTX 4090 (simulated)", 24564, 8, 9, 0x2684, 0x16f310de, kBrandGeforce, 128, 0};

struct MigProfile {
  const char* name;
  uint32_t slices;
  uint32_t memory_mib;
  uint32_t multiprocessors;
};
constexpr MigProfile k1g10gb = {"1g.10gb", 1, 9728, 14};
constexpr MigProfile k2g20gb = {"2g.20gb", 2, 19968, 28};
constexpr MigProfile k3g40gb = {"3g.40gb", 3, 40192, 42};

uint64_t mix(uint64_t state) {  // splitmix64
  state += 0x9e3779b97f4a7c15U;
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9U;
  state = (state ^ (state >> 27)) * 0x94d049bb133111ebU;
  return state ^ (state >> 31);
}

/// A version 4 UUID that depends on the text alone.
std::string uuid_of(const std::string& prefix, const std::string& text) {
  uint64_t seed = 0;
  for (char c : text) seed = mix(seed ^ static_cast<unsigned char>(c));
  const uint64_t high = (seed & ~uint64_t{0xf000}) | 0x4000;
  const uint64_t low = (mix(seed) & ~(uint64_t{3} << 62)) | (uint64_t{2} << 62);
  char out[64];
  std::snprintf(out, sizeof out, "%s-%08x-%04x-%04x-%04x-%012llx", prefix.c_str(),
                static_cast<unsigned>(high >> 32), static_cast<unsigned>(high >> 16 & 0xffff),
                static_cast<unsigned>(high & 0xffff), static_cast<unsigned>(low >> 48),
                static_cast<unsigned long long>(low & 0xffffffffffffU));
  return out;
}

template <size_t kSize>
void set_text(char (&field)[kSize], std::string_view text) {
  const size_t length = text.size() < kSize ? text.size() : kSize - 1;
  std::memcpy(field, text.data(), length);
  field[length] = '\0';
}

sim_gpu make_gpu(const std::string& family, const Model& model, unsigned bus, uint32_t minor) {
  char pci[16];
  std::snprintf(pci, sizeof pci, "0000:%02x:00.0", bus & 0xff);
  sim_gpu gpu = {};
  set_text(gpu.uuid, uuid_of("GPU", cat(family, "/", pci)));
  set_text(gpu.name, model.name);
  set_text(gpu.pci, pci);
  gpu.minor = minor;
  gpu.memory_mib = model.memory_mib;
  gpu.cc_major = model.cc_major;
  gpu.cc_minor = model.cc_minor;
  gpu.pci_device = model.pci_device;
  gpu.pci_subsystem = model.pci_subsystem;
  gpu.brand = model.brand;
  gpu.multiprocessors = model.multiprocessors;
  gpu.max_mig = model.max_mig;
  return gpu;
}

void add_mig(sim_gpu& gpu, const MigProfile& profile, uint32_t gpu_instance) {
  sim_mig& mig = gpu.mig[gpu.mig_count++];
  gpu.mig_enabled = 1;
  set_text(mig.uuid, uuid_of("MIG", cat(gpu.uuid, "/", gpu_instance)));
  set_text(mig.profile, profile.name);
  mig.gpu_instance = gpu_instance;
  mig.compute_instance = 0;
  mig.gpu_instance_cap = mig_cap_minor(gpu.minor, gpu_instance, std::nullopt);
  mig.compute_instance_cap = mig_cap_minor(gpu.minor, gpu_instance, 0);
  mig.memory_mib = profile.memory_mib;
  mig.slices = profile.slices;
  mig.multiprocessors = profile.multiprocessors;
}

/// The server's own graphics chip takes card0, as on real boards.
OtherPciDevice board_graphics() {
  return {.pci = "0000:02:00.0",
          .vendor = 0x1a03,
          .device = 0x2000,
          .class_code = 0x030000,
          .drm_card = 0};
}

void add_nvswitches(Profile& profile, unsigned count) {
  profile.nvswitches = count;
  for (unsigned i = 0; i < count; i++) {
    char pci[16];
    std::snprintf(pci, sizeof pci, "0000:%02x:00.0", (0xc1 + i) & 0xff);
    profile.others.push_back(
        {.pci = pci, .vendor = kVendorNvidia, .device = 0x22a3, .class_code = 0x068000});
  }
}

Profile h200(const std::string& name, unsigned count) {
  constexpr unsigned kBuses[] = {0x18, 0x2a, 0x3a, 0x5d, 0x9a, 0xab, 0xba, 0xdb};
  Profile profile = {.name = name, .is_server = true};
  for (uint32_t i = 0; i < count; i++) {
    profile.gpus.push_back(make_gpu("h200", kH200, kBuses[i], i));
    profile.numa_nodes.push_back(i < 4 ? 0 : 1);
  }
  profile.others.push_back(board_graphics());
  if (count == 8) add_nvswitches(profile, 4);
  return profile;
}

Profile a100x8_mig() {
  constexpr unsigned kBuses[] = {0x07, 0x0f, 0x47, 0x4e, 0x87, 0x90, 0xb7, 0xbd};
  constexpr uint32_t kMinors[] = {2, 3, 0, 1, 6, 7, 4, 5};
  constexpr int kNumaNodes[] = {3, 3, 1, 1, 7, 7, 5, 5};
  Profile profile = {.name = "a100x8-mig", .is_server = true};
  for (unsigned i = 0; i < 8; i++) {
    profile.gpus.push_back(make_gpu("a100", kA100, kBuses[i], kMinors[i]));
    profile.numa_nodes.push_back(kNumaNodes[i]);
  }
  for (uint32_t instance = 7; instance < 14; instance++) {
    add_mig(profile.gpus[0], k1g10gb, instance);
  }
  add_mig(profile.gpus[1], k3g40gb, 2);
  add_mig(profile.gpus[1], k2g20gb, 3);
  add_mig(profile.gpus[1], k2g20gb, 5);
  profile.others.push_back(board_graphics());
  add_nvswitches(profile, 6);
  return profile;
}

Profile rtx4090x2() {
  Profile profile = {.name = "rtx4090x2"};
  const unsigned buses[] = {0x01, 0x41};
  for (uint32_t i = 0; i < 2; i++) {
    profile.gpus.push_back(make_gpu("rtx4090", k4090, buses[i], i));
    profile.numa_nodes.push_back(-1);
    std::string audio = profile.gpus.back().pci;
    audio.back() = '1';
    profile.others.push_back(
        {.pci = audio, .vendor = kVendorNvidia, .device = 0x22ba, .class_code = 0x040300});
  }
  return profile;
}

Profile none() {
  return {.name = "none", .has_driver = false, .others = {board_graphics()}};
}

const std::vector<Profile>& profiles() {
  static const std::vector<Profile> all = {h200("h200x1", 1), h200("h200x4", 4), h200("h200x8", 8),
                                           a100x8_mig(),      rtx4090x2(),       none()};
  return all;
}

}  // namespace

std::vector<std::string> profile_names() {
  std::vector<std::string> names;
  for (const Profile& profile : profiles()) names.push_back(profile.name);
  return names;
}

Result<Profile> find_profile(std::string_view name) {
  for (const Profile& profile : profiles()) {
    if (profile.name == name) return profile;
  }
  const std::vector<std::string> names = profile_names();
  const std::vector<std::string> near = nearest_names(name, names);
  const std::string nearest = near.empty() ? "" : cat("'", near.front(), "', or any other of ");
  return make_error(ErrorCode::kNotFound,
                    cat("no simulated machine is called '", printable(name), "'"),
                    cat("take ", nearest.empty() ? "one of " : nearest, join(names, ", ")));
}

uint32_t mig_cap_minor(uint32_t gpu_minor, uint32_t gpu_instance,
                       std::optional<uint32_t> compute_instance) {
  const uint32_t access = 3 + gpu_minor * 15 * 9 + gpu_instance * 9;
  return compute_instance ? access + 1 + *compute_instance : access;
}

}  // namespace outboard::sim
