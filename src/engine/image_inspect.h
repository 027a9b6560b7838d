// SPDX-License-Identifier: Apache-2.0
// An image's configuration without starting, pulling or unpacking anything: from the engine that
// has it, from a directory or an archive, or from its registry, which is asked for the manifest and
// the configuration alone (through skopeo, which knows registries, log-ins and mirrors). Every
// program that is asked has a deadline.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/console.h"
#include "engine/image_archive.h"
#include "engine/image_config.h"

namespace outboard::engine {

struct InspectOptions {
  std::string engine;    ///< "docker", "podman", "builtin"; empty: as `outboard run` picks it
  std::string platform;  ///< "linux/arm64"; empty: this machine's
  bool ask_registry = true;
  std::chrono::milliseconds deadline{20'000};  ///< of each program that is started
};

struct InspectedImage {
  std::string place;  ///< "docker", "podman", "cache" (the built-in engine's), "registry",
                      ///< "rootfs", "oci", "oci-archive", "docker-archive"
  ImageConfig config;
  std::string digest;              ///< "sha256:...", of manifest or image; may be empty
  std::string architecture;        ///< "amd64"; empty: not said
  std::string os;                  ///< "linux"; empty: not said
  std::string root;                ///< directory with its files, where there is one
  std::vector<LayerPlace> layers;  ///< where they lie as archives
  bool has_all_layers = true;      ///< false: one that the manifest names does not lie there
  /// Docker's overlay2 driver: the layers as directories, highest first (root can read them).
  std::vector<std::string> layer_directories;
};

/// "linux/amd64": what this program was built for.
std::string own_platform();

/// `image` in any form that `outboard run` takes, a path among them; docker://NAME asks the
/// registry without looking here. kNotFound: nowhere; kDenied: the registry wants a log-in; kBusy:
/// no answer in time; kConflict: what answered is broken.
Result<InspectedImage> inspect_image(const std::string& image, const InspectOptions& options,
                                     const Console& console);

/// True if the reference says in which registry it is: other names mean Docker Hub's to docker, and
/// what registries.conf(5) says to podman.
bool names_registry(std::string_view reference);

/// "localhost", 127.0.0.0/8 and "[::1]", with or without a port: docker's daemon also talks plain
/// HTTP to registries there, and to them alone.
bool is_loopback(std::string_view host);

/// Nothing: the daemon has no such image. An error: there is no daemon to ask.
Result<std::optional<InspectedImage>> inspect_local_docker(const std::string& docker,
                                                           const std::string& image,
                                                           std::chrono::milliseconds deadline);
Result<std::optional<InspectedImage>> inspect_local_podman(const std::string& podman,
                                                           const std::string& image,
                                                           std::chrono::milliseconds deadline);

/// `reference`: NAME[:TAG|@DIGEST].
Result<InspectedImage> inspect_registry(const std::string& reference, const std::string& platform,
                                        std::chrono::milliseconds deadline);

/// From a configuration document, as a registry and `image inspect` have it.
InspectedImage inspected_image(const json::Value& document, const std::string& place);

}  // namespace outboard::engine
