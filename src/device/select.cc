// SPDX-License-Identifier: Apache-2.0
#include "device/select.h"

#include <algorithm>
#include <tuple>

#include "base/text.h"

namespace outboard::device {

namespace {

bool has_prefix(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// "00000000:65:00.0", "65:00.0" and "0000:65:00.0" are one address; nothing if it is none.
std::optional<std::string> canonical_pci(std::string_view text) {
  std::string address = lower(text);
  size_t dot = address.find('.');
  if (dot == std::string::npos) return std::nullopt;
  auto parts = split(std::string_view(address).substr(0, dot), ':');
  if (parts.size() != 2 && parts.size() != 3) return std::nullopt;
  auto domain =
      parts.size() == 3 ? parse_number<uint32_t>(parts[0], 16) : std::optional<uint32_t>(0);
  auto bus = parse_number<uint32_t>(parts[parts.size() - 2], 16);
  auto slot = parse_number<uint32_t>(parts[parts.size() - 1], 16);
  auto function = parse_number<uint32_t>(std::string_view(address).substr(dot + 1), 16);
  if (!domain || !bus || !slot || !function) return std::nullopt;
  return cat(*domain, ":", *bus, ":", *slot, ".", *function);
}

// Collects what was found and every name that was not.
class Selector {
 public:
  explicit Selector(const Inventory& inventory) : inventory_(inventory) {}

  void add_gpu(uint32_t gpu, bool by_name) {
    const Gpu& chosen = inventory_.gpus[gpu];
    if (chosen.mig.empty()) {
      if (chosen.mig_enabled == true) {
        if (by_name)
          problems_.push_back(cat("GPU ", chosen.index, " is in MIG mode and has no MIG devices"));
        return;
      }
      add({gpu, std::nullopt});
      return;
    }
    // A GPU in MIG mode computes only through its MIG devices.
    for (uint32_t mig = 0; mig < chosen.mig.size(); mig++) add({gpu, mig});
  }

  void add_name(const std::string& name) {
    if (has_prefix(name, "mig=")) return add_profile(name);
    if (is_digits(name)) return add_index(name);
    if (has_prefix(lower(name), "gpu-")) return add_unique(name, gpus_by_uuid(lower(name)), "GPU");
    if (has_prefix(lower(name), "mig-"))
      return add_unique(name, migs_by_uuid(lower(name)), "MIG device");
    if (auto pci = canonical_pci(name)) {
      for (uint32_t i = 0; i < inventory_.gpus.size(); i++) {
        if (canonical_pci(inventory_.gpus[i].pci) == pci) return add_gpu(i, true);
      }
      unknown_.push_back(name);
      return;
    }
    if (auto colon = name.find(':'); colon != std::string::npos) return add_mig_index(name, colon);
    unknown_.push_back(name);
  }

  Result<Selection> finish() {
    if (!unknown_.empty() || !problems_.empty()) return error();
    auto before = [](const Selected& a, const Selected& b) {
      return std::tie(a.gpu, a.mig) < std::tie(b.gpu, b.mig);
    };
    std::sort(chosen_.begin(), chosen_.end(), before);
    return Selection{true, std::move(chosen_)};
  }

 private:
  void add(Selected selected) {
    if (std::find(chosen_.begin(), chosen_.end(), selected) == chosen_.end())
      chosen_.push_back(selected);
  }

  void add_index(const std::string& name) {
    auto index = parse_number<uint32_t>(name);
    for (uint32_t i = 0; i < inventory_.gpus.size(); i++) {
      if (inventory_.gpus[i].index == index) return add_gpu(i, true);
    }
    unknown_.push_back(name);
  }

  void add_mig_index(const std::string& name, size_t colon) {
    auto index = parse_number<uint32_t>(std::string_view(name).substr(0, colon));
    auto slice = parse_number<uint32_t>(std::string_view(name).substr(colon + 1));
    for (uint32_t i = 0; i < inventory_.gpus.size(); i++) {
      for (uint32_t m = 0; m < inventory_.gpus[i].mig.size(); m++) {
        if (index && slice && inventory_.gpus[i].index == *index &&
            inventory_.gpus[i].mig[m].index == *slice)
          return add({i, m});
      }
    }
    unknown_.push_back(name);
  }

  // "mig=1g.10gb", "mig=1g.10gb:2", "mig=1g.10gb:all": the first devices of the profile that are
  // not chosen yet.
  void add_profile(const std::string& name) {
    auto parts = split(std::string_view(name).substr(4), ':');
    if (parts.empty() || parts.size() > 2) return unknown_.push_back(name);
    bool every = parts.size() == 2 && parts[1] == "all";
    auto count =
        parts.size() == 2 && !every ? parse_number<uint32_t>(parts[1]) : std::optional<uint32_t>(1);
    if (!count || *count == 0) return unknown_.push_back(name);
    uint32_t found = 0;
    for (uint32_t i = 0; i < inventory_.gpus.size(); i++) {
      for (uint32_t m = 0; m < inventory_.gpus[i].mig.size(); m++) {
        Selected candidate{i, m};
        if (inventory_.gpus[i].mig[m].profile != parts[0] || (!every && found == *count)) continue;
        if (std::find(chosen_.begin(), chosen_.end(), candidate) != chosen_.end()) continue;
        chosen_.push_back(candidate);
        found++;
      }
    }
    if (found < *count)
      problems_.push_back(cat("'", printable(name), "': ", *count, " MIG devices of profile ",
                              printable(parts[0]), " wanted, ", found, " free to choose"));
  }

  std::vector<Selected> gpus_by_uuid(const std::string& prefix) const {
    std::vector<Selected> found;
    for (uint32_t i = 0; i < inventory_.gpus.size(); i++) {
      const auto& uuid = inventory_.gpus[i].uuid;
      if (uuid && has_prefix(lower(*uuid), prefix)) found.push_back({i, std::nullopt});
    }
    return found;
  }

  // Drivers before R470 named MIG devices "MIG-GPU-<uuid>/<gpu instance>/<compute instance>".
  static bool is_old_name(const std::string& prefix, const Gpu& gpu, const MigDevice& mig) {
    return gpu.uuid && prefix == lower(cat("mig-", *gpu.uuid, "/", mig.gpu_instance, "/",
                                           mig.compute_instance));
  }

  std::vector<Selected> migs_by_uuid(const std::string& prefix) const {
    std::vector<Selected> found;
    for (uint32_t i = 0; i < inventory_.gpus.size(); i++) {
      for (uint32_t m = 0; m < inventory_.gpus[i].mig.size(); m++) {
        const MigDevice& mig = inventory_.gpus[i].mig[m];
        if (has_prefix(lower(mig.uuid), prefix) || is_old_name(prefix, inventory_.gpus[i], mig))
          found.push_back({i, m});
      }
    }
    return found;
  }

  void add_unique(const std::string& name, const std::vector<Selected>& found, const char* what) {
    if (found.empty()) return unknown_.push_back(name);
    if (found.size() > 1) {
      std::vector<std::string> meanings;
      for (const Selected& one : found) meanings.push_back(printable(stable_name(inventory_, one)));
      problems_.push_back(
          cat("'", printable(name), "' means more than one ", what, ": ", join(meanings, ", ")));
      return;
    }
    if (found[0].mig) {
      add(found[0]);
    } else {
      add_gpu(found[0].gpu, true);
    }
  }

  std::vector<std::string> existing_names() const {
    std::vector<std::string> names;
    for (const Gpu& gpu : inventory_.gpus) {
      names.push_back(cat(gpu.index));
      if (gpu.uuid) names.push_back(*gpu.uuid);
      names.push_back(gpu.pci);
      for (const MigDevice& mig : gpu.mig) {
        names.push_back(cat(gpu.index, ":", mig.index));
        names.push_back(mig.uuid);
        names.push_back(cat("mig=", mig.profile));
      }
    }
    return names;
  }

  Error error() const {
    std::string text;
    if (!unknown_.empty()) {
      std::vector<std::string> shown;
      auto existing = existing_names();
      for (const std::string& name : unknown_) {
        if (shown.size() == 8) {
          shown.push_back(cat("and ", unknown_.size() - 8, " more"));
          break;
        }
        auto near = is_digits(name) ? std::vector<std::string>{} : nearest_names(name, existing);
        shown.push_back(cat("'", printable(name, 80), "'",
                            near.empty() ? "" : cat(" (near: ", printable(near.front()), ")")));
      }
      text = cat("unknown GPU ", join(shown, ", "));
    }
    for (const std::string& problem : problems_) text += cat(text.empty() ? "" : "; ", problem);
    std::vector<std::string> here;
    for (const Gpu& gpu : inventory_.gpus) {
      if (here.size() == 16) {
        here.push_back("...");
        break;
      }
      std::string entry = cat(gpu.index, gpu.uuid ? cat(" (", printable(*gpu.uuid), ")") : "");
      for (const MigDevice& mig : gpu.mig)
        entry += cat(" ", gpu.index, ":", mig.index, " (", printable(mig.profile), ")");
      here.push_back(std::move(entry));
    }
    return make_error(ErrorCode::kNotFound, text,
                      here.empty() ? "this machine has no usable GPU: see 'outboard list'"
                                   : cat("choose from: ", join(here, ", ")));
  }

  const Inventory& inventory_;
  std::vector<Selected> chosen_;
  std::vector<std::string> unknown_;
  std::vector<std::string> problems_;
};

}  // namespace

bool needs_nvml(const Request& request, const host::Facts& facts) {
  if (request.kind == Request::Kind::kNothing || request.kind == Request::Kind::kDriverOnly)
    return false;
  if (!facts.mig.empty()) return true;
  bool uuids_known = std::all_of(
      facts.gpus.begin(), facts.gpus.end(),
      [](const host::GpuFact& gpu) { return gpu.uuid || !gpu.bound || gpu.excluded == true; });
  bool minors_known = std::all_of(
      facts.gpus.begin(), facts.gpus.end(),
      [](const host::GpuFact& gpu) { return gpu.minor || !gpu.bound || gpu.excluded == true; });
  if (!minors_known) return true;
  for (const std::string& name : request.names) {
    std::string_view start = std::string_view(name).substr(0, 4);
    if (lower(start) == "mig-" || start == "mig=" ||
        (name.find(':') != std::string::npos && !canonical_pci(name)))
      return true;
    if (lower(start) == "gpu-" && !uuids_known) return true;
  }
  return false;
}

std::string stable_name(const Inventory& inventory, const Selected& selected) {
  const Gpu& gpu = inventory.gpus[selected.gpu];
  if (selected.mig) return gpu.mig[*selected.mig].uuid;
  return gpu.uuid ? *gpu.uuid : gpu.pci;
}

Result<Selection> select(const Inventory& inventory, const Request& request) {
  if (request.kind == Request::Kind::kNothing) return Selection{};
  if (request.kind == Request::Kind::kDriverOnly) return Selection{true, {}};
  if (inventory.gpus.empty()) {
    std::string reasons;
    for (const auto& [pci, reason] : inventory.unusable)
      reasons += cat("; ", printable(pci), ": ", reason);
    return make_error(ErrorCode::kNotFound, cat("this machine has no usable NVIDIA GPU", reasons),
                      "see 'outboard list', or ask with '--gpus optional' to run without one");
  }
  Selector selector(inventory);
  switch (request.kind) {
    case Request::Kind::kAll:
      for (uint32_t i = 0; i < inventory.gpus.size(); i++) selector.add_gpu(i, false);
      break;
    case Request::Kind::kCount:
      if (request.count > inventory.gpus.size()) {
        return make_error(
            ErrorCode::kNotFound,
            cat(request.count, " GPUs wanted, this machine has ", inventory.gpus.size()),
            cat("ask for at most ", inventory.gpus.size()));
      }
      for (uint32_t i = 0; i < request.count; i++) selector.add_gpu(i, true);
      break;
    default:
      for (const std::string& name : request.names) selector.add_name(name);
      break;
  }
  return selector.finish();
}

}  // namespace outboard::device
