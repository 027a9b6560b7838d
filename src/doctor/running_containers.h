// SPDX-License-Identifier: Apache-2.0
// Containers of this machine by the files of those who run them, without asking a daemon: the
// bundles of containerd's shims and of CRI-O, and the state of runc and crun.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "doctor/container_facts.h"

namespace outboard::doctor {

/// Of `tasks`/NAMESPACE/ID with the shim's init.pid and config.json (containerd 1.3 to 2.x). Their
/// engine is "docker" in Docker's namespace (moby), else "containerd"; the pid of one that was not
/// started is 0, and one that has ended may still be here.
std::vector<ContainerPlace> bundles_of_containerd(const std::string& tasks);

/// Of `storage`/ID/userdata with conmon's pidfile and config.json, those that CRI-O annotated or,
/// without `of_crio`, the others, which are Podman's (CRI-O 1.2x, Podman 4 and 5).
std::vector<ContainerPlace> bundles_of_storage(const std::string& storage, bool of_crio);

/// Where containerd's shims keep bundles, wherever its `state` is (also k3s' and Docker's own): a
/// shim's working directory is one. `denied`: a shim runs whose directory is not ours to see.
std::vector<std::string> task_directories(bool& denied);

/// Where CRI-O and Podman of root keep theirs, if they do not name another runroot.
inline constexpr const char* kStorageBundles = "/run/containers/storage/overlay-containers";

/// Of a container in the state directory of runc (libcontainer 1.0 to 1.3: state.json with
/// init_process_pid and the bundle among its labels) or crun (1.8 to 1.21: status with pid and
/// bundle).
std::optional<ContainerPlace> state_of_runtime(const std::string& root, const std::string& id);
/// The usual state directories of runc and crun, this user's and the built-in engine's.
std::vector<std::string> runtime_roots();

/// What else a container is called in its specification's annotations: container and pod by
/// containerd's CRI plugin and by CRI-O, the name by nerdctl. A pod's sandbox has none.
std::vector<std::string> names_in_annotations(const json::Value& spec);

/// The one that runs of id `name`, of that name in its annotations, or of an id that begins so, in
/// this order. kConflict: it has ended; kUsage: several are meant.
Result<std::optional<ContainerPlace>> choose_container(const std::string& name,
                                                       const std::vector<ContainerPlace>& list);

/// kConflict: what is asked of this container takes one that runs.
Error not_running(const ContainerPlace& place);

/// True while a process of that number exists.
bool is_alive(uint32_t pid);

}  // namespace outboard::doctor
