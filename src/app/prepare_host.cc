// SPDX-License-Identifier: Apache-2.0
// nvidia-modprobe is the driver's own setuid program for this; it is preferred for loading modules,
// because it knows their names and parameters. Nodes are made here: their numbers, mode and owner
// are facts that were read.
#include "app/prepare_host.h"

#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>

#include "base/files.h"
#include "base/process.h"
#include "base/text.h"

namespace outboard::app {

static bool has_major(const host::Facts& facts, std::string_view name) {
  return std::any_of(facts.majors.begin(), facts.majors.end(),
                     [&](const host::MajorNumber& entry) { return entry.name == name; });
}

bool load_modules(const host::Facts& facts, device::Capabilities capabilities) {
  if (facts.simulated || !facts.library_version) return false;
  bool uvm = capabilities.has(device::Capability::kCompute) && !has_major(facts, "nvidia-uvm");
  if (facts.module_version && !uvm) return false;
  auto program =
      std::find_if(facts.files.begin(), facts.files.end(), [](const host::DriverFile& file) {
        return file.kind == host::FileKind::kProgram && file.name == "nvidia-modprobe";
      });
  if (program == facts.files.end() || program->distrust || !is_real_root()) return false;
  std::string path =
      facts.roots.driver == "/" ? program->path : join_path(facts.roots.driver, program->path);
  CaptureOptions options;
  options.deadline =
      std::chrono::seconds(30);  // a first load initialises every GPU: seconds on large machines
  auto run = [&](std::vector<std::string> argv) {
    auto output = run_captured({std::move(argv), std::vector<std::string>{}, "/"}, options);
    return output && output->status.success();
  };
  bool ran = run({path});
  if (uvm) ran = run({path, "-u", "-c=0"}) || ran;
  return ran;
}

// With its mode and group from the start: a kill must not leave a node that nobody may open,
// because the next create takes what exists for good. 0 or an errno.
static int make_whole_node(int directory, const std::string& name, const plan::PlannedNode& node) {
  mode_t umask_before = ::umask(0);
  auto group_before = static_cast<gid_t>(::setfsgid(node.gid));
  int error = ::mknodat(directory, name.c_str(), S_IFCHR | (node.mode & 0777),
                        makedev(node.major, node.minor)) == 0
                  ? 0
                  : errno;
  ::setfsgid(group_before);
  ::umask(umask_before);
  if (error != 0) return error;
  // Another owner than root is unusual.
  if (node.uid != 0 &&
      ::fchownat(directory, name.c_str(), node.uid, node.gid, AT_SYMLINK_NOFOLLOW) != 0)
    return errno;
  return 0;
}

static Result<void> make_node(const plan::PlannedNode& node, const host::Facts& facts) {
  std::string command = cat("run 'sudo mknod -m 0666 ", node.host_path, " c ", node.major, " ",
                            node.minor, "' or 'sudo nvidia-modprobe'");
  if (facts.node_parameters && !facts.node_parameters->modify) {
    return make_error(
        ErrorCode::kDenied,
        cat("device node '", node.host_path,
            "' is missing, and the driver's parameter ModifyDeviceFiles forbids making it"),
        command);
  }
  if (!is_real_root()) {
    return make_error(
        ErrorCode::kDenied,
        cat("device node '", node.host_path, "' is missing, and only root can make it"), command);
  }
  OB_CHECK(make_directories(directory_of(node.host_path)));
  OB_TRY(UniqueFd directory, open_directory(directory_of(node.host_path)));
  std::string name = file_name_of(node.host_path);
  // Two containers may start at once: the one that comes second finds the node.
  int error = make_whole_node(directory.get(), name, node);
  if (error == 0 || error == EEXIST) return {};
  return os_error(cat("make device node '", node.host_path, "'"), error).with_hint(command);
}

// runc leaves a device rule out of systemd's list unless /dev/char/MAJOR:MINOR exists; after a
// daemon-reload the device is gone.
static void make_char_link(const plan::PlannedNode& node, const std::string& dev_root) {
  std::string directory = join_path(dev_root, "char");
  if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) return;
  std::string target = node.host_path.compare(0, dev_root.size() + 1, dev_root + "/") == 0
                           ? cat("..", node.host_path.substr(dev_root.size()))
                           : node.host_path;
  [[maybe_unused]] int status =
      ::symlink(target.c_str(), cat(directory, "/", node.major, ":", node.minor).c_str());
}

Result<void> prepare_host(const plan::Plan& plan, const host::Facts& facts) {
  for (const plan::PlannedNode& node : plan.nodes) {
    if (!node.exists) OB_CHECK(make_node(node, facts));
  }
  if (plan.char_links.empty() || !is_real_root()) return {};
  for (const plan::PlannedNode& node : plan.nodes) {
    std::string numbers = cat(node.major, ":", node.minor);
    if (std::find(plan.char_links.begin(), plan.char_links.end(), numbers) != plan.char_links.end())
      make_char_link(node, facts.roots.dev);
  }
  return {};
}

}  // namespace outboard::app
