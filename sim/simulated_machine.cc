// SPDX-License-Identifier: Apache-2.0
// The order of creation: check, build beside the place, try a node, put into place.
#include "sim/simulated_machine.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include <cerrno>
#include <climits>
#include <cstdlib>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "sim/driver_files.h"
#include "sim/machine_files.h"
#include "sim/profiles.h"
#include "sim/replace_directory.h"

namespace outboard::sim {

namespace {

Result<HostMachine> read_host() {
  HostMachine host;
  OB_TRY(host.proc_devices, read_file("/proc/devices"));
  OB_TRY(std::string uuid, read_file("/proc/sys/kernel/random/uuid"));
  host.new_boot_id = std::string(trim(uuid));
  struct utsname names;
  if (::uname(&names) == 0) host.kernel_release = names.release;
  return host;
}

/// An existing directory must be empty or one of ours.
Result<void> check_target(const std::string& directory) {
  struct stat status;
  if (::lstat(directory.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return os_error(cat("look at '", directory, "'"));
  }
  if (!S_ISDIR(status.st_mode)) {
    return make_error(ErrorCode::kConflict, cat("'", directory, "' is not a directory"),
                      "choose another name");
  }
  OB_TRY(std::vector<std::string> names, list_directory(directory));
  if (names.empty() || path_exists(join_path(directory, kMarkerFile))) return {};
  return make_error(
      ErrorCode::kConflict,
      cat("'", directory, "' is not empty and no simulated machine (it has no ", kMarkerFile, ")"),
      "choose a directory that does not exist yet");
}

std::string marker(const Profile& profile) {
  json::Value document = json::Value::object();
  document.set("simulated", true);
  document.set("profile", profile.name);
  if (profile.has_driver) document.set("driver_version", profile.driver.version);
  document.set("gpus", static_cast<int>(profile.gpus.size()));
  return json::write_pretty(document);
}

/// A node that the kernel will not let anybody open is of no use: EACCES to root means nodev.
Result<void> try_node(const std::string& directory, const Profile& profile) {
  if (!profile.has_driver) return {};
  const std::string node = directory + "/dev/nvidiactl";
  auto opened = open_at(AT_FDCWD, node, O_RDWR | O_NONBLOCK);
  if (opened || opened.error().os_errno != EACCES) return {};
  return make_error(ErrorCode::kUnsupported,
                    cat("device nodes do not work below '", directory_of(directory),
                        "': its file system is mounted nodev"),
                    "choose a directory on another file system, such as /var/lib");
}

/// An absolute path without "." and ".." at its end, so that a neighbour can be made.
Result<std::string> absolute_path(const std::string& directory) {
  std::string path = directory;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const std::string name = file_name_of(path);
  if (name.empty() || name == "/" || name == "." || name == "..") {
    return make_error(ErrorCode::kUsage, cat("'", directory, "' cannot be made anew"),
                      "name a directory below an existing one");
  }
  std::string parent = directory_of(path);
  if (parent.empty()) parent = ".";
  OB_CHECK(make_directories(parent));
  char resolved[PATH_MAX];
  if (::realpath(parent.c_str(), resolved) == nullptr)
    return os_error(cat("resolve '", parent, "'"));
  return join_path(resolved, name);
}

}  // namespace

Result<void> create_simulated_machine(const std::string& profile_name, const std::string& directory,
                                      const SimulatedDriver& driver) {
  OB_TRY(Profile profile, find_profile(profile_name));
  profile.driver = driver;
  OB_TRY(const std::string target, absolute_path(directory));
  OB_CHECK(check_target(target));
  OB_TRY(const HostMachine host, read_host());
  OB_TRY(const Majors majors, free_majors(host.proc_devices));

  OB_TRY(NewDirectory made, NewDirectory::beside(target));
  Tree tree(made.path());
  tree.file(kMarkerFile, marker(profile));
  if (profile.has_driver) write_driver_files(tree, profile);
  write_proc(tree, profile, host, majors);
  write_sys(tree, profile);
  write_dev(tree, profile, majors);
  OB_CHECK(tree.result());
  OB_CHECK(try_node(made.path(), profile));
  return made.put_at(target);
}

}  // namespace outboard::sim
