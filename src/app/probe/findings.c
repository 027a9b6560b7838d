// SPDX-License-Identifier: Apache-2.0
// Judgement: which findings are problems. CUDA decides (a container that cannot compute is broken
// whatever NVML says); NVML counts where it is there, because a container without the capability
// "utility" has no libnvidia-ml. A process sees at most one MIG device by CUDA ("MIG User Guide",
// section Device enumeration), so with MIG devices the exact count is NVML's and CUDA must see at
// least one.
#include "app/probe/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 2, 3))) static void add(struct problems* out, const char* format,
                                                      ...) {
  if (out->count == sizeof out->texts / sizeof out->texts[0]) return;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(out->texts[out->count++], sizeof out->texts[0], format, arguments);
  va_end(arguments);
}

size_t usable_devices(const struct nvml_findings* nvml) {
  size_t count = 0;
  for (size_t i = 0; i < nvml->count; i++) {
    count += nvml->gpus[i].mig_enabled ? nvml->gpus[i].mig_count : 1;
  }
  return count;
}

static bool has_mig(const struct nvml_findings* nvml) {
  for (size_t i = 0; i < nvml->count; i++) {
    if (nvml->gpus[i].mig_count > 0) return true;
  }
  return false;
}

static void judge_kernel(const struct cuda_gpu* gpu, bool simulated,
                         const struct probe_options* options, struct problems* out) {
  const struct kernel_finding* kernel = &gpu->kernel;
  if (strcmp(kernel->result, "ok") == 0) return;
  if (simulated) {
    if (options->require_kernel)
      add(out, "CUDA device %d: kernel not run (simulated)", gpu->ordinal);
  } else if (kernel->wrong_count > 0) {
    add(out,
        "CUDA device %d: the kernel's result is wrong in %u elements, first at %u: 0x%08x, not "
        "0x%08x",
        gpu->ordinal, kernel->wrong_count, kernel->first_wrong, kernel->got, kernel->expected);
  } else {
    add(out, "CUDA device %d: kernel: %s%s%s", gpu->ordinal, kernel->result,
        kernel->step[0] != '\0' ? " in " : "", kernel->step);
  }
}

static void judge_counts(const struct findings* findings, long expected, struct problems* out) {
  const size_t cuda = findings->cuda.count;
  const size_t nvml = usable_devices(&findings->nvml);
  if (expected < 0) {
    if (cuda == 0 && findings->cuda.error[0] == '\0') add(out, "CUDA sees no device");
    return;
  }
  const size_t wanted = (size_t)expected;
  if (findings->nvml.found && nvml != wanted)
    add(out, "NVML sees %zu devices, not %zu", nvml, wanted);
  if (has_mig(&findings->nvml) ? (cuda == 0 && wanted > 0) : cuda != wanted) {
    add(out, "CUDA sees %zu devices, not %zu", cuda, wanted);
  }
}

void find_problems(const struct findings* findings, const struct probe_options* options,
                   struct problems* out) {
  // Without devices every library is right to refuse.
  const bool wants_devices = options->expected_devices != 0;
  if (wants_devices && findings->cuda.error[0] != '\0') add(out, "CUDA: %s", findings->cuda.error);
  if (wants_devices && findings->nvml.found && findings->nvml.error[0] != '\0') {
    add(out, "NVML: %s", findings->nvml.error);
  }
  judge_counts(findings, options->expected_devices, out);
  for (size_t i = 0; i < findings->cuda.count; i++) {
    judge_kernel(&findings->cuda.gpus[i], findings->cuda.simulated, options, out);
  }
  if (options->require_kernel && findings->cuda.count == 0 && wants_devices) {
    add(out, "no kernel was run");
  }
}
