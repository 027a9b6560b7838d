// SPDX-License-Identifier: Apache-2.0
#include "app/driver_advice.h"

#include <doctest/doctest.h>

using namespace outboard;

static std::string advice(std::vector<uint32_t> cards, const char* cuda) {
  host::Facts facts;
  for (uint32_t card : cards) {
    host::GpuFact gpu;
    gpu.pci_device = card;
    facts.gpus.push_back(gpu);
  }
  return app::driver_advice(facts, {cuda, "--cuda"}, compat::built_in_tables());
}

TEST_CASE("the driver for a card without one") {
  constexpr uint32_t kH200 = 0x2335, kGtx1080 = 0x1b80, kK80 = 0x102d, kRtx5090 = 0x2b85;
  CHECK(advice({kH200, kH200}, "12.8") ==
        "for CUDA 12.8 on H200 SXM 141GB: driver 570.26 or newer, for example of branch 580 "
        "(long-term support); from 525.60.13 on by minor-version compatibility");
  CHECK(advice({kGtx1080}, "12.8") ==
        "for CUDA 12.8 on GeForce GTX 1080: driver 570.26 or newer, for example of branch 580 "
        "(long-term support); this GPU's last branch is 580; from 525.60.13 on by minor-version "
        "compatibility");
  CHECK(advice({kGtx1080}, "13.0") ==
        "for CUDA 13.0 on GeForce GTX 1080: no driver will do: CUDA 12.9 was the last with code "
        "for Pascal");
  CHECK(advice({kK80}, "11.8").find("driver 450.80.02 or newer, for example of branch 470") !=
        std::string::npos);
  // Newer than the toolkit: the driver that knew it first.
  CHECK(advice({kRtx5090}, "11.8").find("driver 570.26 or newer") != std::string::npos);
  std::string two = advice({kH200, kGtx1080}, "13.0");
  CHECK(two.find("on H200 SXM 141GB: driver 580.65.06 or newer") != std::string::npos);
  CHECK(two.find("; on GeForce GTX 1080: no driver will do") != std::string::npos);
}

TEST_CASE("no advice without a card, for a version that no table has, or where a driver is") {
  CHECK(advice({}, "12.8").empty());
  CHECK(advice({0xffff}, "12.8").empty());
  CHECK(advice({0x2335}, "99.1").empty());
  host::Facts facts;
  facts.gpus.emplace_back();
  facts.gpus[0].pci_device = 0x2335;
  facts.library_version = "580.95.05";
  CHECK(app::driver_advice(facts, {"12.8", "--cuda"}, compat::built_in_tables()).empty());
}
