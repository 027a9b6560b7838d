// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "compat/table_cells.h"
#include "compat/tables.h"

namespace outboard::compat {

namespace {

template <typename Row>
void put(std::vector<Row>& rows, const TableFormat& format, std::span<const Text> cells) {
  Row row = make_row<Row>(cells);
  for (Row& there : rows) {
    if (same_key(format, cells_of(there), cells)) {
      there = row;
      return;
    }
  }
  rows.push_back(row);
}

void put(Tables& tables, const TableFormat& format, std::span<const Text> cells) {
  Text name = format.name;
  if (name == "cuda_toolkit_driver") put(tables.toolkits, format, cells);
  if (name == "driver_branch_max_cuda") put(tables.branches, format, cells);
  if (name == "compute_capability") put(tables.capabilities, format, cells);
  if (name == "forward_compat") put(tables.forward, format, cells);
  if (name == "gpu_classes") put(tables.classes, format, cells);
  if (name == "cudnn_cuda") put(tables.cudnn, format, cells);
  if (name == "tensorflow") put(tables.tensorflow, format, cells);
  if (name == "pytorch") put(tables.pytorch, format, cells);
  if (name == "jax") put(tables.jax, format, cells);
  if (name == "mxnet") put(tables.mxnet, format, cells);
  if (name == "nvidia_cuda_image_tags") put(tables.image_tags, format, cells);
  if (name == "xid") put(tables.xids, format, cells);
  if (name == "pci_gpus") put(tables.pci_gpus, format, cells);
  if (name == "gpu_chips") put(tables.gpu_chips, format, cells);
}

const TableFormat* format_for(std::string_view file) {
  std::string_view name = file.substr(file.rfind('/') + 1);
  for (std::span<const TableFormat> formats : {table_formats(), gpu_table_formats()}) {
    for (const TableFormat& format : formats) {
      if (name.substr(0, name.find('.')) == format.name) return &format;
    }
  }
  return nullptr;
}

}  // namespace

std::vector<std::string> add_rows(Tables& tables, const std::string& file, std::string_view text) {
  std::vector<std::string> warnings;
  const TableFormat* format = format_for(file);
  if (!format) {
    std::vector<std::string> names;
    for (std::span<const TableFormat> formats : {table_formats(), gpu_table_formats()}) {
      for (const TableFormat& known : formats) names.emplace_back(known.name);
    }
    return {cat(printable(file), ": no table has this name; tables are ", join(names, ", "))};
  }
  size_t number = 0;
  if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  if (text.empty()) return {cat(printable(file), ":1: the file is empty; file skipped")};
  for (std::string_view line : split(text, '\n')) {
    number++;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (number == 1 && line != format->header())
      return {cat(printable(file), ":1: the header is not '", format->header(), "'; file skipped")};
    if (number == 1 || line.empty() || line.front() == '#') continue;
    auto cells = split_csv_line(line, printable(file), number);
    std::optional<std::string> fault;
    if (cells) fault = row_fault(*format, *cells);
    if (!cells || fault) {
      warnings.push_back(cells ? cat(printable(file), ":", number, ": ", *fault, "; row skipped")
                               : cat(cells.error().text, "; row skipped"));
      continue;
    }
    auto kept = std::make_shared<const std::vector<std::string>>(std::move(*cells));
    std::vector<Text> views(kept->begin(), kept->end());
    put(tables, *format, views);
    tables.owned.push_back(std::move(kept));
  }
  return warnings;
}

}  // namespace outboard::compat
