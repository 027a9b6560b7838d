// SPDX-License-Identifier: Apache-2.0
// Facts, each seen in 2026:
// - Debian: 'apt policy' of bookworm and trixie (non-free): nvidia-driver 535 and 550,
//   nvidia-tesla-470-driver in bookworm alone; bullseye's nvidia-driver was 470. Each package has
//   the proprietary modules.
// - Ubuntu: nvidia-driver-BRANCH and -open of each branch (packages.ubuntu.com), from 470 on in
//   the releases that are maintained. 'ubuntu-drivers install' takes the proprietary or the open
//   one by its own list of cards.
// - Pop!_OS: support.system76.com, "NVIDIA driver".
// - Fedora: RPM Fusion's Howto/NVIDIA: akmod-nvidia is 595, with open modules; -580xx and -470xx
//   have the proprietary ones. libcuda is in the -cuda package.
// - RHEL and what is made of it, Amazon Linux: NVIDIA Driver Installation Guide r620, "Kernel
//   Modules".
// - Arch: archlinux.org/news of 2025-12-20: nvidia-open alone, older branches in the AUR.
// Where none of them is known to have the right one, NVIDIA's own is named, and no command.
#include "doctor/install_driver.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace outboard::doctor {

namespace {

enum class Family { kOther, kDebian, kUbuntu, kPop, kFedora, kEnterprise, kArch };

std::optional<Family> family_of(std::string_view id) {
  struct Row {
    std::string_view id;
    Family family;
  };
  // Manjaro is like Arch, but has its own packages; Oracle Linux and Amazon Linux say that they are
  // like Fedora, but are served by NVIDIA as RHEL is.
  constexpr Row kRows[] = {
      {"debian", Family::kDebian},    {"ubuntu", Family::kUbuntu},
      {"pop", Family::kPop},          {"fedora", Family::kFedora},
      {"rhel", Family::kEnterprise},  {"centos", Family::kEnterprise},
      {"rocky", Family::kEnterprise}, {"almalinux", Family::kEnterprise},
      {"ol", Family::kEnterprise},    {"amzn", Family::kEnterprise},
      {"arch", Family::kArch},        {"manjaro", Family::kOther},
  };
  for (const Row& row : kRows) {
    if (row.id == id) return row.family;
  }
  return std::nullopt;
}

Family family_of(const Distribution& distribution) {
  if (auto own = family_of(distribution.id)) return *own;
  for (const std::string& like : distribution.like) {
    if (auto known = family_of(like)) return *known;
  }
  return Family::kOther;
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

constexpr std::string_view kGuide =
    "docs.nvidia.com/datacenter/tesla/driver-installation-guide says how to add it";

struct Asked {
  bool old = false;   ///< new branches do not drive the card
  bool open = false;  ///< it needs the open kernel modules
  std::optional<std::string> first;
  std::string branch;  ///< empty: none is known
};

std::string on_debian(const Distribution& distribution, const Asked& asked) {
  bool debian = distribution.id == "debian";
  const std::string& version = distribution.version;
  std::string_view own = !debian           ? ""
                         : version == "11" ? "470"
                         : version == "12" ? "535"
                         : version == "13" ? "550"
                                           : "";
  bool too_old =
      asked.open || (asked.first && !own.empty() &&
                     compare_versions(own, asked.first->substr(0, asked.first->find('.'))) < 0);
  if (too_old)
    return cat("'sudo apt install nvidia-open' (from NVIDIA's repository, Debian's own driver ",
               own.empty() ? "" : cat("is ", own, " and "), "does not drive this card; ", kGuide,
               ")");
  if (asked.old && !own.empty() && compare_versions(own, asked.branch) > 0) {
    if (asked.branch != "470" || version != "12") return "";
    return "'sudo apt install nvidia-tesla-470-driver' (component non-free of Debian's archive)";
  }
  if (asked.old && own.empty()) return "";
  return "'sudo apt install nvidia-driver' (component non-free of Debian's archive)";
}

std::string on_ubuntu(Family family, const Asked& asked) {
  bool packaged = !asked.branch.empty() && compare_versions(asked.branch, "470") >= 0;
  if (asked.old) return packaged ? cat("'sudo apt install nvidia-driver-", asked.branch, "'") : "";
  if (family == Family::kPop) return "sudo apt install system76-driver-nvidia";
  if (asked.open)
    return packaged ? cat("'sudo apt install nvidia-driver-", asked.branch, "-open'") : "";
  return "sudo ubuntu-drivers install";
}

std::string on_fedora(const Asked& asked) {
  if (!asked.old)
    return "'sudo dnf install akmod-nvidia xorg-x11-drv-nvidia-cuda' (from RPM Fusion)";
  if (!is_one_of(asked.branch, {"470", "580"})) return "";
  return cat("'sudo dnf install akmod-nvidia-", asked.branch, "xx xorg-x11-drv-nvidia-",
             asked.branch, "xx-cuda' (from RPM Fusion)");
}

std::string on_enterprise(const Distribution& distribution, const Asked& asked) {
  std::string release = distribution.version.substr(0, distribution.version.find('.'));
  bool streams = is_one_of(release, {"8", "9", "2023"});
  std::string from = cat(" (from NVIDIA's repository; ", kGuide, ")");
  if (!asked.old && release == "10") return cat("'sudo dnf install nvidia-open'", from);
  if (!streams || (asked.old && asked.branch != "580")) return "";
  return cat("'sudo dnf module enable nvidia-driver:",
             asked.old ? "580-dkms', then 'sudo dnf install cuda-drivers'"
             : asked.branch.empty()
                 ? "open-dkms', then 'sudo dnf install nvidia-open'"
                 : cat(asked.branch, "-open', then 'sudo dnf install nvidia-open'"),
             from);
}

std::string on_arch(const Asked& asked) {
  if (!asked.old) return "sudo pacman -S nvidia-open";
  if (!is_one_of(asked.branch, {"340", "390", "470", "580"})) return "";
  return cat("install nvidia-", asked.branch, "xx-dkms from the AUR");
}

std::string from_nvidia(const Asked& asked) {
  if (asked.old && compare_versions(asked.branch, "580") < 0)
    return cat("install NVIDIA's own driver of branch ", asked.branch,
               " (www.nvidia.com/en-us/drivers)");
  return cat("install ", asked.branch.empty() ? "the driver" : cat("branch ", asked.branch),
             " from NVIDIA's repository (", kGuide, ")");
}

}  // namespace

std::string how_to_install(const Distribution& distribution, const std::optional<DriverNeed>& need,
                           const std::optional<std::string>& branch) {
  Asked asked;
  asked.branch = branch.value_or("");
  if (need) {
    asked.old = need->last.has_value();
    asked.open = need->modules == DriverNeed::Modules::kOpen;
    asked.first = need->first;
  }
  Family family = family_of(distribution);
  std::string way;
  if (family == Family::kDebian) way = on_debian(distribution, asked);
  if (family == Family::kUbuntu || family == Family::kPop) way = on_ubuntu(family, asked);
  if (family == Family::kFedora) way = on_fedora(asked);
  if (family == Family::kEnterprise) way = on_enterprise(distribution, asked);
  if (family == Family::kArch) way = on_arch(asked);
  if (way.empty()) way = from_nvidia(asked);
  std::string limit;
  if (asked.old) {
    limit = cat("branch ", *need->last, " is the last that drives ", need->architecture,
                need->modules == DriverNeed::Modules::kProprietary
                    ? ", with the proprietary kernel modules"
                    : "");
  } else if (asked.open && family != Family::kArch) {
    limit = cat(need->architecture, " needs driver ", need->first.value_or("570"),
                " or newer, with the open kernel modules");
  }
  if (limit.empty()) return way;
  // A mend that starts with "sudo " is one command and nothing else.
  if (way.starts_with("sudo ")) way = cat("'", way, "'");
  return cat(way, "; ", limit);
}

}  // namespace outboard::doctor
