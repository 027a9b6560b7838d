// SPDX-License-Identifier: Apache-2.0
#include "compat/csv.h"

#include <algorithm>

#include "base/text.h"

namespace outboard::compat {

namespace {

Error wrong(const std::string& name, size_t line, std::string_view why) {
  return make_error(ErrorCode::kUsage, cat(name, ":", line, ": ", why));
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool is_release(std::string_view text) {
  return is_version(text) && split(text, '.').size() == 2;
}

bool is_branch(std::string_view text) {
  return is_version(text) && is_digits(text);
}

bool fits(CellKind kind, std::string_view cell) {
  switch (kind) {
    case CellKind::kText:
      return true;
    case CellKind::kName:
      return !cell.empty();
    case CellKind::kVersion:
      return is_version(cell);
    case CellKind::kOptionalVersion:
      return cell.empty() || is_version(cell);
    case CellKind::kRelease:
      return is_release(cell);
    case CellKind::kOptionalRelease:
      return cell.empty() || is_release(cell);
    case CellKind::kBranch:
      return is_branch(cell);
    case CellKind::kOptionalBranch:
      return cell.empty() || is_branch(cell);
    case CellKind::kStatus:
      return is_one_of(cell,
                       {"compatible", "not_needed", "not_compatible", "allowed_by_image_require"});
    case CellKind::kClass:
      return is_one_of(cell, {"data-center", "ngc-ready", "workstation", "consumer"});
    case CellKind::kPciDevice:
      return cell.size() == 6 && cell.substr(0, 2) == "0x" &&
             cell.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos;
    case CellKind::kConfidence:
      return is_one_of(cell, {"high", "medium", "low"});
  }
  return false;
}

bool is_plain(std::string_view cell) {
  return std::all_of(cell.begin(), cell.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

bool is_version(std::string_view text) {
  auto parts = split(text, '.');
  return !parts.empty() && parts.size() <= 4 &&
         std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
           return !part.empty() && part.size() <= 9 && is_digits(part);
         });
}

Result<std::vector<std::string>> split_csv_line(std::string_view line, const std::string& name,
                                                size_t number) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); i++) {
    char c = line[i];
    if (quoted) {
      if (c != '"') {
        cells.back() += c;
      } else if (i + 1 < line.size() && line[i + 1] == '"') {
        cells.back() += '"';
        i++;
      } else {
        quoted = false;
        if (i + 1 < line.size() && line[i + 1] != ',')
          return wrong(name, number, "text after a closing quote");
      }
    } else if (c == '"') {
      if (!cells.back().empty()) return wrong(name, number, "a quote inside a cell");
      quoted = true;
    } else if (c == ',') {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  if (quoted) return wrong(name, number, "a quote is not closed");
  return cells;
}

Result<std::vector<CsvRow>> parse_csv(std::string_view text, std::string_view header,
                                      const std::string& name) {
  std::vector<CsvRow> rows;
  size_t number = 0, width = 0;
  if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  for (std::string_view line : split(text, '\n')) {
    number++;
    if (number == 1) {
      if (line != header) return wrong(name, 1, cat("the header is not '", header, "'"));
      width = split(header, ',').size();
      continue;
    }
    OB_TRY(std::vector<std::string> cells, split_csv_line(line, name, number));
    if (cells.size() != width)
      return wrong(name, number, cat(cells.size(), " cells instead of ", width));
    rows.push_back({number, std::move(cells)});
  }
  if (rows.empty()) return wrong(name, number, "no rows");
  return rows;
}

std::string TableFormat::header() const {
  std::string text;
  for (const Column& column : columns) text += cat(text.empty() ? "" : ",", column.name);
  return text;
}

std::optional<std::string> row_fault(const TableFormat& format,
                                     const std::vector<std::string>& cells) {
  if (cells.size() != format.columns.size())
    return cat(cells.size(), " cells instead of ", format.columns.size());
  for (size_t i = 0; i < cells.size(); i++) {
    const Column& column = format.columns[i];
    if (!is_plain(cells[i])) return cat(column.name, ": not plain ASCII text");
    if (!fits(column.kind, cells[i]))
      return cat(column.name, ": '", printable(cells[i], 40), "' cannot stand here");
  }
  return std::nullopt;
}

std::string row_key(const TableFormat& format, std::span<const std::string_view> cells) {
  std::string key;
  for (size_t i = 0; i < cells.size(); i++) {
    if (format.columns[i].key) key += cat(cells[i], '\n');
  }
  return key;
}

bool same_key(const TableFormat& format, std::span<const std::string_view> a,
              std::span<const std::string_view> b) {
  for (size_t i = 0; i < format.columns.size(); i++) {
    if (format.columns[i].key && a[i] != b[i]) return false;
  }
  return true;
}

}  // namespace outboard::compat
