// SPDX-License-Identifier: Apache-2.0
// NVIDIA's container toolkit: its programs, its hook for Podman and its configuration file.
#include "base/files.h"
#include "base/text.h"
#include "doctor/engine_files.h"
#include "doctor/read_engines.h"
#include "doctor/toml_document.h"

namespace outboard::doctor {

void read_toolkit(const Places& places, Facts& facts) {
  ToolkitFacts& toolkit = facts.toolkit;
  for (const char* name : {"nvidia-container-runtime", "nvidia-container-cli", "nvidia-ctk"}) {
    if (auto path = program_below(places, name)) toolkit.programs.push_back(*path);
  }
  for (const char* hook : {"usr/share/containers/oci/hooks.d/oci-nvidia-hook.json",
                           "etc/containers/oci/hooks.d/oci-nvidia-hook.json"}) {
    std::string path = join_path(places.system, hook);
    if (path_exists(path)) toolkit.podman_hook = path;
  }
  ConfigFile file{join_path(places.system, "etc/nvidia-container-runtime/config.toml"), {}, 0};
  auto text = read_file(file.path, 1U << 20);
  if (!text && text.error().code == ErrorCode::kNotFound) return;
  auto value = text ? parse_toml(*text, file.path) : Result<json::Value>(text.error());
  if (value) {
    toolkit.keys = std::move(*value);
  } else {
    file.error = value.error().text;
  }
  toolkit.config = std::move(file);
  // "@" says that the path is the host's.
  const std::string& ldconfig = toolkit.keys["nvidia-container-cli"]["ldconfig"].text();
  if (ldconfig.rfind('@', 0) == 0 &&
      !path_exists(join_path(places.system, ldconfig.substr(ldconfig.find('/') + 1))))
    toolkit.missing_ldconfig = ldconfig;
}

}  // namespace outboard::doctor
