// SPDX-License-Identifier: Apache-2.0
// Every row of every table loads, and what one table says fits the others.
#include <doctest/doctest.h>

#include <set>

#include "base/files.h"
#include "base/text.h"
#include "compat/csv.h"
#include "compat/cudnn.h"
#include "compat/framework_builds.h"
#include "compat/gpu_table.h"
#include "compat/tables.h"
#include "compat/verdict.h"

using namespace outboard;
using namespace outboard::compat;

namespace {

std::set<std::string> releases() {
  std::set<std::string> out;
  for (const ToolkitRow& row : built_in_tables().toolkits) out.insert(std::string(row.release));
  return out;
}

// The oldest driver that runs a release at all, or (`full`) supports all of it; "" if it is
// unknown.
std::string lowest_driver(std::string_view release, bool full) {
  std::string lowest;
  auto add = [&](std::string_view driver) {
    if (!driver.empty() && (lowest.empty() || compare_versions(driver, lowest) < 0))
      lowest = driver;
  };
  for (const ToolkitRow& row : built_in_tables().toolkits) {
    if (row.release != release || row.label.find("RC") != Text::npos) continue;
    add(row.full_driver);
    if (!full) add(row.minor_driver);
  }
  return lowest;
}

std::set<std::string> capabilities() {
  std::set<std::string> out;
  for (const CapabilityRow& row : built_in_tables().capabilities)
    out.insert(std::string(row.compute_capability));
  return out;
}

std::vector<CsvRow> file_rows(const std::string& name, const std::string& header) {
  auto text = read_file(join_path(OUTBOARD_TABLES, name + ".csv"));
  REQUIRE(text);
  auto rows = parse_csv(*text, header, name);
  REQUIRE(rows);
  return *rows;
}

}  // namespace

TEST_CASE("every row of every file is in the tables") {
  const Tables& tables = built_in_tables();
  const size_t counts[] = {
      tables.toolkits.size(),   tables.branches.size(),   tables.capabilities.size(),
      tables.forward.size(),    tables.classes.size(),    tables.cudnn.size(),
      tables.tensorflow.size(), tables.pytorch.size(),    tables.jax.size(),
      tables.mxnet.size(),      tables.image_tags.size(), tables.xids.size()};
  size_t at = 0;
  for (const TableFormat& format : table_formats()) {
    INFO(std::string(format.name));
    CHECK(file_rows(std::string(format.name), format.header()).size() == counts[at++]);
  }
  CHECK(at == std::size(counts));
}

TEST_CASE("toolkits: drivers grow with versions, branches and minor drivers are known") {
  const Tables& tables = built_in_tables();
  for (const ToolkitRow& row : tables.toolkits) {
    INFO(std::string(row.version));
    CHECK(row.version.substr(0, row.release.size()) == row.release);
    auto cuda = cuda_of_driver(tables, row.full_driver);
    REQUIRE(cuda);
    CHECK_FALSE(cuda->at_least);
    // The driver that supports all of a release reports that release.
    CHECK(cuda->text == row.release);
    bool minor = compare_versions(row.release, "11.0") >= 0;
    CHECK((row.minor == "yes") == minor);
    CHECK(row.minor_driver.empty() == !minor);
    // 11.0 itself is older than the first driver of minor-version compatibility.
    if (minor && row.release != "11.0")
      CHECK(compare_versions(row.minor_driver, row.full_driver) <= 0);
    for (const ToolkitRow& other : tables.toolkits) {
      if (compare_versions(other.version, row.version) > 0)
        CHECK(compare_versions(other.full_driver, row.full_driver) >= 0);
    }
  }
}

TEST_CASE("branches: what a branch reports as its CUDA, one of its drivers supports in full") {
  const Tables& tables = built_in_tables();
  for (const BranchRow& row : tables.branches) {
    INFO(std::string(row.branch), " ", std::string(row.cuda));
    const std::string first = lowest_driver(row.cuda, true);
    // CUDA 12.7 had drivers and no toolkit; toolkits before 7.0 are not in the table.
    if (row.cuda == "12.7" || compare_versions(row.cuda, "7.0") < 0) continue;
    REQUIRE(first != "");
    CHECK(compare_versions(split(first, '.')[0], row.branch) <= 0);
  }
}

TEST_CASE("cuDNN asks for no older driver than the toolkit that it is for") {
  const Tables& tables = built_in_tables();
  size_t minima = 0;
  for (const CudnnRow& row : tables.cudnn) {
    const std::string cudnn(row.cudnn.substr(0, row.cudnn.find('-')));
    for (const std::string& release : releases()) {
      auto needs = cudnn_needs(tables, cudnn, release);
      if (!needs || needs->min_driver.empty()) continue;
      INFO("cuDNN ", cudnn, ", CUDA ", release, ": ", needs->min_driver);
      REQUIRE(is_version(needs->min_driver));
      CHECK(compare_versions(needs->min_driver, lowest_driver(release, false)) >= 0);
      minima++;
    }
  }
  CHECK(minima > 100);
}

TEST_CASE("branches: CUDA versions never go down; every one is a release, or one that never was") {
  const std::set<std::string> known = releases();
  std::string_view before = "0.0", branch = "0";
  for (const BranchRow& row : built_in_tables().branches) {
    INFO(std::string(row.branch));
    CHECK(compare_versions(row.branch, branch) > 0);
    CHECK(compare_versions(row.cuda, before) >= 0);
    // CUDA 12.7 had drivers and no toolkit; those before 7.0 are no container's.
    if (row.cuda != "12.7" && compare_versions(row.cuda, "7.0") >= 0)
      CHECK(known.count(std::string(row.cuda)) == 1);
    before = row.cuda;
    branch = row.branch;
  }
}

TEST_CASE("compute capabilities: names agree, first is not after last") {
  const Tables& tables = built_in_tables();
  std::set<std::string> branches;
  for (const BranchRow& row : tables.branches) branches.insert(std::string(row.branch));
  for (const CapabilityRow& row : tables.capabilities) {
    INFO(std::string(row.compute_capability));
    std::string digits(row.compute_capability);
    digits.erase(digits.find('.'), 1);
    CHECK(digits == row.sm);
    if (!row.last_toolkit.empty())
      CHECK(compare_versions(row.first_toolkit, row.last_toolkit) <= 0);
    if (!row.last_branch.empty()) CHECK(branches.count(std::string(row.last_branch)) == 1);
  }
}

TEST_CASE("forward compatibility: package, CUDA and branch are known and in order") {
  const Tables& tables = built_in_tables();
  const std::set<std::string> known = releases();
  for (const ForwardRow& row : tables.forward) {
    INFO(std::string(row.package), " ", std::string(row.branch));
    std::string name(row.cuda);
    name[name.find('.')] = '-';
    CHECK(row.package == "cuda-compat-" + name);
    CHECK(known.count(std::string(row.cuda)) == 1);
    auto cuda = cuda_of_driver(tables, row.branch);
    REQUIRE(cuda);
    CHECK_FALSE(cuda->at_least);
    int order = compare_versions(cuda->text, row.cuda);
    if (row.status == "compatible") CHECK(order < 0);
    if (row.status == "not_needed") CHECK(order == 0);
    if (row.status == "not_compatible") CHECK(order > 0);
    if (row.status == "allowed_by_image_require") CHECK(order < 0);
  }
}

TEST_CASE("every GPU has a known compute capability and a kind") {
  const Tables& tables = built_in_tables();
  const std::set<std::string> known = capabilities();
  std::string without;
  for (const CsvRow& row :
       file_rows("gpu_chips", "chip,architecture,compute_capability,confidence,source")) {
    INFO(row.cells[0]);
    CHECK(known.count(row.cells[2]) == 1);
  }
  for (const CsvRow& row : file_rows("pci_gpus", "pci_device,chip,name,confidence,source")) {
    auto id = parse_number<uint32_t>(std::string_view(row.cells[0]).substr(2), 16);
    REQUIRE(id);
    auto model = gpu_model(*id);
    REQUIRE(model);
    CHECK(model->name == row.cells[2]);
    // Tesla and Fermi are older than forward compatibility.
    if (compare_versions(model->compute_capability, "3.0") < 0) continue;
    if (gpu_class(tables, row.cells[2]) == GpuClass::kUnknown)
      without += cat(row.cells[0], " ", row.cells[2], "\n");
  }
  CHECK(without == "");
}

TEST_CASE("kinds of GPU, name by name") {
  const Tables& tables = built_in_tables();
  struct Row {
    const char* name;
    GpuClass kind;
  };
  for (const Row& row :
       {Row{"Tesla K80", GpuClass::kDataCenter},
        Row{"Tesla V100-SXM2-32GB", GpuClass::kDataCenter},
        Row{"NVIDIA A10G", GpuClass::kDataCenter},
        Row{"NVIDIA A100 80GB PCIe", GpuClass::kDataCenter},
        Row{"NVIDIA L4", GpuClass::kDataCenter},
        Row{"NVIDIA L40S", GpuClass::kDataCenter},
        Row{"NVIDIA H100 80GB HBM3", GpuClass::kDataCenter},
        Row{"NVIDIA GH200 480GB", GpuClass::kDataCenter},
        Row{"NVIDIA B200", GpuClass::kDataCenter},
        Row{"NVIDIA GB200", GpuClass::kDataCenter},
        Row{"GRID K520", GpuClass::kDataCenter},
        Row{"NVIDIA RTX PRO 6000 Blackwell Server Edition", GpuClass::kDataCenter},
        Row{"NVIDIA RTX PRO 6000 Blackwell Workstation Edition", GpuClass::kWorkstation},
        Row{"Quadro RTX 6000", GpuClass::kNgcReady},
        Row{"NVIDIA RTX A6000", GpuClass::kNgcReady},
        Row{"NVIDIA RTX A4000", GpuClass::kWorkstation},
        Row{"NVIDIA T400 4GB", GpuClass::kWorkstation},
        Row{"NVIDIA T1000 8GB", GpuClass::kWorkstation},
        Row{"Quadro GP100", GpuClass::kWorkstation},
        Row{"NVIDIA GeForce GTX 1080 Ti", GpuClass::kConsumer},
        Row{"NVIDIA GeForce RTX 5090", GpuClass::kConsumer},
        Row{"NVIDIA TITAN RTX", GpuClass::kConsumer},
        Row{"NVIDIA TITAN Xp", GpuClass::kConsumer},
        Row{"NVIDIA CMP 170HX", GpuClass::kConsumer},
        Row{"P106-100", GpuClass::kConsumer},
        Row{"", GpuClass::kUnknown}}) {
    INFO(row.name);
    CHECK(gpu_class_name(gpu_class(tables, row.name)) == gpu_class_name(row.kind));
  }
}

TEST_CASE("frameworks: CUDA, Python and architectures are readable and known") {
  const Tables& tables = built_in_tables();
  const std::set<std::string> known = releases(), known_capabilities = capabilities();
  for (Framework framework :
       {Framework::kPytorch, Framework::kTensorflow, Framework::kJax, Framework::kMxnet}) {
    auto builds = framework_builds(tables, framework);
    CHECK(builds.size() > 10);
    for (const FrameworkBuild& build : builds) {
      INFO(framework_name(framework), " ", build.version, " CUDA ", build.cuda);
      CHECK(compare_versions(build.first, build.version) <= 0);
      CHECK(known.count(build.cuda) == 1);
      CHECK_FALSE(build.source.empty());
      CHECK((build.install.empty() || build.install.find("VERSION") != std::string::npos));
      CHECK_FALSE(has_python(build.python, "1.0"));
      for (std::string_view item : words(build.architectures)) {
        std::string capability(item.substr(0, item.find('+')));
        INFO(capability);
        CHECK(known_capabilities.count(capability) == 1);
      }
      if (framework == Framework::kPytorch) CHECK_FALSE(build.architectures.empty());
      // Where the list has a source of its own, it has both.
      if (framework != Framework::kPytorch && !build.architectures.empty()) {
        CHECK_FALSE(build.architectures_source.empty());
        CHECK((build.architectures_confidence == "high" ||
               build.architectures_confidence == "medium"));
      }
      bool recent =
          (framework == Framework::kTensorflow && compare_padded(build.first, "1.15") >= 0) ||
          (framework == Framework::kJax && compare_padded(build.first, "0.4.24") >= 0) ||
          (framework == Framework::kMxnet && compare_padded(build.version, "1.7.0") <= 0 &&
           is_version(build.version));
      if (recent) CHECK_FALSE(build.architectures.empty());
      if (!build.cudnn.empty() && framework == Framework::kPytorch)
        CHECK(cudnn_needs(tables, build.cudnn, build.cuda).has_value());
    }
  }
}

TEST_CASE("tags of NVIDIA's images are of known toolkits") {
  const std::set<std::string> known = releases();
  for (const ImageTagRow& row : built_in_tables().image_tags) {
    INFO(std::string(row.tag));
    CHECK(row.tag.substr(0, row.cuda.size()) == row.cuda);
    auto parts = split(row.cuda, '.');
    CHECK(known.count(cat(parts[0], ".", parts[1])) == 1);
  }
}
