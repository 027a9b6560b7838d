// SPDX-License-Identifier: Apache-2.0
// The plan as an edit of an OCI runtime specification (config.json, OCI runtime-spec 1.0 to 1.2).
// Pure. What is not ours stays as it was; editing twice, or again with another plan, gives the same
// as editing once, because our records are listed in one annotation and taken away first.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "device/request.h"
#include "plan/plan.h"

namespace outboard::render {

/// The annotation that lists what an edit put in, as JSON text.
constexpr const char* kEditAnnotation = "io.outboard.edit";

/// How the runtime was reached, which decides who may ask (doc/security.md).
struct RequestPolicy {
  bool environment_counts =
      true;  ///< NVIDIA_VISIBLE_DEVICES alone (possibly the image's own) is a request
  bool mount_list_counts =
      true;  ///< mounts of /dev/null on /var/run/nvidia-container-devices/NAME are
};

/// What a specification asks for; nothing: leave it alone. The last of several equal variables
/// counts. A prestart hook named nvidia-container-runtime-hook proves that the engine's own --gpus
/// asked. Errors: unknown capabilities.
Result<std::optional<device::Request>> request_of_spec(const json::Value& spec,
                                                       const RequestPolicy& policy);

/// True if an engine put an nvidia-container-runtime-hook (or -toolkit) into the specification.
bool has_gpu_hook(const json::Value& spec);

/// An error that names the member if one that an edit must touch has the wrong JSON type.
Result<void> check_shape(const json::Value& spec);

struct EditOptions {
  /// Host file to mount over /etc/ld.so.cache, for a root whose own cache cannot be written; empty:
  /// none.
  std::string ld_cache_source;
  /// Host files that hold the plan's `files`, in their order.
  std::vector<std::string> file_sources;
  /// In a user namespace the low-level runtime cannot make nodes: they become bind mounts.
  bool nodes_as_mounts = false;
  /// Absolute path of the bundle, kept in the annotation (see forget_foreign_edit); empty: none.
  std::string bundle;
};

/// Removes the annotation if it was not written for this bundle. Podman copies the annotations of
/// an image's manifest into the specification, so an image can bring one that claims an earlier
/// edit; the bundle's path holds the container's random id, which no image knows.
void forget_foreign_edit(json::Value& spec, const std::string& bundle);

/// Takes an earlier edit away, removes GPU hooks, and puts the plan in. A mount or device of the
/// specification's own at one of our targets stays, and ours is left out. A variable of the plan
/// takes the place of every entry of its name.
void edit_spec(json::Value& spec, const plan::Plan& plan, const EditOptions& options);

/// The container's "NAME=value" entries without what an earlier edit added or changed.
std::vector<std::string> environment_before_edit(const json::Value& spec);

/// Where an earlier edit mounted something, as paths in the container; among them is every library
/// that was put into the root's ld.so.cache then.
std::vector<std::string> edited_mounts(const json::Value& spec);

}  // namespace outboard::render
