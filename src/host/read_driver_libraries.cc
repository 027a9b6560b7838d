// SPDX-License-Identifier: Apache-2.0
// Finds the one driver whose libraries count. Every directory where one may lie is listed once; the
// version is then decided (the kernel module's if its libraries are there, else the one that
// libcuda.so.1 leads to), and only files of that version are opened. Remains of other versions in
// the same directories are common after an upgrade without a restart, and must not be mixed in.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/files.h"
#include "base/text.h"
#include "elf/elf_file.h"
#include "elf/ld_cache.h"
#include "host/driver_files.h"
#include "host/driver_search.h"
#include "host/small_files.h"

namespace outboard::host {

namespace {

struct Candidate {
  size_t directory;
  std::string name;
  std::string base;
  std::string version;  // empty for a library with a version of its own
};

class LibraryReader {
 public:
  LibraryReader(DriverSearch& search, Facts& facts) : search_(search), facts_(facts) {}

  std::string read() {
    // Links there lead from library directories to the driver's files.
    search_.add_seen("/etc/alternatives");
    find_directories();
    choose_version();
    if (!version_.empty()) add_libraries();
    return version_;
  }

 private:
  void find_directories() {
    for (const std::string& path : cached_directories()) list_libraries(path);
    for (const std::string& path : library_directories()) list_libraries(path);
    for (const std::string& prefix : driver_prefixes()) {
      search_.add_seen(prefix);
      if (!search_.root().is_directory(prefix)) continue;
      for (const std::string& path : prefix_library_directories())
        list_libraries(join_path(prefix, path));
    }
    list_linked_directories();
  }

  // Debian's alternatives: the library directory holds links alone, and the driver lies in
  // nvidia/tesla-470 or the like.
  void list_linked_directories() {
    size_t count = directories_.size();
    for (size_t index = 0; index < count; index++) {
      for (const char* soname : {"libcuda.so.1", "libnvidia-ml.so.1"}) {
        auto real = search_.root().real_path(join_path(directories_[index].asked, soname));
        if (real) list_libraries(directory_of(*real));
      }
    }
  }

  // Where the root's ld.so.cache has libraries of the driver, and where the links there lead.
  std::vector<std::string> cached_directories() {
    std::vector<std::string> paths;
    search_.add_seen("/etc/ld.so.cache");
    auto cache = search_.root().read("/etc/ld.so.cache");
    if (!cache) return paths;
    auto add = [&](std::string path) {
      if (std::find(paths.begin(), paths.end(), path) == paths.end())
        paths.push_back(std::move(path));
    };
    // A broken cache finds nothing; the directories below are then searched all the same.
    (void)elf::scan_ld_cache(*cache, [&](const elf::LdCacheEntryView& entry) {
      if (!is_driver_soname(entry.soname)) return true;
      add(directory_of(entry.path));
      if (entry.soname == "libcuda.so.1" || entry.soname == "libnvidia-ml.so.1") {
        if (auto real = search_.root().real_path(entry.path)) add(directory_of(*real));
      }
      return true;
    });
    return paths;
  }

  void list_libraries(const std::string& path) {
    auto index = search_.open(directories_, path);
    if (!index) return;
    auto again = open_at(directories_[*index].fd.get(), ".", O_RDONLY | O_DIRECTORY);
    if (!again) return;
    for_each_name(std::move(*again), [&](std::string_view name) {
      if (auto versioned = versioned_name(name)) {
        candidates_.push_back({*index, std::string(name), std::string(versioned->base),
                               std::string(versioned->version)});
      } else if (auto special = special_library(name)) {
        candidates_.push_back({*index, std::string(name), std::string(*special), ""});
      }
    });
    for (const char* inner : {"vdpau", "tls"}) {
      if (has_directory(directories_[*index].fd.get(), inner))
        list_libraries(join_path(path, inner));
    }
  }

  static bool has_directory(int dir, const char* name) {
    struct stat status;
    if (::fstatat(dir, name, &status, 0) == 0) return S_ISDIR(status.st_mode);
    if (errno != ENOENT) os_error(cat("stat '", name, "'"));
    return false;
  }

  void choose_version() {
    if (facts_.module_version && has_set(*facts_.module_version)) {
      version_ = *facts_.module_version;
    } else if (auto linked = linked_version()) {
      version_ = *linked;
    } else {
      for (const Candidate& candidate : candidates_) {
        if (names_driver_version(candidate.base) &&
            compare_versions(candidate.version, version_) > 0)
          version_ = candidate.version;
      }
    }
  }

  bool has_set(const std::string& version) const {
    return std::any_of(candidates_.begin(), candidates_.end(), [&](const Candidate& candidate) {
      return names_driver_version(candidate.base) && candidate.version == version;
    });
  }

  // The version that the loader would find: of the first directory with a libcuda.so.1.
  std::optional<std::string> linked_version() const {
    for (const char* soname : {"libcuda.so.1", "libnvidia-ml.so.1"}) {
      for (const SearchedDirectory& directory : directories_) {
        auto real = search_.root().real_path(join_path(directory.asked, soname));
        if (!real) continue;
        std::string name = file_name_of(*real);
        auto versioned = versioned_name(name);
        if (versioned && has_set(std::string(versioned->version)))
          return std::string(versioned->version);
      }
    }
    return std::nullopt;
  }

  void add_libraries() {
    for (const Candidate& candidate : candidates_) {
      if (candidate.version != version_ && !candidate.version.empty()) continue;
      if (candidate.base == "libglxserver_nvidia.so") continue;  // an Xorg module
      add_library(candidate);
    }
    for (DriverFile& file : facts_.files) {
      if (names_driver_version(file.name) && file.elf_class == 64)
        facts_.library_version = version_;
      std::string directory = directory_of(file.path);
      auto& known = facts_.driver_library_directories;
      if (std::find(known.begin(), known.end(), directory) == known.end())
        known.push_back(std::move(directory));
    }
  }

  void add_library(const Candidate& candidate) {
    SearchedDirectory& directory = directories_[candidate.directory];
    auto fd = open_at(directory.fd.get(), candidate.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    std::string path = join_path(search_.real_path(directory), candidate.name);
    DriverFile file;
    file.name = candidate.base;
    file.path = path;
    if (!fd) {
      // A link: of the same directory (its target is a candidate too), or of a link farm.
      auto real = search_.root().real_path(path);
      fd = search_.root().open_file(path, O_RDONLY);
      if (!fd || !real) return;
      if (directory_of(*real) == directory.path) return;
      file.path = *real;
      file.found_as = path;
      search_.add_seen(directory_of(*real));
    }
    auto info = elf::read_elf(fd->get(), path);
    if (!info) return;
    file.soname = info->soname;
    file.elf_class = info->elf_class;
    if (!candidate.version.empty()) file.version = candidate.version;
    // Old drivers bring libnvidia-tls twice; the one with the ABI note 2.3.99 is for today's
    // threads.
    bool preferred = candidate.base == "libnvidia-tls.so" && info->abi_note_kernel &&
                     *info->abi_note_kernel == std::array<uint32_t, 3>{2, 3, 99};
    for (DriverFile& known : facts_.files) {
      if (known.name != file.name || known.elf_class != file.elf_class) continue;
      if (preferred) known = std::move(file);
      return;
    }
    facts_.files.push_back(std::move(file));
  }

  DriverSearch& search_;
  Facts& facts_;
  std::vector<SearchedDirectory> directories_;
  std::vector<Candidate> candidates_;
  std::string version_;
};

}  // namespace

bool names_driver_version(std::string_view base) {
  return base == "libcuda.so" || base == "libnvidia-ml.so";
}

std::string read_driver_libraries(DriverSearch& search, Facts& facts) {
  return LibraryReader(search, facts).read();
}

}  // namespace outboard::host
