// SPDX-License-Identifier: Apache-2.0
// The image's files are looked at by name, size and ELF class; none is ever a mount source.
#include "engine/image_drivers.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/files.h"
#include "base/text.h"
#include "engine/image_compat.h"
#include "engine/image_config.h"

namespace outboard::engine {

namespace {

constexpr const char* kVariable = "LD_LIBRARY_PATH";
constexpr size_t kMostDirectories = 64;  ///< an environment can name any number

bool is_below(const std::string& path, const std::string& directory) {
  return path.starts_with(directory) && (path.size() == directory.size() ||
                                         path[directory.size()] == '/' || directory.back() == '/');
}

bool is_driver_name(std::string_view name) {
  return name.starts_with("libcuda.so") || name.starts_with("libcudadebugger.so") ||
         name.starts_with("libnvidia-");
}

bool has_elf_class(const Root& root, const std::string& path, int elf_class) {
  auto file = root.open_regular(path);
  unsigned char head[5] = {};
  if (!file || ::pread(file->get(), head, sizeof head, 0) != static_cast<ssize_t>(sizeof head))
    return false;
  return head[0] == 0x7f && head[1] == 'E' && head[4] == (elf_class == 64 ? 2 : 1);
}

class Overruler {
 public:
  Overruler(const Root& root, const std::vector<std::string>& volumes, plan::Plan& plan)
      : root_(root), volumes_(volumes), plan_(plan) {}

  void run(const std::vector<std::string>& missing, const std::string& search_path) {
    note_covered({missing.begin(), missing.end()});
    std::vector<std::string> kept;
    bool rejected = false;
    size_t count = 0;
    for (std::string_view part : split(search_path, ':')) {
      std::string directory(part);
      bool out = ++count <= kMostDirectories && !directory.empty() && directory[0] == '/' &&
                 overrule(directory) && holds_only_drivers(directory);
      if (out) {
        rejected = true;
        plan_.notes.push_back(cat(kVariable, ": '", printable(directory),
                                  "' holds driver libraries of the image's own and is left out: "
                                  "the host's driver wins"));
      } else {
        kept.push_back(std::move(directory));
      }
    }
    if (rejected) {
      plan_.environment.push_back(
          {kVariable, join(kept, ":"), {"the host's driver wins", "compat directory left out"}});
    }
    for (const char* directory : kCompatDirectories) overrule(directory);
  }

 private:
  // The compat directory that forward compatibility has put first.
  bool is_chosen(const std::string& directory) const {
    if (!plan_.compat) return false;
    auto real = root_.real_path(directory);
    return real && *real == plan_.compat->directory;
  }

  bool is_elsewhere(const std::string& path) const {
    for (const char* kernel : {"/proc", "/sys", "/dev"}) {
      if (is_below(path, kernel)) return true;
    }
    return std::any_of(volumes_.begin(), volumes_.end(), [&](const std::string& volume) {
      return !volume.empty() && is_below(path, volume);
    });
  }

  bool is_target(const std::string& path) const {
    return std::any_of(plan_.mounts.begin(), plan_.mounts.end(),
                       [&](const plan::PlannedMount& mount) { return mount.target == path; });
  }

  const plan::PlannedMount* mount_at(const std::string& target) const {
    for (const plan::PlannedMount& mount : plan_.mounts) {
      if (mount.target == target) return &mount;
    }
    return nullptr;
  }

  // A file that is not empty. Almost always there is none, so a name costs one look into its opened
  // directory and not a walk from the root.
  bool is_own_file(const std::string& path) {
    auto known = directories_.find(directory_of(path));
    if (known == directories_.end()) {
      known = directories_
                  .emplace(directory_of(path),
                           root_.find_file(directory_of(path), O_PATH | O_DIRECTORY))
                  .first;
    }
    struct stat status {};
    if (!known->second.valid() || ::fstatat(known->second.get(), file_name_of(path).c_str(),
                                            &status, AT_SYMLINK_NOFOLLOW) != 0)
      return false;
    if (S_ISLNK(status.st_mode)) {
      auto target = root_.status(path);
      if (!target) return false;
      status = *target;
    }
    return S_ISREG(status.st_mode) && status.st_size > 0;
  }

  void note_covered(const std::set<std::string_view>& missing) {
    std::vector<std::string> covered;
    for (const plan::PlannedCacheEntry& entry : plan_.cache) {
      bool chosen = plan_.compat && directory_of(entry.path) == plan_.compat->directory;
      if (!chosen && missing.count(entry.path) == 0 && is_own_file(entry.path))
        covered.push_back(entry.path);
    }
    if (covered.empty()) return;
    plan_.notes.push_back(cat("the image has ", covered.size(), " driver libraries of its own (",
                              covered.front(), covered.size() > 1 ? ", ..." : "",
                              "): the host's are mounted over them"));
  }

  // True if a library of the plan's is in the directory; it is mounted over.
  bool overrule(const std::string& directory) {
    if (is_elsewhere(directory) || !root_.is_directory(directory)) return false;
    if (is_chosen(directory)) return false;
    std::vector<std::string> found;
    bool added = false;
    const std::vector<plan::PlannedCacheEntry>& entries = plan_.cache;
    for (const plan::PlannedCacheEntry& entry : entries) {
      auto real = root_.real_path(cat(directory, "/", entry.soname));
      if (!real || is_elsewhere(*real) || !has_elf_class(root_, *real, entry.elf_class)) continue;
      const plan::PlannedMount* host = mount_at(entry.path);
      if (!host) continue;
      // Under another name of the usual directory, or seen by way of another link.
      bool usual = is_target(*real) && !is_ours(*real);
      if (usual) continue;
      found.push_back(entry.soname);
      if (is_target(*real)) continue;
      plan_.mounts.push_back(
          {host->source,
           *real,
           false,
           {"the host's driver wins", cat("the image's own ", directory, "/", entry.soname)}});
      ours_.push_back(*real);
      added = true;
    }
    if (added) {
      plan_.notes.push_back(cat("the image's '", printable(directory), "' holds ", found.front(),
                                found.size() > 1 ? " and others" : "",
                                " of another driver: the host's are mounted over them"));
    }
    return !found.empty();
  }

  bool is_ours(const std::string& path) const {
    return std::find(ours_.begin(), ours_.end(), path) != ours_.end();
  }

  bool holds_only_drivers(const std::string& directory) const {
    auto names = root_.list(directory);
    return names && std::all_of(names->begin(), names->end(),
                                [](const std::string& name) { return is_driver_name(name); });
  }

  const Root& root_;
  const std::vector<std::string>& volumes_;
  plan::Plan& plan_;
  std::map<std::string, UniqueFd> directories_;
  std::vector<std::string> ours_;  ///< targets that were added here
};

}  // namespace

void overrule_image_drivers(const Root& root, const std::vector<std::string>& environment,
                            const std::vector<std::string>& volumes, plan::Plan& plan,
                            const std::vector<std::string>& missing) {
  if (plan.cache.empty()) return;
  Overruler(root, volumes, plan).run(missing, find_variable(environment, kVariable).value_or(""));
}

void leave_out_compat_directories(const std::vector<std::string>& environment, plan::Plan& plan) {
  if (plan.cache.empty()) return;
  std::vector<std::string> kept;
  std::string search_path = find_variable(environment, kVariable).value_or("");
  std::vector<std::string_view> parts = split(search_path, ':');
  for (std::string_view part : parts) {
    if (!names_compat_directory(part)) {
      kept.emplace_back(part);
      continue;
    }
    plan.notes.push_back(cat(kVariable, ": '", printable(part),
                             "' is CUDA's place for driver libraries of the image's own and is "
                             "left out: the host's driver wins"));
  }
  if (kept.size() == parts.size()) return;
  plan.environment.push_back(
      {kVariable, join(kept, ":"), {"the host's driver wins", "compat directory left out"}});
}

}  // namespace outboard::engine
