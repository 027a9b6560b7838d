// SPDX-License-Identifier: Apache-2.0
#include "sim/profiles.h"

#include <doctest/doctest.h>

#include <set>

using namespace outboard;
using namespace outboard::sim;

TEST_CASE("every profile can be found and names each device once") {
  for (const std::string& name : profile_names()) {
    auto profile = find_profile(name);
    REQUIRE(profile);
    CAPTURE(name);
    CHECK(profile->name == name);
    CHECK(profile->numa_nodes.size() == profile->gpus.size());
    CHECK(profile->gpus.size() <= kSimMaxGpus);
    std::set<std::string> names;
    std::set<uint32_t> minors;
    std::string last;
    size_t devices = 0;
    for (const sim_gpu& gpu : profile->gpus) {
      CHECK(last < gpu.pci);
      last = gpu.pci;
      names.insert(gpu.uuid);
      minors.insert(gpu.minor);
      devices += 1 + gpu.mig_count;
      for (uint32_t i = 0; i < gpu.mig_count; i++) names.insert(gpu.mig[i].uuid);
    }
    CHECK(names.size() == devices);
    CHECK(minors.size() == profile->gpus.size());
  }
}

TEST_CASE("an unknown profile is answered with the nearest and with all") {
  auto profile = find_profile("h20x4");
  REQUIRE_FALSE(profile);
  CHECK(profile.error().code == ErrorCode::kNotFound);
  CHECK(profile.error().text == "no simulated machine is called 'h20x4'");
  CHECK(profile.error().hint.find("'h200x4'") != std::string::npos);
  CHECK(profile.error().hint.find("rtx4090x2") != std::string::npos);
}

TEST_CASE("capability minors are counted as the driver counts them") {
  // Lines of a real /proc/driver/nvidia-caps/mig-minors.
  CHECK(mig_cap_minor(0, 0, std::nullopt) == 3);
  CHECK(mig_cap_minor(0, 0, 0) == 4);
  CHECK(mig_cap_minor(0, 1, std::nullopt) == 12);
  CHECK(mig_cap_minor(31, 14, 6) == 4321);
  CHECK(mig_cap_minor(31, 14, 7) == 4322);
}
