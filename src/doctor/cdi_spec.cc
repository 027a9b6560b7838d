// SPDX-License-Identifier: Apache-2.0
#include "doctor/cdi_spec.h"

#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cstdlib>

#include "base/files.h"
#include "base/text.h"
#include "base/yaml.h"
#include "doctor/read_engines.h"
#include "host/driver_files.h"

namespace outboard::doctor {

namespace {

void add_once(std::vector<std::string>& list, const std::string& text) {
  if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
}

// A path of the host as this machine has it.
std::string place_of(const Places& places, const std::string& path) {
  if (path.rfind("/dev/", 0) == 0) return places.roots.dev + path.substr(4);
  return join_path(places.system, path.empty() || path[0] != '/' ? path : path.substr(1));
}

std::optional<uint32_t> number(const json::Value& value) {
  auto whole = value.as_uint();
  return whole && *whole <= UINT32_MAX ? std::optional(static_cast<uint32_t>(*whole))
                                       : std::nullopt;
}

void add_node(const Places& places, const json::Value& node, CdiSpec& spec) {
  const json::Value* named = node.find("hostPath");
  CdiNode entry;
  entry.path = named ? named->text() : node["path"].text();
  if (entry.path.empty()) return;
  for (const CdiNode& known : spec.nodes) {
    if (known.path == entry.path) return;
  }
  entry.major = number(node["major"]);
  entry.minor = number(node["minor"]);
  struct stat status;
  if (::stat(place_of(places, entry.path).c_str(), &status) == 0 &&
      (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode))) {
    entry.real_major = major(status.st_rdev);
    entry.real_minor = minor(status.st_rdev);
  }
  spec.nodes.push_back(std::move(entry));
}

void add_edits(const Places& places, const json::Value& edits, CdiSpec& spec) {
  for (const json::Value& node : edits["deviceNodes"].items()) add_node(places, node, spec);
  for (const json::Value& mount : edits["mounts"].items()) {
    const std::string& source = mount["hostPath"].text();
    if (source.empty()) continue;
    if (!path_exists(place_of(places, source))) add_once(spec.missing_files, source);
    const std::string name = file_name_of(source);
    if (auto versioned = host::versioned_name(name))
      add_once(spec.driver_versions, std::string(versioned->version));
  }
  for (const json::Value& hook : edits["hooks"].items()) {
    const std::string& program = hook["path"].text();
    if (!program.empty() && !path_exists(place_of(places, program)))
      add_once(spec.missing_files, program);
  }
}

// A CDI library refuses a file with a version that it does not know, and one with a field that it
// does not know, whatever version the file says. Which field came with which version: SPEC.md and
// specs-go/version.go of the CDI project.
class NeededVersion {
 public:
  explicit NeededVersion(CdiSpec& spec) : spec_(spec) {}

  void see_file(const json::Value& file) {
    spec_.version = file["cdiVersion"].text();
    if (file.find("annotations")) see("0.6.0", "annotations");
    const std::string& kind = file["kind"].text();
    if (size_t slash = kind.find('/');
        slash != std::string::npos && kind.find('.', slash) != std::string::npos)
      see("0.6.0", "a '.' in the class of kind");
    see_edits(file["containerEdits"]);
  }

  void see_device(const json::Value& device) {
    const std::string& name = device["name"].text();
    if (!name.empty() && name[0] >= '0' && name[0] <= '9')
      see("0.5.0", "device names that begin with a digit");
    if (device.find("annotations")) see("0.6.0", "annotations");
    see_edits(device["containerEdits"]);
  }

 private:
  void see(std::string_view version, const char* field) {
    if (compare_versions(version, spec_.version) < 0) return;
    if (!spec_.newest_field.empty() && version == spec_.version) return;
    spec_.version = std::string(version);
    spec_.newest_field = field;
  }

  void see_edits(const json::Value& edits) {
    for (const json::Value& mount : edits["mounts"].items()) {
      if (mount.find("type")) see("0.4.0", "the type of mounts");
    }
    for (const json::Value& node : edits["deviceNodes"].items()) {
      if (node.find("hostPath")) see("0.5.0", "hostPath of device nodes");
    }
    if (edits.find("intelRdt")) see("0.7.0", "intelRdt");
    if (edits.find("additionalGids")) see("0.7.0", "additionalGids");
    if (edits.find("netDevices")) see("1.1.0", "netDevices");
  }

  CdiSpec& spec_;
};

bool is_nvidia(const CdiSpec& spec) {
  if (spec.kind.rfind("nvidia.com/", 0) == 0) return true;
  return std::any_of(spec.nodes.begin(), spec.nodes.end(),
                     [](const CdiNode& node) { return node.path.rfind("/dev/nvidia", 0) == 0; });
}

}  // namespace

const std::vector<std::string>& usual_cdi_directories() {
  static const std::vector<std::string> kDirectories = {"/etc/cdi", "/var/run/cdi"};
  return kDirectories;
}

Result<json::Value> parse_cdi(const std::string& text, const std::string& file) {
  // Engines read files of both names as YAML. JSON is that, too, but for what this parser is
  // stricter about (keys of more than 1024 characters, tabs).
  if (auto value = json::parse(trim(text), file)) return value;
  return parse_yaml(text, file);
}

std::string place_of_cdi_directory(const Places& places, const std::string& directory) {
  size_t start = std::min(directory.find_first_not_of('/'), directory.size());
  std::string place = join_path(places.system, directory.substr(start));
  char real[PATH_MAX];
  return ::realpath(place.c_str(), real) ? std::string(real) : place;
}

void read_cdi_directory(const Places& places, const std::string& place,
                        std::vector<CdiSpec>& specs) {
  auto names = list_directory(place);
  if (!names) return;
  for (const std::string& name : *names) {
    // Not .yml: pkg/cdi/spec-dirs.go of container-device-interface goes by these two.
    if (!name.ends_with(".json") && !name.ends_with(".yaml")) continue;
    CdiSpec spec;
    spec.file = join_path(place, name);
    spec.directory = place;
    for (const CdiSpec& known : specs) {
      if (known.file == spec.file) spec.file.clear();  // /run/cdi is often /var/run/cdi
    }
    if (spec.file.empty()) continue;
    auto text = read_file(spec.file, 16U << 20);
    auto value = text ? parse_cdi(*text, spec.file) : Result<json::Value>(text.error());
    if (!value) {
      spec.error = value.error().text;
      spec.broken = text.has_value();
      bool ours = name.find("nvidia") != std::string::npos ||
                  (text && text->find("nvidia.com/") != std::string::npos);
      if (ours) specs.push_back(std::move(spec));
      continue;
    }
    spec.kind = (*value)["kind"].text();
    if (spec.kind.empty() && name.find("nvidia") != std::string::npos) {
      spec.error = cat(spec.file, ": it has no kind (nvidia.com/gpu)");
      spec.broken = true;
      specs.push_back(std::move(spec));
      continue;
    }
    NeededVersion needed(spec);
    needed.see_file(*value);
    add_edits(places, (*value)["containerEdits"], spec);
    for (const json::Value& device : (*value)["devices"].items()) {
      spec.devices.push_back(device["name"].text());
      needed.see_device(device);
      add_edits(places, device["containerEdits"], spec);
    }
    if (is_nvidia(spec)) specs.push_back(std::move(spec));
  }
}

void read_cdi(const Places& places, Facts& facts) {
  for (const std::string& directory : usual_cdi_directories())
    read_cdi_directory(places, place_of_cdi_directory(places, directory), facts.cdi.specs);
}

}  // namespace outboard::doctor
