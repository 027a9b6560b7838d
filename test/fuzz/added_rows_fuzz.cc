// SPDX-License-Identifier: Apache-2.0
// A file of /etc/outboard/compat.d: its first line is the file's name, the rest its text, and once
// more with the table's header before it. Every line is a row in the tables or a warning that names
// it, nothing else changes, and questions to tables of any content have answers that can be
// printed.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "compat/cudnn.h"
#include "compat/forward.h"
#include "compat/framework.h"
#include "compat/table_cells.h"
#include "compat/tables.h"
#include "require.h"

using namespace outboard;
using namespace outboard::compat;
using namespace outboard::fuzz;

namespace {

using Rows = std::map<std::string, std::vector<std::string>>;  // cells by key

template <typename Row>
Rows rows_by_key(const std::vector<Row>& rows, const TableFormat& format) {
  Rows out;
  for (const Row& row : rows) {
    auto cells = cells_of(row);
    bool is_new =
        out.emplace(row_key(format, cells), std::vector<std::string>(cells.begin(), cells.end()))
            .second;
    FUZZ_REQUIRE(is_new, row_key(format, cells));
  }
  return out;
}

Rows rows_of_table(const Tables& tables, const TableFormat& format) {
  std::string_view name = format.name;
  if (name == "cuda_toolkit_driver") return rows_by_key(tables.toolkits, format);
  if (name == "driver_branch_max_cuda") return rows_by_key(tables.branches, format);
  if (name == "compute_capability") return rows_by_key(tables.capabilities, format);
  if (name == "forward_compat") return rows_by_key(tables.forward, format);
  if (name == "gpu_classes") return rows_by_key(tables.classes, format);
  if (name == "cudnn_cuda") return rows_by_key(tables.cudnn, format);
  if (name == "tensorflow") return rows_by_key(tables.tensorflow, format);
  if (name == "pytorch") return rows_by_key(tables.pytorch, format);
  if (name == "jax") return rows_by_key(tables.jax, format);
  if (name == "mxnet") return rows_by_key(tables.mxnet, format);
  if (name == "nvidia_cuda_image_tags") return rows_by_key(tables.image_tags, format);
  FUZZ_REQUIRE(name == "xid", name);
  return rows_by_key(tables.xids, format);
}

/// Made once: comparing all of them costs more than everything else.
const std::map<std::string_view, Rows>& built_in_rows() {
  static const std::map<std::string_view, Rows> kRows = [] {
    std::map<std::string_view, Rows> rows;
    for (const TableFormat& format : table_formats())
      rows[format.name] = rows_of_table(built_in_tables(), format);
    return rows;
  }();
  return kRows;
}

const TableFormat* format_of(std::string_view file) {
  std::string_view name = file.substr(file.rfind('/') + 1);
  for (const TableFormat& format : table_formats()) {
    if (name.substr(0, name.find('.')) == format.name) return &format;
  }
  return nullptr;
}

void require_plain(const std::string& text) {
  FUZZ_REQUIRE(text == printable(text, text.size()), text);
}

/// "FILE:LINE: ..." with the number of a line of the text.
void check_warning(const std::string& warning, const std::string& file, size_t lines) {
  require_plain(warning);
  std::string start = cat(printable(file), ":");
  FUZZ_REQUIRE(warning.compare(0, start.size(), start) == 0, warning);
  auto number = parse_number<size_t>(std::string_view(warning).substr(
      start.size(), warning.find(':', start.size()) - start.size()));
  FUZZ_REQUIRE(number && *number >= 1 && *number <= lines, warning);
}

void check_judgement(const Judgement& judgement) {
  require_plain(judgement.reason);
  for (const std::string& text : judgement.missing) require_plain(text);
  for (const std::string& text : judgement.ways_out) require_plain(text);
}

void ask_everything(const Tables& tables) {
  const DriverTraits drivers[] = {{"535.104.05", std::nullopt}, {"999.1", std::nullopt}};
  const GpuTraits gpus[] = {{"GPU 0", "9.0", GpuClass::kDataCenter},
                            {"GPU 1", "5.2", gpu_class(tables, "NVIDIA GeForce RTX 4090")}};
  for (const DriverTraits& driver : drivers) {
    for (const GpuTraits& gpu : gpus) {
      for (const char* toolkit : {"8.0", "12.8.1", "13.0", "99.0"})
        check_judgement(judge_toolkit(tables, toolkit, driver, gpu));
      require_plain(judge_forward(tables, "580.95.05", driver.version, {gpu}).reason);
      for (Framework framework :
           {Framework::kPytorch, Framework::kTensorflow, Framework::kJax, Framework::kMxnet})
        check_judgement(
            judge_framework(tables, {framework, "2.9", "", "3.12"}, driver, gpu).judgement);
    }
  }
  for (const char* cudnn : {"9.8.0.87", "9.30", "7.6"})
    check_judgement(judge_cudnn(tables, cudnn, "12.8", "580.65.06", gpus[0]).judgement);
}

void check_file(const std::string& file, std::string_view text) {
  Tables tables = built_in_tables();
  std::vector<std::string> warnings = add_rows(tables, file, text);
  const TableFormat* format = format_of(file);
  size_t lines = std::max<size_t>(split(text, '\n').size(), 1);
  if (!format) {
    FUZZ_REQUIRE(warnings.size() == 1 && tables.owned.empty(), warnings.front());
    require_plain(warnings.front());
    return;
  }
  for (const std::string& warning : warnings) check_warning(warning, file, lines);

  // What the tables must hold now, worked out apart from put().
  Rows expected = built_in_rows().at(format->name);
  for (const auto& cells : tables.owned) {
    FUZZ_REQUIRE(!row_fault(*format, *cells), join(*cells, ","));
    std::vector<Text> views(cells->begin(), cells->end());
    expected[row_key(*format, views)] = *cells;
  }
  FUZZ_REQUIRE(rows_of_table(tables, *format) == expected);
  for (const TableFormat& other : table_formats()) {
    if (&other == format || !one_in(32, text)) continue;
    FUZZ_REQUIRE(rows_of_table(tables, other) == built_in_rows().at(other.name), other.name);
  }

  bool has_header = false;
  size_t rows = 0, number = 0;
  for (std::string_view line : split(text, '\n')) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    number++;
    if (number == 1) has_header = line == format->header();
    if (number > 1 && !line.empty() && line.front() != '#') rows++;
  }
  if (has_header) {
    FUZZ_REQUIRE(rows == tables.owned.size() + warnings.size(),
                 warnings.empty() ? "" : warnings[0]);
  } else {
    FUZZ_REQUIRE(warnings.size() == 1 && tables.owned.empty());
  }
  FUZZ_REQUIRE(add_rows(tables, file, text) == warnings);
  FUZZ_REQUIRE(rows_of_table(tables, *format) == expected);
  if (!tables.owned.empty() && one_in(64, text)) ask_everything(tables);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = text_of(data, size);
  std::string file(take_until(text, "\n"));
  check_file(file, text);
  if (const TableFormat* format = format_of(file))
    check_file(file, cat(format->header(), "\n", text));
  return 0;
}
