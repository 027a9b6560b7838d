// SPDX-License-Identifier: Apache-2.0
#include "app/driver_advice.h"

#include <doctest/doctest.h>

using namespace outboard;

static app::DriverAdvice advise(const std::vector<uint32_t>& cards, const char* cuda,
                                const app::ImageEvidence& image = {}) {
  host::Facts facts;
  for (uint32_t card : cards) {
    host::GpuFact gpu;
    gpu.pci_device = card;
    facts.gpus.push_back(gpu);
  }
  return app::driver_advice(facts, image, {cuda, "--cuda"}, compat::built_in_tables());
}

static std::string advice(const std::vector<uint32_t>& cards, const char* cuda) {
  return advise(cards, cuda).text;
}

constexpr uint32_t kH200 = 0x2335, kGtx1080 = 0x1b80, kK80 = 0x102d, kRtx5090 = 0x2b85,
                   kRtx4090 = 0x2684, kUnknownCard = 0xffff;

TEST_CASE("the driver for a card without one") {
  CHECK(advice({kH200, kH200}, "12.8") ==
        "for CUDA 12.8 on H200 SXM 141GB: driver 570.26 or newer, for example of branch 580 "
        "(long-term support); from 525.60.13 on by minor-version compatibility");
  CHECK(advice({kGtx1080}, "12.8") ==
        "for CUDA 12.8 on GeForce GTX 1080: driver 570.26 or newer, for example of branch 580 "
        "(long-term support); this GPU's last branch is 580; from 525.60.13 on by minor-version "
        "compatibility");
  CHECK(advice({kGtx1080}, "13.0") ==
        "for CUDA 13.0 on GeForce GTX 1080: no driver will do: CUDA 12.9 was the last with code "
        "for Pascal, choose that or an older one");
  CHECK(advice({kK80}, "11.8").find("driver 450.80.02 or newer, for example of branch 470") !=
        std::string::npos);
  std::string two = advice({kH200, kGtx1080}, "13.0");
  CHECK(two.find("on H200 SXM 141GB: driver 580.65.06 or newer") != std::string::npos);
  CHECK(two.find("; on GeForce GTX 1080: no driver will do") != std::string::npos);
}

TEST_CASE("no driver is older than the one that knew the card first") {
  // Newer than the toolkit, or of its age: minor-version compatibility reaches back no further.
  CHECK(advice({kRtx5090}, "11.8") ==
        "for CUDA 11.8 on GeForce RTX 5090: driver 570.26 or newer, for example of branch 580 "
        "(long-term support)");
  CHECK(advice({kRtx5090}, "12.8") ==
        "for CUDA 12.8 on GeForce RTX 5090: driver 570.26 or newer, for example of branch 580 "
        "(long-term support)");
  CHECK(advice({kRtx4090}, "11.8").find("; from") == std::string::npos);
  CHECK(advice({kRtx4090}, "12.8").find("; from 525.60.13 on") != std::string::npos);
  std::string later = advice({kRtx5090}, "12.9");
  CHECK(later.find("driver 575.51.03 or newer") != std::string::npos);
  CHECK(later.find("; from 570.26 on by minor-version compatibility") != std::string::npos);
}

TEST_CASE("no driver is advised where none would do on any card") {
  CHECK(advise({kGtx1080}, "13.0").none);
  CHECK_FALSE(advise({kGtx1080, kH200}, "13.0").none);
  CHECK_FALSE(advise({kGtx1080}, "12.8").none);
  CHECK_FALSE(advise({}, "12.8").none);
}

TEST_CASE("a framework's package without code for the card is told, not a driver") {
  app::ImageEvidence image;
  image.frameworks = {{compat::Framework::kPytorch, "2.9.1", "", ""}};
  app::DriverAdvice without = advise({kGtx1080}, "12.8", image);
  CHECK(without.none);
  CHECK(without.text.find("no driver will do: PyTorch 2.9.1 for CUDA 12.8 has no code for compute "
                          "capability 6.1; choose PyTorch 2.9.1 with CUDA 12.6: pip install ") !=
        std::string::npos);
  CHECK(advise({kH200}, "12.8", image).text.find("driver 570.26 or newer") != std::string::npos);
  image.code = "6.1";
  CHECK_FALSE(advise({kGtx1080}, "12.8", image).none);
}

TEST_CASE("what the tables do not know is said") {
  CHECK(advice({kUnknownCard}, "12.8") ==
        "for CUDA 12.8 on GPU 10de:ffff: driver 570.26 or newer, for example of branch 580 "
        "(long-term support); the tables do not know this card: the driver must list it, too");
  CHECK(advice({kH200}, "99.1")
            .find("for CUDA 99.1 on H200 SXM 141GB: a driver that reports CUDA "
                  "99.1 or newer; the tables do not know CUDA 99.1 (their "
                  "newest is ") == 0);
  CHECK(advise({kGtx1080}, "99.1").none);
}

TEST_CASE("no advice without a card, or where a driver is") {
  CHECK(advice({}, "12.8").empty());
  host::Facts facts;
  facts.gpus.emplace_back();
  CHECK(app::driver_advice(facts, {}, {"12.8", "--cuda"}, compat::built_in_tables()).text.empty());
  facts.gpus[0].pci_device = kH200;
  facts.library_version = "580.95.05";
  CHECK(app::driver_advice(facts, {}, {"12.8", "--cuda"}, compat::built_in_tables()).text.empty());
}
