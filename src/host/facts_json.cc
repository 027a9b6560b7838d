// SPDX-License-Identifier: Apache-2.0
// One function per type names its members once, for writing and for reading: an Archive is either a
// Writer or a Reader.
#include "host/facts_json.h"

#include <array>

#include "base/text.h"

namespace outboard::host {

namespace {

constexpr std::array<std::pair<FileKind, std::string_view>, 6> kKinds = {{
    {FileKind::kLibrary, "library"},
    {FileKind::kProgram, "program"},
    {FileKind::kFirmware, "firmware"},
    {FileKind::kConfiguration, "configuration"},
    {FileKind::kXorgModule, "xorg-module"},
    {FileKind::kSocket, "socket"},
}};

class Writer {
 public:
  json::Value value = json::Value::object();

  template <typename T>
  void member(const char* name, const T& field) {
    value.set(name, to_json(field));
  }

 private:
  static json::Value to_json(bool flag) { return flag; }
  static json::Value to_json(char letter) { return std::string(1, letter); }
  static json::Value to_json(const std::string& text) { return text; }
  static json::Value to_json(FileKind kind) {
    for (const auto& [known, name] : kKinds) {
      if (known == kind) return name;
    }
    return {};
  }
  template <typename T>
  static json::Value to_json(const T& field) {
    if constexpr (std::is_integral_v<T>) {
      return field;
    } else {
      Writer writer;
      describe(writer, const_cast<T&>(field));  // NOLINT: a Writer only reads
      return std::move(writer.value);
    }
  }
  template <typename T>
  static json::Value to_json(const std::optional<T>& field) {
    return field ? to_json(*field) : json::Value();
  }
  template <typename T>
  static json::Value to_json(const std::vector<T>& fields) {
    json::Value list = json::Value::array();
    for (const T& field : fields) list.push(to_json(field));
    return list;
  }
};

class Reader {
 public:
  Reader(const json::Value& value, std::string path) : value_(value), path_(std::move(path)) {}

  template <typename T>
  void member(const char* name, T& field) {
    const json::Value* found = value_.find(name);
    if (!found || found->is_null() || !problem_.empty()) return;
    read(*found, path_.empty() ? name : cat(path_, ".", name), field);
  }
  const std::string& problem() const { return problem_; }

 private:
  void wrong(const std::string& path, std::string_view what) {
    if (problem_.empty()) problem_ = cat(path, ": ", what);
  }

  void read(const json::Value& value, const std::string& path, bool& field) {
    if (auto flag = value.as_bool()) {
      field = *flag;
    } else {
      wrong(path, "neither true nor false");
    }
  }
  void read(const json::Value& value, const std::string& path, char& field) {
    if (value.text().size() == 1) {
      field = value.text()[0];
    } else {
      wrong(path, "not a single character");
    }
  }
  void read(const json::Value& value, const std::string& path, std::string& field) {
    if (!value.is_string()) return wrong(path, "not a string");
    // A name with a NUL byte would be cut off by the system calls that it ends in.
    if (value.text().find('\0') != std::string::npos) return wrong(path, "contains a NUL byte");
    field = value.text();
  }
  void read(const json::Value& value, const std::string& path, FileKind& field) {
    for (const auto& [kind, name] : kKinds) {
      if (value.text() == name) {
        field = kind;
        return;
      }
    }
    wrong(path, cat("unknown kind '", printable(value.text()), "'"));
  }
  template <typename T>
  void read(const json::Value& value, const std::string& path, T& field) {
    if constexpr (std::is_integral_v<T>) {
      auto number = value.type() == json::Value::Type::kNumber
                        ? parse_number<T>(value.number_text())
                        : std::nullopt;
      if (!number) return wrong(path, "not a whole number that fits");
      field = *number;
    } else {
      if (!value.is_object()) return wrong(path, "not an object");
      Reader inner(value, path);
      describe(inner, field);
      if (!inner.problem_.empty() && problem_.empty()) problem_ = inner.problem_;
    }
  }
  template <typename T>
  void read(const json::Value& value, const std::string& path, std::optional<T>& field) {
    read(value, path, field.emplace());
  }
  template <typename T>
  void read(const json::Value& value, const std::string& path, std::vector<T>& fields) {
    if (!value.is_array()) return wrong(path, "not a list");
    for (size_t i = 0; i < value.items().size(); i++)
      read(value.items()[i], cat(path, "[", i, "]"), fields.emplace_back());
  }

  const json::Value& value_;
  std::string path_;
  std::string problem_;
};

template <typename Archive>
void describe(Archive& archive, Roots& roots) {
  archive.member("driver", roots.driver);
  archive.member("dev", roots.dev);
  archive.member("proc", roots.proc);
  archive.member("sys", roots.sys);
}

template <typename Archive>
void describe(Archive& archive, DeviceNode& node) {
  archive.member("path", node.path);
  archive.member("host_path", node.host_path);
  archive.member("type", node.type);
  archive.member("major", node.major);
  archive.member("minor", node.minor);
  archive.member("mode", node.mode);
  archive.member("uid", node.uid);
  archive.member("gid", node.gid);
}

template <typename Archive>
void describe(Archive& archive, GpuFact& gpu) {
  archive.member("pci", gpu.pci);
  archive.member("minor", gpu.minor);
  archive.member("uuid", gpu.uuid);
  archive.member("model", gpu.model);
  archive.member("pci_device", gpu.pci_device);
  archive.member("excluded", gpu.excluded);
  archive.member("bound", gpu.bound);
  archive.member("drm_nodes", gpu.drm_nodes);
  archive.member("numa_node", gpu.numa_node);
}

template <typename Archive>
void describe(Archive& archive, MigCapability& capability) {
  archive.member("gpu_minor", capability.gpu_minor);
  archive.member("gpu_instance", capability.gpu_instance);
  archive.member("compute_instance", capability.compute_instance);
  archive.member("cap_minor", capability.cap_minor);
}

template <typename Archive>
void describe(Archive& archive, DriverFile& file) {
  archive.member("kind", file.kind);
  archive.member("path", file.path);
  archive.member("name", file.name);
  archive.member("soname", file.soname);
  archive.member("elf_class", file.elf_class);
  archive.member("version", file.version);
  archive.member("found_as", file.found_as);
  archive.member("distrust", file.distrust);
}

template <typename Archive>
void describe(Archive& archive, NodeParameters& parameters) {
  archive.member("modify", parameters.modify);
  archive.member("mode", parameters.mode);
  archive.member("uid", parameters.uid);
  archive.member("gid", parameters.gid);
}

template <typename Archive>
void describe(Archive& archive, MajorNumber& number) {
  archive.member("name", number.name);
  archive.member("major", number.major);
}

template <typename Archive>
void describe(Archive& archive, Facts& facts) {
  archive.member("roots", facts.roots);
  archive.member("simulated", facts.simulated);
  archive.member("boot_id", facts.boot_id);
  archive.member("kernel", facts.kernel);
  archive.member("module_version", facts.module_version);
  archive.member("module_flavor", facts.module_flavor);
  archive.member("library_version", facts.library_version);
  archive.member("driver_library_directories", facts.driver_library_directories);
  archive.member("node_parameters", facts.node_parameters);
  archive.member("majors", facts.majors);
  archive.member("gpus", facts.gpus);
  archive.member("mig", facts.mig);
  archive.member("mig_config_minor", facts.mig_config_minor);
  archive.member("mig_monitor_minor", facts.mig_monitor_minor);
  archive.member("nodes", facts.nodes);
  archive.member("files", facts.files);
  archive.member("missing_char_links", facts.missing_char_links);
}

template <typename Archive>
void describe(Archive& archive, NvmlMig& mig) {
  archive.member("index", mig.index);
  archive.member("uuid", mig.uuid);
  archive.member("profile", mig.profile);
  archive.member("gpu_instance", mig.gpu_instance);
  archive.member("compute_instance", mig.compute_instance);
  archive.member("memory_mib", mig.memory_mib);
}

template <typename Archive>
void describe(Archive& archive, NvmlHealth& health) {
  archive.member("persistence", health.persistence);
  archive.member("temperature", health.temperature);
  archive.member("clock_reasons", health.clock_reasons);
  archive.member("ecc", health.ecc);
  archive.member("ecc_after_reboot", health.ecc_after_reboot);
  archive.member("uncorrected", health.uncorrected);
  archive.member("uncorrected_ever", health.uncorrected_ever);
  archive.member("retired_pages", health.retired_pages);
  archive.member("remapped_rows", health.remapped_rows);
  archive.member("retirement_pending", health.retirement_pending);
  archive.member("remapping_failed", health.remapping_failed);
}

template <typename Archive>
void describe(Archive& archive, NvmlGpu& gpu) {
  archive.member("index", gpu.index);
  archive.member("pci", gpu.pci);
  archive.member("uuid", gpu.uuid);
  archive.member("name", gpu.name);
  archive.member("brand", gpu.brand);
  archive.member("minor", gpu.minor);
  archive.member("memory_mib", gpu.memory_mib);
  archive.member("compute_capability", gpu.compute_capability);
  archive.member("mig_enabled", gpu.mig_enabled);
  archive.member("mig", gpu.mig);
  archive.member("health", gpu.health);
}

template <typename Archive>
void describe(Archive& archive, NvmlAnswer& answer) {
  archive.member("driver_version", answer.driver_version);
  archive.member("cuda_version", answer.cuda_version);
  archive.member("gpus", answer.gpus);
}

template <typename T>
json::Value write_document(const T& document) {
  Writer writer;
  writer.member("schema", kFactsSchema);
  describe(writer, const_cast<T&>(document));  // NOLINT: a Writer only reads
  return std::move(writer.value);
}

template <typename T>
Result<T> read_document(const json::Value& value, std::string_view what) {
  if (!value.is_object()) return make_error(ErrorCode::kUsage, cat(what, ": not an object"));
  auto schema = value["schema"].as_int();
  if (!schema || *schema < 1) return make_error(ErrorCode::kUsage, cat(what, ": no schema number"));
  if (*schema > kFactsSchema) {
    return make_error(
        ErrorCode::kUsage,
        cat(what, ": schema ", *schema, " is newer than this program's ", kFactsSchema),
        "read it with a newer outboard");
  }
  T document;
  Reader reader(value, "");
  describe(reader, document);
  if (!reader.problem().empty())
    return make_error(ErrorCode::kUsage, cat(what, ": ", reader.problem()));
  return document;
}

}  // namespace

json::Value facts_to_json(const Facts& facts) {
  return write_document(facts);
}

Result<Facts> facts_from_json(const json::Value& value) {
  OB_TRY(Facts facts, read_document<Facts>(value, "facts"));
  // Where nodes stand in a container: every later stage relies on it.
  for (size_t i = 0; i < facts.nodes.size(); i++) {
    const std::string& path = facts.nodes[i].path;
    if (path.rfind("/dev/", 0) == 0 && (path + "/").find("/../") == std::string::npos) continue;
    return make_error(ErrorCode::kUsage,
                      cat("facts: nodes[", i, "].path: '", printable(path), "' is not in /dev"));
  }
  return facts;
}

json::Value nvml_to_json(const NvmlAnswer& answer) {
  return write_document(answer);
}

Result<NvmlAnswer> nvml_from_json(const json::Value& value) {
  return read_document<NvmlAnswer>(value, "NVML answer");
}

}  // namespace outboard::host
