// SPDX-License-Identifier: Apache-2.0
// Finds the one driver whose libraries count. Every directory where one may lie is listed once; the
// version is then decided (the kernel module's if its libraries are there, else the one that
// libcuda.so.1 leads to), and only files of that version are opened. Remains of other versions in
// the same directories are common after an upgrade without a restart, and must not be mixed in.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <tuple>

#include "base/files.h"
#include "base/text.h"
#include "elf/elf_file.h"
#include "elf/ld_cache.h"
#include "host/driver_files.h"
#include "host/driver_memo.h"
#include "host/file_trust.h"
#include "host/read_parts.h"
#include "host/small_files.h"

namespace outboard::host {

namespace {

struct Directory {
  std::string asked;  // the path that was looked for
  std::string path;   // its real path inside the root; empty until it is needed
  UniqueFd fd;
  dev_t device;
  ino_t inode;
};

struct Candidate {
  size_t directory;
  std::string name;
  std::string base;
  std::string version;  // empty for a library with a version of its own
};

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

class DriverReader {
 public:
  DriverReader(const Root& root, int sys, Facts& facts) : root_(root), sys_(sys), facts_(facts) {}

  // Every path that was looked at, there or not: while none of them changes, the answer is the
  // same.
  const std::vector<std::string>& seen() const { return seen_; }

  void read() {
    // Links there lead from library directories to the driver's files.
    seen_.emplace_back("/etc/alternatives");
    find_directories();
    choose_version();
    if (version_.empty()) return;
    add_libraries();
    if (facts_.files.empty()) return;
    find_prefix();
    add_xorg_modules();
    add_programs();
    add_firmware();
    add_configuration();
    std::sort(facts_.files.begin(), facts_.files.end(),
              [](const DriverFile& a, const DriverFile& b) {
                return std::tie(a.kind, a.path, a.found_as) < std::tie(b.kind, b.path, b.found_as);
              });
  }

 private:
  std::optional<size_t> open_directory(std::vector<Directory>& directories,
                                       const std::string& path) {
    seen_.push_back(path);
    auto fd = root_.open_file(path, O_RDONLY | O_DIRECTORY);
    if (!fd) return std::nullopt;
    struct stat status;
    if (::fstat(fd->get(), &status) != 0) {
      os_error(cat("stat '", path, "'"));
      return std::nullopt;
    }
    for (const Directory& known : directories) {
      if (known.device == status.st_dev && known.inode == status.st_ino) return std::nullopt;
    }
    directories.push_back({path, "", std::move(*fd), status.st_dev, status.st_ino});
    return directories.size() - 1;
  }

  void find_directories() {
    for (const std::string& path : cached_directories()) list_libraries(path);
    for (const std::string& path : library_directories()) list_libraries(path);
    for (const std::string& prefix : driver_prefixes()) {
      seen_.push_back(prefix);
      if (!root_.is_directory(prefix)) continue;
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
        auto real = root_.real_path(join_path(directories_[index].asked, soname));
        if (real) list_libraries(directory_of(*real));
      }
    }
  }

  // Where the root's ld.so.cache has libraries of the driver, and where the links there lead.
  std::vector<std::string> cached_directories() {
    std::vector<std::string> paths;
    seen_.emplace_back("/etc/ld.so.cache");
    auto cache = root_.read("/etc/ld.so.cache");
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
        if (auto real = root_.real_path(entry.path)) add(directory_of(*real));
      }
      return true;
    });
    return paths;
  }

  void list_libraries(const std::string& path) {
    auto index = open_directory(directories_, path);
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

  // The directory's path inside the root, links resolved, as the kernel names what is open.
  const std::string& real_path(Directory& directory) {
    if (!directory.path.empty()) return directory.path;
    if (base_.empty()) base_ = name_of(root_.fd());
    directory.path = name_of(directory.fd.get());
    if (base_ != "/") {
      if (!starts_with(directory.path, base_ + "/")) return directory.path = directory.asked;
      directory.path.erase(0, base_.size());
    }
    return directory.path;
  }

  static std::string name_of(int fd) {
    char text[4096];
    ssize_t length = ::readlink(cat("/proc/self/fd/", fd).c_str(), text, sizeof text);
    if (length < 0) {
      os_error("read link of an open directory");
      return {};
    }
    return std::string(text, static_cast<size_t>(length));
  }

  static bool names_version(std::string_view base) {
    return base == "libcuda.so" || base == "libnvidia-ml.so";
  }

  void choose_version() {
    if (facts_.module_version && has_set(*facts_.module_version)) {
      version_ = *facts_.module_version;
    } else if (auto linked = linked_version()) {
      version_ = *linked;
    } else {
      for (const Candidate& candidate : candidates_) {
        if (names_version(candidate.base) && compare_versions(candidate.version, version_) > 0)
          version_ = candidate.version;
      }
    }
  }

  bool has_set(const std::string& version) const {
    return std::any_of(candidates_.begin(), candidates_.end(), [&](const Candidate& candidate) {
      return names_version(candidate.base) && candidate.version == version;
    });
  }

  // The version that the loader would find: of the first directory with a libcuda.so.1.
  std::optional<std::string> linked_version() const {
    for (const char* soname : {"libcuda.so.1", "libnvidia-ml.so.1"}) {
      for (const Directory& directory : directories_) {
        auto real = root_.real_path(join_path(directory.asked, soname));
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
      if (names_version(file.name) && file.elf_class == 64) facts_.library_version = version_;
      std::string directory = directory_of(file.path);
      auto& known = facts_.driver_library_directories;
      if (std::find(known.begin(), known.end(), directory) == known.end())
        known.push_back(std::move(directory));
    }
  }

  void add_library(const Candidate& candidate) {
    Directory& directory = directories_[candidate.directory];
    auto fd = open_at(directory.fd.get(), candidate.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    std::string path = join_path(real_path(directory), candidate.name);
    DriverFile file;
    file.name = candidate.base;
    file.path = path;
    if (!fd) {
      // A link: of the same directory (its target is a candidate too), or of a link farm.
      auto real = root_.real_path(path);
      fd = root_.open_file(path, O_RDONLY);
      if (!fd || !real) return;
      if (directory_of(*real) == directory.path) return;
      file.path = *real;
      file.found_as = path;
      seen_.push_back(directory_of(*real));
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

  // The prefix where the driver's main library lies, so that its programs and data come first.
  void find_prefix() {
    for (const DriverFile& file : facts_.files) {
      if (!names_version(file.name)) continue;
      for (const std::string& prefix : driver_prefixes()) {
        if (starts_with(file.path, prefix + "/")) prefix_ = prefix;
      }
      break;
    }
  }

  // Directories of the prefix in use come before those of the system.
  std::vector<std::string> with_prefix(const std::vector<std::string>& inside,
                                       const std::vector<std::string>& system) const {
    std::vector<std::string> all;
    for (const std::string& path : inside) {
      if (!prefix_.empty()) all.push_back(path.empty() ? prefix_ : join_path(prefix_, path));
    }
    all.insert(all.end(), system.begin(), system.end());
    return all;
  }

  // Looks `names` up in an open directory; those found are added, with links resolved.
  void add_named(FileKind kind, Directory& directory, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      bool known =
          std::any_of(facts_.files.begin(), facts_.files.end(), [&](const DriverFile& file) {
            return file.kind == kind && file.name == name &&
                   (kind != FileKind::kConfiguration || same_purpose(file, directory.asked));
          });
      if (known) continue;
      struct stat status;
      if (::fstatat(directory.fd.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno != ENOENT) os_error(cat("stat '", directory.asked, "/", name, "'"));
        continue;
      }
      DriverFile file;
      file.kind = kind;
      file.name = name;
      std::string found = join_path(directory.asked, name);
      file.path = join_path(real_path(directory), name);
      if (S_ISLNK(status.st_mode)) {
        auto real = root_.real_path(file.path);
        if (!real || !root_.is_file(*real)) continue;
        file.path = *real;
      } else if (!S_ISREG(status.st_mode)) {
        continue;
      }
      if (file.path != found) file.found_as = std::move(found);
      facts_.files.push_back(std::move(file));
    }
  }

  // nvidia_layers.json exists twice, for different purposes: those of one parent directory's name
  // are the same.
  static bool same_purpose(const DriverFile& file, const std::string& directory) {
    return file_name_of(directory_of(file.found_as.value_or(file.path))) == file_name_of(directory);
  }

  void add_from(FileKind kind, const std::vector<std::string>& paths,
                const std::vector<std::string>& names) {
    std::vector<Directory> opened;
    for (const std::string& path : paths) {
      if (auto index = open_directory(opened, path)) add_named(kind, opened[*index], names);
    }
  }

  void add_xorg_modules() {
    add_from(FileKind::kXorgModule,
             with_prefix({"lib/xorg/modules/drivers", "lib/xorg/modules/extensions"},
                         xorg_module_directories()),
             {"nvidia_drv.so", "libglxserver_nvidia.so." + version_});
  }

  void add_programs() {
    add_from(FileKind::kProgram,
             with_prefix({"bin", "sbin", "usr/bin", "usr/sbin"}, program_directories()),
             program_names());
  }

  void add_firmware() {
    std::vector<std::string> system;
    if (auto path = read_small(sys_, "module/firmware_class/parameters/path")) {
      if (starts_with(trim(*path), "/")) system.emplace_back(trim(*path));
    }
    if (facts_.kernel) system.push_back("/lib/firmware/updates/" + *facts_.kernel);
    system.emplace_back("/lib/firmware/updates");
    if (facts_.kernel) system.push_back("/lib/firmware/" + *facts_.kernel);
    system.emplace_back("/lib/firmware");
    // The kernel module asks for its own version's.
    std::string version = facts_.module_version.value_or(version_);
    for (const std::string& base : with_prefix({"firmware", "lib/firmware"}, system)) {
      seen_.push_back(cat(base, "/nvidia/", version));
      auto names = root_.list(cat(base, "/nvidia/", version));
      if (!names) continue;
      std::vector<std::string> firmware;
      for (const std::string& name : *names) {
        if (starts_with(name, "gsp") && name.size() > 4 && name.rfind(".bin") == name.size() - 4)
          firmware.push_back(name);
      }
      if (firmware.empty()) continue;
      add_from(FileKind::kFirmware, {cat(base, "/nvidia/", version)}, firmware);
      return;
    }
  }

  void add_configuration() {
    for (const std::string& base :
         with_prefix({"", "share", "etc", "usr/share"}, configuration_bases())) {
      seen_.push_back(base);
      if (!root_.is_directory(base)) continue;
      for (const ConfigurationFiles& files : configuration_files())
        add_from(FileKind::kConfiguration, {cat(base, "/", files.directory)}, files.names);
    }
  }

  const Root& root_;
  int sys_;
  Facts& facts_;
  std::vector<std::string> seen_;
  std::vector<Directory> directories_;
  std::vector<Candidate> candidates_;
  std::string version_;
  std::string prefix_;
  std::string base_;  // the root's own path, as the kernel names it
};

bool add_socket(const Root& root, const std::string& path, mode_t type, Facts& facts) {
  auto status = root.status(path);
  if (!status || (status->st_mode & S_IFMT) != type) return false;
  auto real = root.real_path(path);
  if (!real) return false;
  DriverFile file;
  file.kind = FileKind::kSocket;
  file.path = *real;
  file.name = file_name_of(path);
  if (*real != path) file.found_as = path;
  facts.files.push_back(std::move(file));
  return true;
}

// Daemons come and go without a directory of the search changing, so these are looked at each time.
void add_sockets(const Root& root, Facts& facts) {
  for (const char* name : {"nvidia-fabricmanager/socket", "nvidia-persistenced/socket"}) {
    for (const char* base : {"/run/", "/var/run/"}) {
      if (add_socket(root, cat(base, name), S_IFSOCK, facts)) break;
    }
  }
  add_socket(root, "/tmp/nvidia-mps", S_IFDIR, facts);
}

}  // namespace

void read_driver_files(const Root& root, int sys, const ReadOptions& options, Facts& facts) {
  const std::string& memo = options.memo_directory;
  if (memo.empty() || !recall_driver_files(memo, root, facts)) {
    FailureWatch watch;
    DriverReader reader(root, sys, facts);
    reader.read();
    // Only root could make a file of root's alone another's as well, so an answer without
    // distrusted files stays true.
    if (options.check_owners && !facts.simulated) find_distrusted(root, facts.files);
    bool trusted = std::none_of(facts.files.begin(), facts.files.end(),
                                [](const DriverFile& file) { return file.distrust.has_value(); });
    // What was overlooked for want of a descriptor must not be remembered as missing.
    if (!memo.empty() && !facts.files.empty() && trusted && !watch.failure())
      remember_driver_files(memo, root, reader.seen(), facts);
  }
  // Remains without a driver mean nothing.
  if (!facts.files.empty()) add_sockets(root, facts);
}

}  // namespace outboard::host
