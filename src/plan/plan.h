// SPDX-License-Identifier: Apache-2.0
// What a container needs for the chosen devices, as plain records with their origin. Pure:
// `outboard explain` prints what the runtime does, because both read the same plan.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "device/inventory.h"
#include "device/select.h"
#include "host/facts.h"
#include "plan/image_compat.h"

namespace outboard::plan {

/// Where an image's own loader looks. Read from the image's root (src/engine/image_layout.h).
struct ImageLayout {
  enum class Libc { kGlibc, kMusl, kNone, kUnknown };
  Libc libc = Libc::kUnknown;
  std::string library_directory64 =
      "/usr/lib/x86_64-linux-gnu";                 ///< default directory of the 64 bit loader
  std::optional<std::string> library_directory32;  ///< nothing: the image has no 32 bit loader
  bool has_ld_cache = false;                       ///< /etc/ld.so.cache exists

  bool operator==(const ImageLayout&) const = default;
};

/// Why a record is there: the rule, and the fact that made it apply.
struct Origin {
  std::string rule;  ///< "capability compute", "selected GPU 0", "control device"
  std::string fact;  ///< "libcuda.so.580.95.05 in /usr/lib/x86_64-linux-gnu", "minor 0"

  bool operator==(const Origin&) const = default;
};

/// A device node for the container, with a rule that allows it. If it does not exist on the host
/// (`exists` false) its numbers come from /proc and it must be made first.
struct PlannedNode {
  std::string path;       ///< in the container
  std::string host_path;  ///< on the host
  uint32_t major = 0;
  uint32_t minor = 0;
  uint32_t mode = 0666;
  uint32_t uid = 0;
  uint32_t gid = 0;
  bool exists = true;
  Origin origin;

  bool operator==(const PlannedNode&) const = default;
};

/// A bind mount of one host file (read-only, nosuid, nodev), or of a socket (`noexec`, read-write).
struct PlannedMount {
  std::string source;  ///< host path, absolute, no symbolic links below the driver root
  std::string target;  ///< path in the container
  bool socket = false;
  Origin origin;

  bool operator==(const PlannedMount&) const = default;
};

/// An entry for the container's ld.so.cache: `soname` is found at `path`.
struct PlannedCacheEntry {
  std::string soname;
  std::string path;
  int elf_class = 64;

  bool operator==(const PlannedCacheEntry&) const = default;
};

struct PlannedVariable {
  std::string name;
  std::string value;
  Origin origin;

  bool operator==(const PlannedVariable&) const = default;
};

/// A small file that is written beside the container's specification and mounted at `target`
/// (read-only).
struct PlannedFile {
  std::string target;  ///< path in the container
  std::string content;
  Origin origin;

  bool operator==(const PlannedFile&) const = default;
};

struct Plan {
  bool simulated = false;
  std::vector<PlannedNode> nodes;
  std::vector<PlannedMount> mounts;
  std::vector<PlannedCacheEntry> cache;
  std::vector<PlannedVariable> environment;
  std::vector<PlannedFile> files;
  std::optional<ImageCompat> compat;    ///< the image's CUDA libraries, if they come first
  std::vector<uint32_t> groups;         ///< supplementary groups that node modes ask for
  std::vector<std::string> char_links;  ///< "MAJOR:MINOR" missing in /dev/char of the host
  std::vector<std::string> notes;       ///< sentences for a person: what was left out and why

  bool operator==(const Plan&) const = default;
};

/// Fails (kUnsupported, kConflict) when no container could use the result: no driver, the kernel
/// module is not loaded, its version and the libraries' differ, no glibc in the image. kDenied: a
/// file that the container would get is distrusted (host::DriverFile).
Result<Plan> make_plan(const host::Facts& facts, const device::Inventory& inventory,
                       const device::Selection& selection, device::Capabilities capabilities,
                       const ImageLayout& image);

/// Whether the kernel holds device rules against a container: where root makes its cgroup, also if
/// the container is in a user namespace (userns-remap of Docker).
enum class DeviceRules { kHold, kNone };

/// What a user namespace takes from a plan: groups of the host cannot be given to a container there
/// (user_namespaces(7)), and, without root, there are no device rules, so that isolation is by
/// absent nodes alone. Notes say both.
void fit_user_namespace(Plan& plan, DeviceRules rules);

/// Whether nodes come from elsewhere than where the container has them. In a user namespace the
/// low-level runtime makes none: it binds the host's node of the same path.
bool has_other_dev_root(const Plan& plan);

/// The checks of make_plan that do not depend on an image: is there a driver, loaded, and are its
/// parts of one version?
Result<void> check_driver(const host::Facts& facts);

}  // namespace outboard::plan
