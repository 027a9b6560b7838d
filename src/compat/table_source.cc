// SPDX-License-Identifier: Apache-2.0
#include "compat/table_source.h"

#include <cstdint>
#include <map>
#include <set>

#include "base/text.h"

namespace outboard::compat {

namespace {

// "12.2"
bool is_two_numbers(std::string_view text) {
  auto parts = split(text, '.');
  return parts.size() == 2 && !parts[0].empty() && !parts[1].empty() && is_digits(parts[0]) &&
         is_digits(parts[1]);
}

}  // namespace

Error table_error(const std::string& name, size_t line, std::string_view why) {
  return make_error(ErrorCode::kUsage, cat(name, ":", line, ": ", why));
}

std::optional<std::string> cpp_literal(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c < ' ' || c > '~') return std::nullopt;
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

bool is_confidence(std::string_view text) {
  return text == "high" || text == "medium" || text == "low";
}

Result<std::string> make_gpu_rows(std::string_view gpus_csv, std::string_view chips_csv) {
  const std::string chips_name = "gpu_chips.csv", gpus_name = "pci_gpus.csv";
  OB_TRY(
      auto chip_rows,
      parse_csv(chips_csv, "chip,architecture,compute_capability,confidence,source", chips_name));
  std::map<std::string, std::string> chips;  // the last three initialisers by chip
  for (const CsvRow& row : chip_rows) {
    const auto& cells = row.cells;
    auto chip = cpp_literal(cells[0]), architecture = cpp_literal(cells[1]);
    if (cells[0].empty() || cells[1].empty() || !chip || !architecture)
      return table_error(chips_name, row.line, "no chip or architecture");
    if (!is_two_numbers(cells[2]))
      return table_error(chips_name, row.line, cat("'", cells[2], "' is no compute capability"));
    if (!is_confidence(cells[3]) || cells[4].empty())
      return table_error(chips_name, row.line, "no confidence or no source");
    if (!chips.emplace(cells[0], cat(*chip, ", ", *architecture, ", \"", cells[2], "\"")).second)
      return table_error(chips_name, row.line, cat("chip '", cells[0], "' stands there twice"));
  }
  OB_TRY(auto gpu_rows, parse_csv(gpus_csv, "pci_device,chip,name,confidence,source", gpus_name));
  std::map<uint32_t, std::string> models;
  for (const CsvRow& row : gpu_rows) {
    const auto& cells = row.cells;
    auto id = cells[0].rfind("0x", 0) == 0
                  ? parse_number<uint32_t>(std::string_view(cells[0]).substr(2), 16)
                  : std::nullopt;
    if (!id || *id > 0xffff)
      return table_error(gpus_name, row.line, cat("'", cells[0], "' is no PCI device id"));
    auto chip = chips.find(cells[1]);
    if (chip == chips.end())
      return table_error(gpus_name, row.line, cat("chip '", cells[1], "' is not in ", chips_name));
    auto name = cpp_literal(cells[2]);
    if (!name || cells[2].empty())
      return table_error(gpus_name, row.line, "no name, or a name that is not ASCII");
    if (!is_confidence(cells[3]) || cells[4].empty())
      return table_error(gpus_name, row.line, "no confidence or no source");
    std::string text = cat("{", *id, ", ", *name, ", ", chip->second, "},\n");
    if (!models.emplace(*id, std::move(text)).second)
      return table_error(gpus_name, row.line, cat("device ", cells[0], " stands there twice"));
  }
  std::string out;
  for (const auto& [id, text] : models) out += text;
  return out;
}

Result<std::string> make_rows(const TableFormat& format, std::string_view csv) {
  const std::string name = cat(format.name, ".csv");
  OB_TRY(auto rows, parse_csv(csv, format.header(), name));
  std::set<std::string> keys;
  std::string out;
  for (const CsvRow& row : rows) {
    if (auto fault = row_fault(format, row.cells)) return table_error(name, row.line, *fault);
    std::vector<std::string_view> views(row.cells.begin(), row.cells.end());
    if (!keys.insert(row_key(format, views)).second)
      return table_error(name, row.line, "the row stands there twice");
    for (const std::string& cell : row.cells) out += cat(*cpp_literal(cell), " \"\\037\"\n");
  }
  return out;
}

}  // namespace outboard::compat
