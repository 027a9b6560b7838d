// SPDX-License-Identifier: Apache-2.0
// The driver's installation, by distribution and by what the card needs.
#include "doctor/install_driver.h"

#include <doctest/doctest.h>

#include "compat/tables.h"

using namespace outboard;
using namespace outboard::doctor;

namespace {

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

const Distribution kBullseye{"debian", {}, "11"}, kBookworm{"debian", {}, "12"},
    kTrixie{"debian", {}, "13"}, kSid{"debian", {}, ""}, kKali{"kali", {"debian"}, "2026.1"},
    kUbuntu{"ubuntu", {"debian"}, "24.04"}, kMint{"linuxmint", {"ubuntu", "debian"}, "22"},
    kPop{"pop", {"ubuntu", "debian"}, "24.04"}, kFedora{"fedora", {}, "44"},
    kRhel{"rhel", {"fedora"}, "9.4"}, kRocky{"rocky", {"rhel", "centos", "fedora"}, "8.10"},
    kAlma{"almalinux", {"rhel", "centos", "fedora"}, "10.1"}, kOracle{"ol", {"fedora"}, "9.5"},
    kAmazon{"amzn", {"fedora"}, "2023"}, kArch{"arch", {}, ""}, kManjaro{"manjaro", {"arch"}, ""},
    kSuse{"sles", {"suse"}, "15.6"}, kNone{};

std::string mend(const Distribution& distribution, const char* capability) {
  const compat::Tables& tables = compat::built_in_tables();
  auto need = driver_need(tables, capability);
  return how_to_install(
      distribution, need,
      branch_to_choose(tables, need ? std::vector{*need} : std::vector<DriverNeed>(), "2026-11"));
}

constexpr const char *kK80 = "3.7", *kGtx1080 = "6.1", *kH200 = "9.0", *kRtx5090 = "12.0",
                     *kFermi = "2.0", *kUnknown = "99.9";

}  // namespace

TEST_CASE("cards that every driver of today drives") {
  const char* debian = "'sudo apt install nvidia-driver' (component non-free of Debian's archive)";
  for (const auto& like : {kBookworm, kTrixie, kSid, kKali}) CHECK(mend(like, kH200) == debian);
  // 470 came before Hopper.
  CHECK(holds(mend(kBullseye, kH200), "'sudo apt install nvidia-open' (from NVIDIA's repository"));
  CHECK(holds(mend(kBullseye, kH200), "Debian's own driver is 470 and does not drive this card"));
  for (const auto& like : {kUbuntu, kMint})
    CHECK(mend(like, kH200) == "sudo ubuntu-drivers install");
  CHECK(mend(kPop, kH200) == "sudo apt install system76-driver-nvidia");
  CHECK(mend(kFedora, kH200) ==
        "'sudo dnf install akmod-nvidia xorg-x11-drv-nvidia-cuda' (from RPM Fusion)");
  for (const auto& like : {kRhel, kRocky, kOracle, kAmazon}) {
    CHECK(holds(mend(like, kH200),
                "'sudo dnf module enable nvidia-driver:580-open', then 'sudo dnf install "
                "nvidia-open' (from NVIDIA's repository; docs.nvidia.com/"));
  }
  CHECK(holds(mend(kAlma, kH200), "'sudo dnf install nvidia-open' (from NVIDIA's repository"));
  CHECK(mend(kArch, kH200) == "sudo pacman -S nvidia-open");
  for (const auto& other : {kManjaro, kSuse, kNone})
    CHECK(holds(mend(other, kH200), "install branch 580 from NVIDIA's repository"));
  CHECK(mend(kBookworm, kUnknown) == debian);
}

TEST_CASE("cards that new branches do not drive get no command that installs one") {
  CHECK(mend(kBookworm, kK80) ==
        "'sudo apt install nvidia-tesla-470-driver' (component non-free of Debian's archive); "
        "branch 470 is the last that drives Kepler, with the proprietary kernel modules");
  CHECK(holds(mend(kBullseye, kK80), "'sudo apt install nvidia-driver'"));
  CHECK(holds(mend(kTrixie, kGtx1080), "'sudo apt install nvidia-driver'"));  // 550
  CHECK(holds(mend(kUbuntu, kK80), "'sudo apt install nvidia-driver-470'; branch 470 is the last"));
  CHECK(holds(mend(kMint, kGtx1080), "'sudo apt install nvidia-driver-580'; branch 580 is the"));
  CHECK(holds(mend(kFedora, kGtx1080),
              "'sudo dnf install akmod-nvidia-580xx xorg-x11-drv-nvidia-580xx-cuda'"));
  CHECK(holds(mend(kRocky, kGtx1080),
              "'sudo dnf module enable nvidia-driver:580-dkms', then 'sudo dnf install "
              "cuda-drivers'"));
  CHECK(holds(mend(kArch, kGtx1080), "install nvidia-580xx-dkms from the AUR; branch 580"));
  CHECK(holds(mend(kArch, kK80), "install nvidia-470xx-dkms from the AUR; branch 470"));
  for (const auto& other : {kTrixie, kSid, kRocky, kAlma, kManjaro, kSuse, kNone}) {
    INFO(other.id);
    std::string said = mend(other, kK80);
    CHECK(
        holds(said, "install NVIDIA's own driver of branch 470 (www.nvidia.com/en-us/drivers); "));
    CHECK_FALSE(holds(said, "sudo"));
  }
  for (const auto& any : {kBookworm, kUbuntu, kFedora, kRhel})
    CHECK(holds(mend(any, kFermi), "install NVIDIA's own driver of branch 390"));
  for (const auto& any : {kAlma, kManjaro, kSid})
    CHECK(holds(mend(any, kGtx1080), "install branch 580 from NVIDIA's repository"));
  for (const auto& any : {kBookworm, kUbuntu, kPop, kFedora, kRocky, kArch, kNone})
    CHECK_FALSE(holds(mend(any, kGtx1080), "open"));
}

TEST_CASE("cards that need the open kernel modules") {
  const char* limit = "; Blackwell needs driver 570.26 or newer, with the open kernel modules";
  for (const auto& debian : {kBookworm, kTrixie, kSid}) {
    CHECK(holds(mend(debian, kRtx5090), "'sudo apt install nvidia-open' (from NVIDIA's"));
    CHECK(holds(mend(debian, kRtx5090), limit));
  }
  CHECK(mend(kUbuntu, kRtx5090) ==
        std::string("'sudo apt install nvidia-driver-580-open'") + limit);
  CHECK(mend(kPop, kRtx5090) == std::string("'sudo apt install system76-driver-nvidia'") + limit);
  CHECK(mend(kArch, kRtx5090) == "sudo pacman -S nvidia-open");
  for (const auto& any : {kFedora, kRocky, kAlma, kSuse, kNone})
    CHECK(holds(mend(any, kRtx5090), limit));
  // Rubin: the tables know no branch that is maintained long.
  CHECK(holds(mend(kUbuntu, "10.7"), "install the driver from NVIDIA's repository"));
  CHECK(holds(mend(kRocky, "10.7"), "nvidia-driver:open-dkms'"));
}
