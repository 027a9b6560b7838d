// SPDX-License-Identifier: Apache-2.0
// Reading a machine (/proc, /sys, /dev, the driver root) and an image's root from files of any
// content: see machine_tree.h for the form of the input.
#include <algorithm>

#include "base/root.h"
#include "base/text.h"
#include "engine/image_layout.h"
#include "host/read_facts.h"
#include "machine_tree.h"
#include "pipeline.h"
#include "require.h"
#include "scratch.h"

using namespace outboard;
using namespace outboard::fuzz;

static void check_facts(const host::Facts& facts) {
  for (const host::GpuFact& gpu : facts.gpus) {
    FUZZ_REQUIRE(gpu.pci == lower(gpu.pci), gpu.pci);
    FUZZ_REQUIRE(!gpu.uuid || gpu.uuid->find('?') == std::string::npos, *gpu.uuid);
  }
  for (const host::DeviceNode& node : facts.nodes)
    FUZZ_REQUIRE(node.path.rfind("/dev/", 0) == 0, node.path);
  for (const host::DriverFile& file : facts.files) {
    FUZZ_REQUIRE(!file.path.empty() && file.path[0] == '/' && !file.name.empty(), file.path);
    // Real paths inside the root: nothing of the tree around it shows.
    FUZZ_REQUIRE(file.path.find(scratch_directory()) == std::string::npos, file.path);
    if (file.kind == host::FileKind::kLibrary)
      FUZZ_REQUIRE(file.elf_class == 32 || file.elf_class == 64, file.path);
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string& top = scratch_directory();
  empty_directory(top);
  make_machine_tree(top, text_of(data, size));

  auto image_root = Root::open(top + "/root", Root::Trust::kUntrusted);
  FUZZ_REQUIRE(image_root);
  plan::ImageLayout image = engine::image_layout(*image_root);
  FUZZ_REQUIRE(image.library_directory64.rfind('/', 0) == 0, image.library_directory64);
  FUZZ_REQUIRE(image.library_directory64.find("/../") == std::string::npos,
               image.library_directory64);

  host::Roots roots{top + "/root", top + "/dev", top + "/proc", top + "/sys"};
  auto facts = host::read_facts(roots);
  FUZZ_REQUIRE(facts, facts ? "" : facts.error().text);
  auto usable = host::read_facts(roots, {.whole_bus = false});
  FUZZ_REQUIRE(usable && usable->gpus.size() <= facts->gpus.size());
  check_facts(*facts);
  check_pipeline(*facts, nullptr, image);
  check_pipeline(*facts, nullptr, {});
  return 0;
}
