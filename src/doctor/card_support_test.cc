// SPDX-License-Identifier: Apache-2.0
// What doctor takes from the tables: the built-in ones, and those with the rows of compat.d.
#include "doctor/card_support.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>

#include "compat/tables.h"
#include "doctor/check.h"

using namespace outboard;
using namespace outboard::doctor;

namespace {

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

Finding first(const char* id, const Facts& facts) {
  Findings findings = find_check(id)->look(facts);
  REQUIRE_FALSE(findings.empty());
  return findings.front();
}

}  // namespace

TEST_CASE("which cards a driver drives, what they run, and branches that ended") {
  const compat::Tables& built_in = compat::built_in_tables();
  auto runs = [&](const char* capability) { return what_runs(built_in, capability).value_or(""); };
  CHECK(runs("9.0").find("CUDA 11.8 and newer, drivers from 520.61.05, PyTorch ") == 0);
  for (const char* word : {", TensorFlow ", ", JAX ", " (CUDA "}) CHECK(holds(runs("9.0"), word));
  CHECK_FALSE(holds(runs("9.0"), "up to"));
  CHECK(runs("6.1").find("CUDA 8.0 to 12.9, drivers of branch 367 to 580, PyTorch ") == 0);
  CHECK(runs("3.5").find("CUDA 5.0 to 11.8, drivers up to branch 470, PyTorch up to 1.2.0 (CUDA "
                         "10.0), ") == 0);
  CHECK(runs("1.1") ==
        "CUDA 1.0 to 6.5, drivers up to branch 340, no package of PyTorch, TensorFlow or JAX");
  CHECK(holds(runs("12.0"), ", PTX alone)"));
  CHECK(driver_need(built_in, "3.7")->last == "470");
  CHECK_FALSE(driver_need(built_in, "9.0")->last);
  CHECK_FALSE(driver_need(built_in, "99.9"));
  CHECK_FALSE(what_runs(built_in, "99.9"));
  CHECK(why_not_driven(built_in, "3.5", "580.95.05", "proprietary") ==
        "branch 470 was the last for Kepler");
  CHECK(why_not_driven(built_in, "7.0", "580.95.05", "open") ==
        "the open kernel modules drive Turing and newer, not Volta");
  CHECK(why_not_driven(built_in, "12.0", "580.95.05", "proprietary") ==
        "Blackwell needs the open kernel modules");
  CHECK(why_not_driven(built_in, "9.0", "470.1.1", "proprietary") ==
        "Hopper needs a driver of branch 520 or newer");
  CHECK_FALSE(why_not_driven(built_in, "9.0", "580.95.05", "open"));

  Facts facts;
  facts.machine.module_version = "535.104.05";
  const Check& check = *find_check("driver-branch");
  facts.system.month = "2026-06";
  CHECK(check.look(facts).at(0).severity == Severity::kOk);
  facts.system.month = "2026-11";
  CHECK(check.look(facts).at(0).severity == Severity::kNote);
  CHECK(holds(check.look(facts).at(0).what, "535.104.05 ended in 2026-06"));
}

TEST_CASE("a branch whose end is written nowhere ended when the next one appeared") {
  const compat::Tables& built_in = compat::built_in_tables();
  auto ended = [&](const char* driver) {
    return branch_ended(built_in, driver, "2026-11").value_or("");
  };
  CHECK(ended("565.57.01") == "ended when branch 570 appeared, as new-feature branches do");
  for (const char* branch : {"495", "530", "545", "555", "560", "575", "590", "378", "520"}) {
    INFO(std::string(branch));
    CHECK(holds(ended(branch), "ended when branch "));
  }
  CHECK(ended("430.50") == "ended before 2023-07");  // a production branch
  CHECK(ended("570.1") == "ended in 2026-02");
  for (const char* maintained : {"580.95.05", "595.1", "616.1", "9999.1"})
    CHECK(ended(maintained).empty());
  CHECK_FALSE(branch_ended(built_in, "565.57.01", ""));  // no clock
}

TEST_CASE("the branch to choose instead is one that drives the machine's cards") {
  Facts facts;
  facts.system.month = "2026-11";
  facts.machine.module_version = "565.57.01";
  auto mend = [&] { return first("driver-branch", facts).mend; };
  CHECK(mend() == "install branch 580, maintained until 2028-06");
  facts.machine.gpus = {{.pci = "0000:18:00.0", .pci_device = 0x2330}};  // H100
  CHECK(mend() ==
        "install branch 580, which drives this machine's cards, maintained until 2028-06");
  facts.machine.module_version = "450.80.02";
  facts.machine.gpus = {{.pci = "0000:18:00.0", .pci_device = 0x102d}};  // K80
  CHECK(mend() == "install branch 470, which drives this machine's cards");
  facts.machine.module_version = "470.256.02";
  CHECK(mend() == "no newer branch drives all of this machine's cards");

  const compat::Tables& built_in = compat::built_in_tables();
  auto choose = [&](const char* capability, const char* month = "2026-11") {
    return branch_to_choose(built_in, {*driver_need(built_in, capability)}, month).value_or("");
  };
  CHECK(choose("6.1") == "580");
  CHECK(choose("12.0") == "580");
  CHECK(choose("9.0", "2025-01") == "580");  // of four the one that lasts longest
  CHECK(choose("10.7").empty());             // only branches of new features so far
  CHECK(choose("8.9", "2028-07").empty());
}

TEST_CASE("rows of compat.d count in every check that asks the tables") {
  auto tables = std::make_shared<compat::Tables>(compat::built_in_tables());
  auto add = [&](const char* file, std::string_view text) {
    CHECK(compat::add_rows(*tables, file, text).empty());
  };
  add("driver_branch_max_cuda.csv",
      "branch,max_cuda,kind,eol,note,confidence,source\n620,13.9,PB,2026-01,,high,s\n");
  add("compute_capability.csv",
      "sm,compute_capability,architecture,example_products,first_toolkit,last_toolkit,"
      "last_driver_branch,note,confidence,source\n90,9.0,Hopper,,11.8,13.0,600,,high,s\n");
  add("gpu_classes.csv",
      "name,class,note,confidence,source\nGeForce RTX 4090,data-center,,high,s\n");

  Facts facts;
  facts.machine.module_version = "620.10";
  facts.system.month = "2026-06";
  facts.machine.gpus = {{.pci = "0000:18:00.0", .pci_device = 0x2330}};
  facts.pci.gpus = {{.pci = "0000:18:00.0", .name = "NVIDIA H100"}};
  CHECK_FALSE(holds(first("gpus-used", facts).what, "600"));
  CHECK(first("driver-branch", facts).what == "driver 620.10");
  facts.own.tables = tables;
  CHECK(first("driver-branch", facts).what == "the branch of driver 620.10 ended in 2026-01");
  CHECK(holds(first("gpus-used", facts).what, ": branch 600 was the last for Hopper"));
  facts.machine.module_version.reset();
  CHECK(holds(first("driver-installed", facts).what,
              "; it runs CUDA 11.8 to 13.0, drivers of branch "));
  CHECK(holds(first("driver-installed", facts).mend, "branch 600 is the last that drives Hopper"));

  // In a container: libraries of forward compatibility are for GPUs of a data center.
  const std::vector<Check>& in = inside_checks();
  auto libcuda = std::find_if(in.begin(), in.end(), [](const Check& check) {
    return check.id == std::string_view("inside-libcuda");
  });
  REQUIRE(libcuda != in.end());
  facts.machine.module_version = "570.195.03";
  facts.machine.gpus = {{.pci = "0000:18:00.0", .minor = 0, .model = "NVIDIA GeForce RTX 4090"}};
  facts.inside.nodes = {{"/dev/nvidia0", 0}};
  const char* path = "/usr/local/cuda/compat/libcuda.so.580.82.07";
  facts.inside.libcuda = LoadedLibrary{path, path, "580.82.07", "ld.so.cache"};
  CHECK(libcuda->look(facts).at(0).severity == Severity::kOk);
  facts.own.tables = nullptr;
  CHECK(libcuda->look(facts).at(0).severity == Severity::kWarning);

  // They are read before the check is asked.
  for (const char* id : {"xid", "driver-branch", "driver-installed", "gpus-used"}) {
    INFO(std::string(id));
    CHECK(find_check(id)->parts.has(Part::kOwn));
  }
  CHECK(libcuda->parts.has(Part::kOwn));
}
