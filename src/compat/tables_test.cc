// SPDX-License-Identifier: Apache-2.0
#include "compat/tables.h"

#include <doctest/doctest.h>

#include "compat/gpu_table.h"
#include "compat/table_source.h"
#include "compat/verdict.h"

using namespace outboard;
using namespace outboard::compat;

TEST_CASE("well-known GPUs") {
  struct Row {
    uint32_t id;
    std::string_view chip, architecture, capability;
  };
  for (const Row& row :
       {Row{0x2335, "GH100", "Hopper", "9.0"}, Row{0x20b2, "GA100", "Ampere", "8.0"},
        Row{0x2684, "AD102", "Ada", "8.9"}, Row{0x1db6, "GV100", "Volta", "7.0"},
        Row{0x102d, "GK210", "Kepler", "3.7"}, Row{0x2b85, "GB202", "Blackwell", "12.0"},
        Row{0x2901, "GB100", "Blackwell", "10.0"}, Row{0x0191, "G80", "Tesla", "1.0"},
        Row{0x0407, "G84", "Tesla", "1.1"}, Row{0x05e6, "GT200", "Tesla", "1.3"},
        Row{0x0a20, "GT216", "Tesla", "1.2"}, Row{0x0863, "C79", "Tesla", "1.1"}}) {
    INFO(row.id);
    auto model = gpu_model(row.id);
    REQUIRE(model);
    CHECK(model->chip == row.chip);
    CHECK(model->architecture == row.architecture);
    CHECK(model->compute_capability == row.capability);
    CHECK_FALSE(model->name.empty());
  }
  CHECK(gpu_model(0x2335)->name.find("H200") != std::string_view::npos);
  CHECK_FALSE(gpu_model(0));
  CHECK_FALSE(gpu_model(0xffff));
  CHECK_FALSE(gpu_model(0x0020));  // Riva TNT
  CHECK_FALSE(gpu_model(0x0290));  // GeForce 7900 GTX, the last architecture without CUDA
}

TEST_CASE("highest CUDA version by driver branch") {
  auto highest_cuda = [](const char* driver) { return cuda_of_driver(core_tables(), driver); };
  CHECK(highest_cuda("535.104.05")->text == "12.2");
  CHECK_FALSE(highest_cuda("535.104.05")->at_least);
  CHECK(highest_cuda("580.95.05")->text == "13.0");
  CHECK(highest_cuda("470.256.02")->text == "11.4");
  // Between two branches, and after the last one.
  CHECK(highest_cuda("537.13")->text == "12.2");
  CHECK(highest_cuda("537.13")->at_least);
  CHECK(highest_cuda("9999.1")->at_least);
  CHECK_FALSE(highest_cuda("96.43"));
  CHECK_FALSE(highest_cuda(""));
  CHECK_FALSE(highest_cuda("unknown"));
}

static std::string error_of(const Result<std::string>& result) {
  REQUIRE_FALSE(result);
  return result.error().text;
}

TEST_CASE("a wrong row is an error with its line") {
  const std::string chips =
      "chip,architecture,compute_capability,confidence,source\nGH100,Hopper,9.0,high,\"a, b\"\n";
  const std::string gpus = "pci_device,chip,name,confidence,source\n";
  auto good = make_gpu_rows(gpus + "0x2335,GH100,\"H200 \"\"x\"\"\",high,ids\n", chips);
  REQUIRE(good);
  CHECK(*good == "{9013, \"H200 \\\"x\\\"\", \"GH100\", \"Hopper\", \"9.0\"},\n");
  auto error = [&](const std::string& row) { return error_of(make_gpu_rows(gpus + row, chips)); };
  CHECK(error("0x2335,GH100,H200,high,ids\n0x2335,GH100,H200,high,ids\n") ==
        "pci_gpus.csv:3: device 0x2335 stands there twice");
  CHECK(error("2335,GH100,H200,high,ids\n") == "pci_gpus.csv:2: '2335' is no PCI device id");
  CHECK(error("0x2335,GX1,H200,high,ids\n") ==
        "pci_gpus.csv:2: chip 'GX1' is not in gpu_chips.csv");
  CHECK(error("0x2335,GH100,H200,ids\n") == "pci_gpus.csv:2: 4 cells instead of 5");
  CHECK(error("0x2335,GH100,H200,sure,ids\n") == "pci_gpus.csv:2: no confidence or no source");
  CHECK(error("0x2335,GH100,\"H200,high,ids\n") == "pci_gpus.csv:2: a quote is not closed");
  CHECK(error("0x2335,GH100,H\xc3\xa9,high,ids\n").find("not ASCII") != std::string::npos);
  CHECK(error("") == "pci_gpus.csv:1: no rows");
  CHECK(error_of(make_gpu_rows("x\n", chips)).find("pci_gpus.csv:1: the header") == 0);
}

TEST_CASE("an administrator's rows extend and replace") {
  Tables tables = built_in_tables();
  size_t before = tables.branches.size();
  const std::string head = "branch,max_cuda,kind,eol,note,confidence,source\n";
  auto warnings = add_rows(tables, "/etc/outboard/compat.d/driver_branch_max_cuda.site.csv",
                           head + "# ours\n900,14.0,PB,,,high,site\n535,12.3,LTS,,,high,site\n");
  CHECK(warnings.empty());
  CHECK(tables.branches.size() == before + 1);
  for (const BranchRow& row : tables.branches) {
    if (row.branch == "535") CHECK(row.cuda == "12.3");
  }
  warnings = add_rows(tables, "driver_branch_max_cuda.csv", head + "x,1.0,,,,high,s\n901,14.0\n");
  REQUIRE(warnings.size() == 2);
  CHECK(warnings[0] == "driver_branch_max_cuda.csv:2: branch: 'x' cannot stand here; row skipped");
  CHECK(warnings[1] == "driver_branch_max_cuda.csv:3: 2 cells instead of 7; row skipped");
  CHECK(add_rows(tables, "driver_branch_max_cuda.csv", "") ==
        std::vector<std::string>{"driver_branch_max_cuda.csv:1: the file is empty; file skipped"});
  CHECK(add_rows(tables, "nonsense.csv", head)[0].find("no table has this name") !=
        std::string::npos);
  CHECK(add_rows(tables, "pytorch.csv", head)[0].find("pytorch.csv:1: the header is not") == 0);
}
