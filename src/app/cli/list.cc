// SPDX-License-Identifier: Apache-2.0
// outboard list: the GPUs and MIG devices, as a table, as JSON, as names, or in a format of the
// caller's.
#include <algorithm>
#include <cstdio>

#include "app/cli/command.h"
#include "app/compat_files.h"
#include "base/json.h"
#include "base/text.h"
#include "compat/verdict.h"

namespace outboard::cli {

namespace {

// One line of the table: a GPU or a MIG device. Unknown is nothing, printed as "-" and as null.
struct Row {
  std::string index;
  std::optional<std::string> name, uuid, memory, compute_capability;
  std::string pci;
  bool mig = false;
};

std::optional<std::string> memory_text(std::optional<uint64_t> mib) {
  if (!mib) return std::nullopt;
  return cat(*mib, " MiB");
}

std::vector<Row> rows_of(const device::Inventory& inventory) {
  std::vector<Row> rows;
  for (const device::Gpu& gpu : inventory.gpus) {
    rows.push_back({cat(gpu.index), gpu.name, gpu.uuid, memory_text(gpu.memory_mib),
                    gpu.compute_capability, gpu.pci, false});
    for (const device::MigDevice& mig : gpu.mig) {
      rows.push_back({cat(gpu.index, ":", mig.index), cat("MIG ", mig.profile), mig.uuid,
                      memory_text(mig.memory_mib), gpu.compute_capability, gpu.pci, true});
    }
  }
  return rows;
}

std::string shown(const std::optional<std::string>& value) {
  return value ? printable(*value, 80) : "-";
}

using Cuda = std::optional<compat::KnownVersion>;

/// NVML's answer, else that of the tables.
Cuda cuda_of(const device::Inventory& inventory) {
  if (inventory.cuda_version) return compat::KnownVersion{*inventory.cuda_version, false};
  if (!inventory.driver_version) return std::nullopt;
  return compat::cuda_of_driver(app::read_user_tables().tables(), *inventory.driver_version);
}

std::string table(const device::Inventory& inventory, const Cuda& cuda) {
  std::vector<std::vector<std::string>> cells = {{"INDEX", "NAME", "UUID", "PCI", "MEMORY", "CC"}};
  for (const Row& row : rows_of(inventory)) {
    cells.push_back({row.index, shown(row.name), shown(row.uuid), shown(row.pci), shown(row.memory),
                     shown(row.compute_capability)});
  }
  std::vector<size_t> widths(cells[0].size());
  for (const auto& line : cells) {
    for (size_t i = 0; i < line.size(); i++) widths[i] = std::max(widths[i], line[i].size());
  }
  std::string out;
  if (inventory.simulated) out += "simulated machine: no real GPU is behind these devices\n";
  out +=
      cat("driver ", shown(inventory.driver_version), ", CUDA ",
          cuda ? printable(cuda->text, 80) : "-", cuda && cuda->at_least ? " or newer" : "", "\n");
  for (const auto& line : cells) {
    std::string text;
    for (size_t i = 0; i < line.size(); i++)
      text +=
          cat(line[i], i + 1 < line.size() ? std::string(widths[i] - line[i].size() + 2, ' ') : "");
    out += text + "\n";
  }
  for (const auto& [pci, reason] : inventory.unusable)
    out += cat("not usable: ", printable(pci), ": ", printable(reason), "\n");
  return out;
}

json::Value document(const device::Inventory& inventory, const Cuda& cuda) {
  json::Value root;
  root.set("simulated", inventory.simulated);
  root.set("driverVersion", json::Value::maybe(inventory.driver_version));
  root.set("cudaVersion", cuda ? json::Value(cuda->text) : json::Value());
  root.set("cudaVersionOrNewer", cuda && cuda->at_least);
  json::Value& gpus = root.set("gpus", json::Value::array());
  for (const device::Gpu& gpu : inventory.gpus) {
    json::Value& entry = gpus.push(json::Value::object());
    entry.set("index", gpu.index);
    entry.set("name", json::Value::maybe(gpu.name));
    entry.set("uuid", json::Value::maybe(gpu.uuid));
    entry.set("pci", gpu.pci);
    entry.set("minor", json::Value::maybe(gpu.minor));
    entry.set("memoryMiB", json::Value::maybe(gpu.memory_mib));
    entry.set("computeCapability", json::Value::maybe(gpu.compute_capability));
    entry.set("migEnabled", json::Value::maybe(gpu.mig_enabled));
    json::Value& migs = entry.set("migDevices", json::Value::array());
    for (const device::MigDevice& mig : gpu.mig) {
      json::Value& slice = migs.push(json::Value::object());
      slice.set("index", cat(gpu.index, ":", mig.index));
      slice.set("uuid", mig.uuid);
      slice.set("profile", mig.profile);
      slice.set("memoryMiB", json::Value::maybe(mig.memory_mib));
      slice.set("gpuInstance", mig.gpu_instance);
      slice.set("computeInstance", mig.compute_instance);
    }
  }
  json::Value& unusable = root.set("unusable", json::Value::array());
  for (const auto& [pci, reason] : inventory.unusable) {
    json::Value& entry = unusable.push(json::Value::object());
    entry.set("pci", pci);
    entry.set("reason", reason);
  }
  return root;
}

// Docker's way: {{.UUID}} and its like; "\t" and "\n" written as two characters are meant.
Result<std::string> formatted(const Row& row, const std::string& format) {
  std::string out;
  for (size_t i = 0; i < format.size();) {
    if (format.compare(i, 2, "\\t") == 0 || format.compare(i, 2, "\\n") == 0) {
      out += format[i + 1] == 't' ? '\t' : '\n';
      i += 2;
      continue;
    }
    if (format.compare(i, 2, "{{") != 0) {
      out += format[i++];
      continue;
    }
    size_t end = format.find("}}", i);
    std::string field(
        trim(std::string_view(format).substr(i + 2, end == std::string::npos ? end : end - i - 2)));
    const std::pair<const char*, std::optional<std::string>> fields[] = {
        {".Index", row.index},   {".Name", row.name},
        {".UUID", row.uuid},     {".PCI", row.pci},
        {".Memory", row.memory}, {".ComputeCapability", row.compute_capability}};
    auto found = std::find_if(std::begin(fields), std::end(fields),
                              [&](const auto& entry) { return entry.first == field; });
    if (end == std::string::npos || found == std::end(fields)) {
      return make_error(
          ErrorCode::kUsage, cat("list: --format: unknown field '", printable(field), "'"),
          "use {{.Index}}, {{.Name}}, {{.UUID}}, {{.PCI}}, {{.Memory}}, {{.ComputeCapability}}");
    }
    out += shown(found->second);
    i = end + 2;
  }
  return out;
}

Result<int> run(const Parsed& parsed) {
  if (!parsed.words().empty())
    return make_error(ErrorCode::kUsage, "list: takes no arguments", "see 'outboard list --help'");
  OB_TRY(app::MachineOptions options, machine_options(parsed));
  std::string nvml_error;
  // --no-nvml leaves out the cache too, so that its output depends on /proc, /sys and tables alone.
  OB_TRY(
      app::Machine machine,
      app::read_machine(options, options.may_ask_nvml ? app::NvmlUse::kAsk : app::NvmlUse::kNever,
                        &nvml_error));
  Cuda cuda = cuda_of(machine.inventory);
  if (parsed.has("json")) {
    std::fputs(json::write_pretty(document(machine.inventory, cuda)).c_str(), stdout);
  } else if (parsed.has("quiet")) {
    for (const Row& row : rows_of(machine.inventory))
      std::printf("%s\n", row.uuid ? row.uuid->c_str() : row.pci.c_str());
  } else if (parsed.has("format")) {
    for (const Row& row : rows_of(machine.inventory)) {
      OB_TRY(std::string line, formatted(row, parsed.value("format")));
      std::printf("%s\n", line.c_str());
    }
  } else {
    std::fputs(table(machine.inventory, cuda).c_str(), stdout);
  }
  if (!nvml_error.empty()) say("without NVML: " + nvml_error);
  auto usable = plan::check_driver(machine.facts);
  if (!usable) return std::move(usable).error();
  return 0;
}

}  // namespace

CliCommand list_command() {
  CommandHelp help{
      "list",
      "",
      "print the GPUs and MIG devices of this machine",
      "Indices are nvidia-smi's. A '-' is what is not known without NVML.",
      {{"json", 0, "", "print a JSON document", ""},
       {"quiet", 'q', "", "print UUIDs only", ""},
       {"format", 0, "TEMPLATE", "print a line a device, for example '{{.Index}} {{.UUID}}'", ""}},
      false};
  add_machine_options(help);
  return {std::move(help), run};
}

}  // namespace outboard::cli
