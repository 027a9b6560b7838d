// SPDX-License-Identifier: Apache-2.0
// From cells to rows. A row is an aggregate of as many Texts as its table has columns.
#pragma once

#include <array>
#include <bit>
#include <utility>
#include <vector>

#include "compat/tables.h"

namespace outboard::compat {

template <typename Row>
constexpr size_t kCells = sizeof(Row) / sizeof(Text);

template <typename Row, size_t... kIndex>
Row make_row(std::span<const Text> cells, std::index_sequence<kIndex...>) {
  static_assert(sizeof(Row) % sizeof(Text) == 0);
  return Row{cells[kIndex]...};
}
template <typename Row>
Row make_row(std::span<const Text> cells) {
  return make_row<Row>(cells, std::make_index_sequence<kCells<Row>>());
}

/// The members one after another, as make_row fills them in.
template <typename Row>
std::array<Text, kCells<Row>> cells_of(const Row& row) {
  return std::bit_cast<std::array<Text, kCells<Row>>>(row);
}

/// The rows of a compiled-in table (table_source.h: make_rows).
template <typename Row>
std::vector<Row> rows_of(Text cells) {
  std::vector<Row> rows;
  std::array<Text, kCells<Row>> row;
  size_t column = 0;
  while (!cells.empty()) {
    size_t end = cells.find('\037');
    row[column++] = cells.substr(0, end);
    cells.remove_prefix(end + 1);
    if (column < row.size()) continue;
    rows.push_back(make_row<Row>(row));
    column = 0;
  }
  return rows;
}

}  // namespace outboard::compat
