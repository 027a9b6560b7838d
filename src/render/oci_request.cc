// SPDX-License-Identifier: Apache-2.0
// Reading a request out of an OCI specification: the environment contract of NVIDIA's container
// stack.
#include <algorithm>

#include "base/text.h"
#include "render/oci.h"

namespace outboard::render {

namespace {

// The value of the last NAME=... entry: execve keeps duplicates, and getenv in most C libraries
// would find the first, but runc and crun set them in order, so that the last one wins.
std::optional<std::string> variable(const json::Value& spec, std::string_view name) {
  std::optional<std::string> value;
  for (const json::Value& entry : spec["process"]["env"].items()) {
    const std::string& text = entry.text();
    if (text.size() > name.size() && text[name.size()] == '=' &&
        text.compare(0, name.size(), name) == 0) {
      value = text.substr(name.size() + 1);
    }
  }
  return value;
}

bool is_gpu_hook(const json::Value& hook) {
  const std::string& path = hook["path"].text();
  std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
  return name == "nvidia-container-runtime-hook" || name == "nvidia-container-toolkit";
}

// Names from bind mounts of /dev/null on /var/run/nvidia-container-devices/NAME: a request that no
// image can make. "all" is a name there too. The forms cdi/VENDOR/CLASS/NAME and imex/CHANNEL are
// of other programs' kinds; of the first, nvidia.com/gpu is ours.
std::vector<std::string> mount_list(const json::Value& spec) {
  std::vector<std::string> names;
  for (const json::Value& mount : spec["mounts"].items()) {
    if (mount["source"].text() != "/dev/null") continue;
    std::string_view target = mount["destination"].text();
    for (std::string_view directory :
         {"/var/run/nvidia-container-devices/", "/run/nvidia-container-devices/"}) {
      if (target.substr(0, directory.size()) != directory) continue;
      std::string_view name = target.substr(directory.size());
      for (std::string_view form : {"cdi/nvidia.com/gpu/", "cdi/nvidia.com/gpu="}) {
        if (name.substr(0, form.size()) == form) name.remove_prefix(form.size());
      }
      if (!name.empty() && name.substr(0, 4) != "cdi/" && name.substr(0, 5) != "imex/")
        names.emplace_back(name);
    }
  }
  return names;
}

}  // namespace

bool has_gpu_hook(const json::Value& spec) {
  for (const char* stage : {"prestart", "createRuntime", "createContainer"}) {
    const auto& hooks = spec["hooks"][stage].items();
    if (std::any_of(hooks.begin(), hooks.end(), is_gpu_hook)) return true;
  }
  return false;
}

static bool engine_asked(const json::Value& spec) {
  if (has_gpu_hook(spec)) return true;
  // An earlier edit took the hook away and wrote down that it had been there.
  const std::string& earlier = spec["annotations"][kEditAnnotation].text();
  if (earlier.empty()) return false;
  auto record = json::parse(earlier, kEditAnnotation);
  return record && (*record)["hook"].as_bool() == true;
}

Result<std::optional<device::Request>> request_of_spec(const json::Value& spec,
                                                       const RequestPolicy& policy) {
  std::optional<device::Request> none;
  bool environment_counts = policy.environment_counts || engine_asked(spec);
  auto visible = variable(spec, "NVIDIA_VISIBLE_DEVICES");
  auto capabilities = variable(spec, "NVIDIA_DRIVER_CAPABILITIES");
  device::Request request;
  if (auto names = mount_list(spec); policy.mount_list_counts && !names.empty()) {
    request = device::parse_visible_devices(join(names, ","));
  } else if (visible && environment_counts) {
    request = device::parse_visible_devices(*visible);
  } else if (!visible && policy.environment_counts && variable(spec, "CUDA_VERSION") &&
             variable(spec, "NVIDIA_REQUIRE_CUDA").value_or("").empty()) {
    // CUDA images of the time of nvidia-docker 1 have no other mark; NVIDIA's runtime gives them
    // everything.
    request.kind = device::Request::Kind::kAll;
    if (!capabilities) capabilities = "all";
  }
  if (request.kind == device::Request::Kind::kNothing) return none;
  OB_TRY(request.capabilities, device::parse_capabilities(capabilities.value_or("")));
  return std::optional(std::move(request));
}

}  // namespace outboard::render
