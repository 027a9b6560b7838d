// SPDX-License-Identifier: Apache-2.0
// The document: member names are an interface (`outboard verify` and people's scripts read them).
// Nothing known is null, never 0 or "".
#include <stdio.h>
#include <string.h>

#include "app/probe/findings.h"

static void write_mebibytes(struct json_text* json, uint64_t mebibytes) {
  if (mebibytes == 0) {
    json_string(json, "memory_mib", "");
  } else {
    json_number(json, "memory_mib", (long long)mebibytes);
  }
}

static void write_mig(struct json_text* json, const struct mig_finding* mig) {
  json_open(json, NULL, '{');
  json_number(json, "index", mig->index);
  json_string(json, "uuid", mig->uuid);
  json_string(json, "name", mig->name);
  write_mebibytes(json, mig->memory_mib);
  json_number(json, "gpu_instance", mig->gpu_instance);
  json_number(json, "compute_instance", mig->compute_instance);
  json_close(json, '}');
}

static void write_nvml(struct json_text* json, const struct nvml_findings* nvml) {
  json_open(json, "nvml", '{');
  json_string(json, "library", nvml->library);
  json_string(json, "error", nvml->error);
  json_close(json, '}');
  json_open(json, "devices_nvml", '[');
  for (size_t i = 0; i < nvml->count; i++) {
    const struct nvml_gpu* gpu = &nvml->gpus[i];
    json_open(json, NULL, '{');
    json_number(json, "index", gpu->index);
    json_string(json, "uuid", gpu->uuid);
    json_string(json, "name", gpu->name);
    json_string(json, "pci", gpu->pci);
    write_mebibytes(json, gpu->memory_mib);
    json_bool(json, "mig_enabled", gpu->mig_enabled);
    json_open(json, "mig", '[');
    for (size_t m = 0; m < gpu->mig_count; m++) write_mig(json, &gpu->mig[m]);
    json_close(json, ']');
    json_close(json, '}');
  }
  json_close(json, ']');
}

static void write_kernel(struct json_text* json, const struct cuda_gpu* gpu) {
  const struct kernel_finding* kernel = &gpu->kernel;
  json_open(json, NULL, '{');
  json_number(json, "ordinal", gpu->ordinal);
  json_string(json, "uuid", gpu->uuid);
  json_string(json, "result", kernel->result);
  json_string(json, "step", kernel->step);
  if (kernel->wrong_count > 0) {
    json_number(json, "wrong_elements", kernel->wrong_count);
    json_number(json, "first_wrong", kernel->first_wrong);
    json_number(json, "expected", kernel->expected);
    json_number(json, "got", kernel->got);
  }
  json_close(json, '}');
}

static void write_cuda(struct json_text* json, const struct cuda_findings* cuda) {
  json_open(json, "cuda", '{');
  json_string(json, "library", cuda->library);
  json_string(json, "error", cuda->error);
  json_close(json, '}');
  json_open(json, "devices_cuda", '[');
  for (size_t i = 0; i < cuda->count; i++) {
    const struct cuda_gpu* gpu = &cuda->gpus[i];
    char capability[16] = "";
    if (gpu->cc_major > 0) {
      snprintf(capability, sizeof capability, "%d.%d", gpu->cc_major, gpu->cc_minor);
    }
    json_open(json, NULL, '{');
    json_number(json, "ordinal", gpu->ordinal);
    json_string(json, "uuid", gpu->uuid);
    json_string(json, "name", gpu->name);
    json_string(json, "pci", gpu->pci);
    json_string(json, "compute_capability", capability);
    write_mebibytes(json, gpu->memory_mib);
    json_close(json, '}');
  }
  json_close(json, ']');
  json_open(json, "kernel", '[');
  for (size_t i = 0; i < cuda->count; i++) write_kernel(json, &cuda->gpus[i]);
  json_close(json, ']');
}

static void write_nodes(struct json_text* json, const struct node_findings* nodes) {
  json_open(json, "nodes", '[');
  for (size_t i = 0; i < nodes->count; i++) {
    const struct node_finding* node = &nodes->nodes[i];
    char name[32];
    json_open(json, NULL, '{');
    json_string(json, "path", node->path);
    json_string(json, "open",
                node->open_errno == 0 ? "ok" : errno_name(node->open_errno, name, sizeof name));
    json_number(json, "major", node->major);
    json_number(json, "minor", node->minor);
    json_close(json, '}');
  }
  json_close(json, ']');
  json_bool(json, "nodes_cut", nodes->cut);
}

/// Flags of an entry: type and ABI in dl-cache.h.
static const char* abi_of(int32_t flags) {
  switch (flags & 0xff00) {
    case 0x0300:
      return "x86_64";
    case 0x0800:
      return "x32";
    case 0x0a00:
      return "aarch64";
    case 0x0000:
      return "i386";
    default:
      return "other";
  }
}

static void write_cache(struct json_text* json, const struct cache_findings* cache) {
  json_open(json, "ldconfig", '[');
  for (size_t i = 0; i < cache->count; i++) {
    const struct cache_entry* entry = &cache->entries[i];
    json_open(json, NULL, '{');
    json_string(json, "soname", entry->soname);
    json_string(json, "path", entry->path);
    json_string(json, "abi", abi_of(entry->flags));
    json_close(json, '}');
  }
  json_close(json, ']');
  json_string(json, "ldconfig_error", cache->error);
  json_bool(json, "ldconfig_cut", cache->cut);
}

void write_document(const struct findings* findings, const struct problems* problems,
                    struct json_text* json) {
  char version[16] = "";
  if (findings->cuda.cuda_version > 0) {
    snprintf(version, sizeof version, "%d.%d", findings->cuda.cuda_version / 1000,
             findings->cuda.cuda_version % 1000 / 10);
  }
  json_open(json, NULL, '{');
  json_string(json, "program", "outboard-probe " OUTBOARD_VERSION);
  json_number(json, "schema", 1);
  json_bool(json, "ok", problems->count == 0);
  json_bool(json, "simulated", findings->cuda.simulated);
  json_string(json, "driver_version", findings->nvml.driver_version);
  json_string(json, "cuda_version", version);
  write_nvml(json, &findings->nvml);
  write_cuda(json, &findings->cuda);
  write_nodes(json, &findings->nodes);
  write_cache(json, &findings->cache);
  json_open(json, "problems", '[');
  for (size_t i = 0; i < problems->count; i++) json_string(json, NULL, problems->texts[i]);
  json_close(json, ']');
  json_close(json, '}');
}
