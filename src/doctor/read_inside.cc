// SPDX-License-Identifier: Apache-2.0
// The view from inside a container: which libcuda a program would load, which nodes open.
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/files.h"
#include "base/text.h"
#include "doctor/driver_mounts.h"
#include "doctor/read_engines.h"
#include "elf/ld_cache.h"
#include "host/driver_files.h"

namespace outboard::doctor {

namespace {

constexpr const char* kName = "libcuda.so.1";

std::optional<LoadedLibrary> at(const std::string& path, const char* by) {
  char real[PATH_MAX];
  if (!::realpath(path.c_str(), real)) return std::nullopt;
  LoadedLibrary library{path, real, {}, by};
  const std::string name = file_name_of(library.real_path);
  if (auto versioned = host::versioned_name(name))
    library.version = std::string(versioned->version);
  return library;
}

// As ld.so(8) searches for a program without DT_RUNPATH: LD_LIBRARY_PATH, the cache, the usual
// directories.
std::optional<LoadedLibrary> find_libcuda(const Places& places) {
  if (const char* list = ::getenv("LD_LIBRARY_PATH")) {
    for (std::string_view part : split(list, ':')) {
      std::string directory = part.empty() ? "." : std::string(part);
      if (auto library = at(join_path(directory, kName), "LD_LIBRARY_PATH")) return library;
    }
  }
  std::optional<LoadedLibrary> cached;
  if (auto bytes = read_file(join_path(places.system, "etc/ld.so.cache"), 64U << 20)) {
    auto scanned = elf::scan_ld_cache(*bytes, [&](const elf::LdCacheEntryView& entry) {
      bool is64 = entry.flags == elf::kLdFlagsX86_64 || entry.flags == elf::kLdFlagsAarch64;
      if (is64 && entry.soname == kName)
        cached = at(join_path(places.system, entry.path.substr(1)), "ld.so.cache");
      return !cached;
    });
    if (scanned && cached) return cached;
  }
  for (const char* directory : {"lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "lib64",
                                "usr/lib64", "lib", "usr/lib"}) {
    std::string path = join_path(join_path(places.system, directory), kName);
    if (auto library = at(path, "a usual directory")) return library;
  }
  return std::nullopt;
}

int open_error(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return errno;
  ::close(fd);
  return 0;
}

std::vector<SeenMount> own_mounts(const Places& places) {
  auto text = read_file(places.roots.proc + "/self/mountinfo", 64U << 20);
  return text ? driver_mounts(*text) : std::vector<SeenMount>{};
}

// The driver's files that are mounted by their SONAME have no version in their own name.
void add_version(const std::vector<SeenMount>& mounts, LoadedLibrary& library) {
  for (const SeenMount& mount : mounts) {
    if (mount.target == library.real_path && !library.version) library.version = mount.version;
  }
}

}  // namespace

bool is_inside_container(const Places& places) {
  if (places.system != "/") return false;
  for (const char* mark : {"/run/.containerenv", "/.dockerenv", "/run/secrets/kubernetes.io"}) {
    if (path_exists(mark)) return true;
  }
  // systemd.io/CONTAINER_INTERFACE: Podman, systemd-nspawn and others set it.
  if (const char* manager = ::getenv("container"); manager && *manager != '\0') return true;
  auto cgroup = read_file(places.roots.proc + "/self/cgroup", 1U << 20);
  return (cgroup && is_container_cgroup(*cgroup)) || brings_driver(own_mounts(places));
}

void read_inside(const Places& places, Facts& facts) {
  InsideFacts& inside = facts.inside;
  std::vector<SeenMount> mounts = own_mounts(places);
  inside.libcuda = find_libcuda(places);
  if (inside.libcuda) add_version(mounts, *inside.libcuda);
  for (const char* directory : {"", "/nvidia-caps"}) {
    auto names = list_directory(places.roots.dev + directory);
    if (!names) continue;
    for (const std::string& name : *names) {
      std::string path = cat(places.roots.dev, directory, "/", name);
      if (name.rfind("nvidia", 0) == 0 && name != "nvidia-caps" && name != "nvidia-uvm-tools")
        inside.nodes.push_back({path, open_error(path)});
    }
  }
  if (const char* value = ::getenv("NVIDIA_VISIBLE_DEVICES")) inside.visible = value;
  inside.mounted_driver = brings_driver(mounts);
}

}  // namespace outboard::doctor
