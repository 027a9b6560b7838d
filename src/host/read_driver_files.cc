// SPDX-License-Identifier: Apache-2.0
// The driver's files: its libraries, and of the same driver programs, Xorg modules, firmware and
// configuration; sockets of its daemons.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <tuple>

#include "base/files.h"
#include "base/text.h"
#include "host/driver_files.h"
#include "host/driver_memo.h"
#include "host/driver_search.h"
#include "host/file_trust.h"
#include "host/read_parts.h"
#include "host/small_files.h"

namespace outboard::host {

namespace {

class DriverReader {
 public:
  DriverReader(const Root& root, int sys, Facts& facts)
      : root_(root), sys_(sys), facts_(facts), search_(root) {}

  const std::vector<std::string>& seen() const { return search_.seen(); }

  void read() {
    version_ = read_driver_libraries(search_, facts_);
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
  // The prefix where the driver's main library lies, so that its programs and data come first.
  void find_prefix() {
    for (const DriverFile& file : facts_.files) {
      if (!names_driver_version(file.name)) continue;
      for (const std::string& prefix : driver_prefixes()) {
        if (file.path.starts_with(prefix + "/")) prefix_ = prefix;
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
  void add_named(FileKind kind, SearchedDirectory& directory,
                 const std::vector<std::string>& names) {
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
      file.path = join_path(search_.real_path(directory), name);
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
    std::vector<SearchedDirectory> opened;
    for (const std::string& path : paths) {
      if (auto index = search_.open(opened, path)) add_named(kind, opened[*index], names);
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
      if (trim(*path).starts_with("/")) system.emplace_back(trim(*path));
    }
    if (facts_.kernel) system.push_back("/lib/firmware/updates/" + *facts_.kernel);
    system.emplace_back("/lib/firmware/updates");
    if (facts_.kernel) system.push_back("/lib/firmware/" + *facts_.kernel);
    system.emplace_back("/lib/firmware");
    // The kernel module asks for its own version's.
    std::string version = facts_.module_version.value_or(version_);
    for (const std::string& base : with_prefix({"firmware", "lib/firmware"}, system)) {
      search_.add_seen(cat(base, "/nvidia/", version));
      auto names = root_.list(cat(base, "/nvidia/", version));
      if (!names) continue;
      std::vector<std::string> firmware;
      for (const std::string& name : *names) {
        if (name.starts_with("gsp") && name.size() > 4 && name.rfind(".bin") == name.size() - 4)
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
      search_.add_seen(base);
      if (!root_.is_directory(base)) continue;
      for (const ConfigurationFiles& files : configuration_files())
        add_from(FileKind::kConfiguration, {cat(base, "/", files.directory)}, files.names);
    }
  }

  const Root& root_;
  int sys_;
  Facts& facts_;
  DriverSearch search_;
  std::string version_;
  std::string prefix_;
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
