// SPDX-License-Identifier: Apache-2.0
// The plan as command line arguments of docker and podman, and as a Compose service.
#pragma once

#include <string>
#include <vector>

#include "plan/plan.h"

namespace outboard::render {

/// --device, --volume, --group-add, --env; the same words work for docker and podman.
/// `user_namespace`: the engine's containers are in one, where the low-level runtime binds the
/// host's node of the container's path whatever --device says. A node that lies elsewhere on the
/// host becomes a volume and a device rule.
std::vector<std::string> engine_arguments(const plan::Plan& plan, bool user_namespace = false);
/// A YAML fragment for the service (devices, volumes, group_add, environment).
std::string compose_fragment(const plan::Plan& plan);

}  // namespace outboard::render
