// SPDX-License-Identifier: Apache-2.0
// Which engine has a running container of that name, and where its first process is.
#pragma once

#include <string>

#include "base/result.h"
#include "doctor/container_facts.h"
#include "doctor/places.h"

namespace outboard::doctor {

/// Asks Docker, then Podman, then looks among the containers of runc, crun and the built-in engine,
/// of containerd (Kubernetes, nerdctl) and of CRI-O; `engine` ("docker", "podman", "containerd",
/// "crio", or empty) asks that one alone. kNotFound: nobody has it; kConflict: it does not run;
/// kUsage: no name, or that of several containers.
Result<ContainerPlace> find_container(const std::string& name, const std::string& engine,
                                      const Places& places);

}  // namespace outboard::doctor
