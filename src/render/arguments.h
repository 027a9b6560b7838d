// SPDX-License-Identifier: Apache-2.0
// The plan as command line arguments of docker and podman, and as a Compose service.
#pragma once

#include <string>
#include <vector>

#include "plan/plan.h"

namespace outboard::render {

/// --device, --volume, --group-add, --env; the same words work for docker and podman.
std::vector<std::string> engine_arguments(const plan::Plan& plan);
/// A YAML fragment for the service (devices, volumes, group_add, environment).
std::string compose_fragment(const plan::Plan& plan);

}  // namespace outboard::render
