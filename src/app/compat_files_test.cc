// SPDX-License-Identifier: Apache-2.0
#include "app/compat_files.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "app/machine.h"
#include "app/prepare_host.h"
#include "base/files.h"
#include "base/text.h"
#include "compat/gpu_table.h"
#include "compat/verdict.h"
#include "test/scratch.h"

using namespace outboard;

namespace {

const std::string kBranches = "branch,max_cuda,kind,eol,note,confidence,source\n";

// A directory of tables that goes away again.
class Directory {
 public:
  Directory() { ::chmod(path().c_str(), 0755); }

  void put(const std::string& name, const std::string& text) const {
    REQUIRE(replace_file(file(name), text));
  }
  std::string file(const std::string& name) const { return scratch_ / name; }
  const std::string& path() const { return scratch_.path; }
  app::CompatTables read() const {
    app::CompatTables tables;
    tables.add_directory(path());
    return tables;
  }

 private:
  test::Scratch scratch_;
};

bool is_built_in(const app::CompatTables& tables) {
  return &tables.tables() == &compat::built_in_tables();
}

}  // namespace

TEST_CASE("no directory, an empty one and files of other names leave the built-in tables") {
  app::CompatTables tables;
  tables.add_directory("/no/such/directory");
  CHECK(is_built_in(tables));
  CHECK(tables.warnings().empty());
  Directory directory;
  directory.put("README", "x");
  directory.put(".hidden.csv", "x");
  directory.put("pytorch.csv.dpkg-old", "x");
  tables = directory.read();
  CHECK(is_built_in(tables));
  CHECK(tables.warnings().empty());
}

TEST_CASE("rows of a directory extend and replace, later names count more") {
  Directory directory;
  directory.put("driver_branch_max_cuda.10-site.csv",
                kBranches + "900,14.0,PB,,,high,site\n901,14.1,PB,,,high,site\n");
  directory.put("driver_branch_max_cuda.20-site.csv", kBranches + "900,14.2,PB,,,high,site\n");
  auto tables = directory.read();
  CHECK(tables.warnings().empty());
  CHECK(compat::cuda_of_driver(tables.tables(), "900.10")->text == "14.2");
  CHECK(compat::cuda_of_driver(tables.tables(), "901.10")->text == "14.1");
  CHECK(compat::cuda_of_driver(tables.tables(), "535.10")->text == "12.2");
  CHECK(compat::cuda_of_driver(compat::built_in_tables(), "900.10")->text != "14.2");
}

TEST_CASE("a bad row is skipped and named with file and line, the others count") {
  Directory directory;
  directory.put("driver_branch_max_cuda.csv", kBranches +
                                                  "900,14.0,PB,,,high,site\nx,1.0,,,,high,s\n"
                                                  "902,14,,,,high,s\n903,14.0\n904,14.0,\"x\n"
                                                  "905,14.5,PB,,,high,site\r\n");
  auto tables = directory.read();
  const std::string file = directory.file("driver_branch_max_cuda.csv");
  CHECK(tables.warnings() ==
        std::vector<std::string>{file + ":3: branch: 'x' cannot stand here; row skipped",
                                 file + ":4: max_cuda: '14' cannot stand here; row skipped",
                                 file + ":5: 2 cells instead of 7; row skipped",
                                 file + ":6: a quote is not closed; row skipped"});
  CHECK(compat::cuda_of_driver(tables.tables(), "900.10")->text == "14.0");
  CHECK(compat::cuda_of_driver(tables.tables(), "905.10")->text == "14.5");
}

TEST_CASE("a card and a chip that are newer than the program") {
  Directory directory;
  const std::string cards = "pci_device,chip,name,confidence,source\n";
  directory.put("pci_gpus.csv", cards +
                                    "0xfffe,GX100,GeForce X,high,site\n"
                                    "0xfffd,GB202,GeForce Y,high,site\n"
                                    "0xfffc,GX999,GeForce Z,high,site\n"
                                    "0x2335,GH100,H200 of ours,high,site\n"
                                    "fffe,GX100,x,high,site\n0xFFFE,GX100,x,high,site\n");
  directory.put("gpu_chips.csv",
                "chip,architecture,compute_capability,confidence,source\n"
                "GX100,Next,15.0,high,site\nGA100,Ampere,8.8,high,site\n"
                "GX101,Next,15,high,site\n");
  auto tables = directory.read();
  CHECK(tables.warnings().size() == 3);
  auto said = [&](uint32_t device) {
    auto model = compat::gpu_model(tables.tables(), device);
    return model ? cat(model->name, " ", model->architecture, " ", model->compute_capability) : "";
  };
  CHECK(said(0xfffe) == "GeForce X Next 15.0");
  CHECK(said(0xfffd) == "GeForce Y Blackwell 12.0");
  CHECK(said(0xfffc) == "GeForce Z  ");
  CHECK(said(0x2335) == "H200 of ours Hopper 9.0");
  CHECK(said(0x20b2).find("Ampere 8.8") != std::string::npos);
  CHECK(said(0xffff).empty());
  CHECK_FALSE(compat::gpu_model(0xfffe));
}

TEST_CASE("a card that only added rows know is judged and named by them") {
  compat::Tables tables = compat::built_in_tables();
  compat::add_rows(tables, "pci_gpus.csv",
                   "pci_device,chip,name,confidence,source\n0xfffd,GB202,GeForce Y,high,site\n");
  app::Machine machine;
  machine.facts.gpus.emplace_back();
  machine.facts.gpus[0].pci = "0000:65:00.0";
  machine.facts.gpus[0].pci_device = 0xfffd;
  machine.inventory.gpus.emplace_back();
  machine.inventory.gpus[0].pci = "0000:65:00.0";
  app::learn_cards(machine, compat::built_in_tables());
  CHECK_FALSE(machine.inventory.gpus[0].compute_capability);
  app::learn_cards(machine, tables);
  CHECK(machine.inventory.gpus[0].compute_capability == "12.0");
  CHECK(machine.inventory.gpus[0].name == "GeForce Y");
}

TEST_CASE("hostile files are skipped with a word and never waited for") {
  Directory directory;
  REQUIRE(::mkfifo(directory.file("pytorch.fifo.csv").c_str(), 0644) == 0);
  REQUIRE(::mkdir(directory.file("jax.directory.csv").c_str(), 0755) == 0);
  REQUIRE(::symlink("nowhere", directory.file("mxnet.link.csv").c_str()) == 0);
  directory.put("tensorflow.huge.csv", std::string(300U << 10, 'x'));
  directory.put("cudnn_cuda.binary.csv", std::string("\x7f"
                                                     "ELF\0\1\2\n\n\xff",
                                                     10));
  directory.put("unknown_table.csv", kBranches);
  directory.put("driver_branch_max_cuda.csv", kBranches + "900,14.0,PB,,,high,site\n");
  auto tables = directory.read();
  std::string all = join(tables.warnings(), "\n");
  CHECK(tables.warnings().size() == 6);
  for (const char* name :
       {"pytorch.fifo.csv': not a regular file", "jax.directory.csv': not a regular file",
        "mxnet.link.csv' is not read", "tensorflow.huge.csv': larger than 256 KiB",
        "cudnn_cuda.binary.csv:1: the header is not",
        "unknown_table.csv: no table has this name"}) {
    INFO(name, " in ", all);
    CHECK(all.find(name) != std::string::npos);
  }
  for (char c : all) CHECK((c == '\n' || (c >= ' ' && c <= '~')));
  CHECK(compat::cuda_of_driver(tables.tables(), "900.10")->text == "14.0");
}

TEST_CASE("a file of nothing but bad rows does not flood") {
  Directory directory;
  std::string text = kBranches;
  while (text.size() < (200U << 10)) text += "x\n";
  directory.put("driver_branch_max_cuda.csv", text);
  auto tables = directory.read();
  CHECK(tables.warnings().size() == 21);
  CHECK(tables.warnings().back() == "more rows of compatibility tables were skipped");
  for (int i = 0; i < 70; i++) directory.put(cat("mxnet.", i, ".csv"), "x\n");
  CHECK(directory.read().warnings()[0].find("has 71 compatibility tables; those after the first "
                                            "64 are not read") != std::string::npos);
}

TEST_CASE("root reads nothing that others can write") {
  if (!app::is_real_root()) return;
  Directory directory;
  directory.put("driver_branch_max_cuda.csv", kBranches + "900,14.0,PB,,,high,site\n");
  const std::string file = directory.file("driver_branch_max_cuda.csv");
  ::chmod(file.c_str(), 0666);
  auto tables = directory.read();
  CHECK(is_built_in(tables));
  REQUIRE(tables.warnings().size() == 1);
  CHECK(tables.warnings()[0] == "'" + file + "' is writable by everybody, so it is not read");
  ::chmod(file.c_str(), 0644);
  ::chmod(directory.path().c_str(), 0777);
  tables = directory.read();
  CHECK(is_built_in(tables));
  CHECK(tables.warnings()[0] == "'" + directory.path() +
                                    "' is writable by everybody, so the compatibility tables in "
                                    "it are not read");
  ::chmod(directory.path().c_str(), 0755);
  REQUIRE(::chown(file.c_str(), 1000, 1000) == 0);
  CHECK(directory.read().warnings()[0].find("owned by user 1000") != std::string::npos);
}

TEST_CASE("the user's directory") {
  const char* saved_home = ::getenv("HOME");
  const char* saved_configuration = ::getenv("XDG_CONFIG_HOME");
  std::string home = saved_home ? saved_home : "",
              configuration = saved_configuration ? saved_configuration : "";
  ::setenv("HOME", "/home/u", 1);
  ::setenv("XDG_CONFIG_HOME", "/c", 1);
  CHECK(app::user_compat_directory() == "/c/outboard/compat.d");
  ::setenv("XDG_CONFIG_HOME", "relative", 1);
  CHECK(app::user_compat_directory() == "/home/u/.config/outboard/compat.d");
  ::unsetenv("XDG_CONFIG_HOME");
  CHECK(app::user_compat_directory() == "/home/u/.config/outboard/compat.d");
  ::unsetenv("HOME");
  CHECK(app::user_compat_directory().empty());
  Directory directory;
  REQUIRE(make_directories(directory.file("outboard/compat.d")));
  directory.put("outboard/compat.d/driver_branch_max_cuda.csv",
                kBranches + "900,14.0,PB,,,high,site\n");
  ::setenv("XDG_CONFIG_HOME", directory.path().c_str(), 1);
  CHECK(compat::cuda_of_driver(app::read_user_tables().tables(), "900.10")->text == "14.0");
  CHECK(compat::cuda_of_driver(app::read_host_tables().tables(), "900.10")->text != "14.0");
  ::unsetenv("XDG_CONFIG_HOME");
  if (saved_home) ::setenv("HOME", home.c_str(), 1);
  if (saved_configuration) ::setenv("XDG_CONFIG_HOME", configuration.c_str(), 1);
}
