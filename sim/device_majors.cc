// SPDX-License-Identifier: Apache-2.0
// Free major numbers and the /proc/devices that lists them.
#include "sim/device_majors.h"

#include <algorithm>
#include <cstdio>

#include "base/text.h"

namespace outboard::sim {

namespace {

struct Line {
  unsigned major = 0;
  std::string name;
};

/// The section of character devices: "  5 /dev/tty".
std::vector<Line> character_lines(std::string_view proc_devices) {
  std::vector<Line> lines;
  for (std::string_view line : split(proc_devices, '\n')) {
    if (line.starts_with("Block devices")) break;
    auto parts = words(line);
    if (parts.size() != 2) continue;
    if (auto major = parse_number<unsigned>(parts[0])) {
      lines.push_back({*major, std::string(parts[1])});
    }
  }
  return lines;
}

}  // namespace

std::vector<unsigned> used_majors(std::string_view proc_devices) {
  std::vector<unsigned> majors;
  for (const Line& line : character_lines(proc_devices)) majors.push_back(line.major);
  return majors;
}

Result<Majors> free_majors(std::string_view proc_devices) {
  const std::vector<unsigned> used = used_majors(proc_devices);
  std::vector<unsigned> free;
  for (unsigned major : {120U, 121U, 122U, 123U, 124U, 125U, 126U, 127U, 60U, 61U, 62U, 63U}) {
    if (std::find(used.begin(), used.end(), major) == used.end()) free.push_back(major);
  }
  if (free.size() < 7) {
    return make_error(ErrorCode::kUnsupported,
                      "fewer than 7 of the local device numbers 60 to 63 and 120 to 127 are free",
                      "look at /proc/devices for who uses them");
  }
  return Majors{.nvidia = free[0],
                .uvm = free[1],
                .caps = free[2],
                .imex = free[3],
                .nvswitch = free[4],
                .nvlink = free[5],
                .drm = free[6]};
}

std::string simulated_proc_devices(std::string_view proc_devices, const Majors& majors,
                                   bool with_driver) {
  std::vector<Line> lines;
  for (Line& line : character_lines(proc_devices)) {
    if (!line.name.starts_with("nvidia") && line.name != "drm") lines.push_back(std::move(line));
  }
  lines.push_back({majors.drm, "drm"});
  if (with_driver) {
    lines.push_back({majors.nvidia, "nvidia"});
    lines.push_back({majors.nvidia, "nvidia-modeset"});
    lines.push_back({majors.nvidia, "nvidiactl"});
    lines.push_back({majors.uvm, "nvidia-uvm"});
    lines.push_back({majors.caps, "nvidia-caps"});
    lines.push_back({majors.imex, "nvidia-caps-imex-channels"});
    lines.push_back({majors.nvswitch, "nvidia-nvswitch"});
    lines.push_back({majors.nvlink, "nvidia-nvlink"});
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) { return a.major < b.major; });
  std::string text = "Character devices:\n";
  for (const Line& line : lines) {
    char number[16];
    std::snprintf(number, sizeof number, "%3u ", line.major);
    text += cat(number, line.name, "\n");
  }
  const size_t block = proc_devices.find("Block devices");
  text += "\n";
  if (block != std::string_view::npos) text += proc_devices.substr(block);
  return text;
}

}  // namespace outboard::sim
