// SPDX-License-Identifier: Apache-2.0
// Reads the parts of the snapshot. Every function leaves what it cannot learn unknown and never
// fails; whether it hangs is the runner's business (run_checks.h).
#pragma once

#include <string>
#include <string_view>

#include "doctor/facts.h"
#include "doctor/places.h"

namespace outboard::doctor {

void read_part(Part part, const Places& places, Facts& facts);
/// "the kernel log", for messages.
std::string_view part_name(Part part);

void read_kernel(const Places& places, Facts& facts);
void read_pci(const Places& places, Facts& facts);
void read_processes(const Places& places, Facts& facts);
void read_system(const Places& places, Facts& facts);
void read_security(const Places& places, Facts& facts);
void read_log(const Places& places, Facts& facts);
void read_limits(const Places& places, Facts& facts);
void read_nvml_part(const Places& places, Facts& facts);

/// The records of a kernel log in the format of /dev/kmsg ("6,339,5140900,-;text") or of dmesg
/// ("[    5.140900] text"); only those that can concern a GPU are kept. Pure.
std::vector<LogLine> parse_kernel_log(std::string_view text);
/// Modules of /proc/modules. Pure.
std::vector<Module> parse_modules(std::string_view text);
/// The ACS Control Register in a PCI function's configuration space, nothing without the capability
/// (PCI Express Base Specification, 7.7.8: extended capability 000Dh, control at offset 6). Pure.
std::optional<uint16_t> acs_control(std::string_view configuration);
/// The name of an NVIDIA device in the text of pci.ids (its format: two-space indentation is by
/// tabs; vendor lines start at the margin). Pure.
std::optional<std::string> name_in_pci_ids(std::string_view text, uint32_t device);

}  // namespace outboard::doctor
