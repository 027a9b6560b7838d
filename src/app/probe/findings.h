// SPDX-License-Identifier: Apache-2.0
// What is wrong with the findings, given what was asked, and the document that says it all.
#pragma once

#include "app/probe/json_text.h"
#include "app/probe/probe.h"

struct probe_options {
  bool require_kernel;    ///< a kernel that did not run is a problem, simulated or not
  long expected_devices;  ///< -1: at least one
};

struct problems {
  size_t count;
  char texts[64][320];
};

/// Every GPU without MIG mode and every MIG device: what a person can ask for.
size_t usable_devices(const struct nvml_findings* nvml);

void find_problems(const struct findings* findings, const struct probe_options* options,
                   struct problems* out);

void write_document(const struct findings* findings, const struct problems* problems,
                    struct json_text* json);
