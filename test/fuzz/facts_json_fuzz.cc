// SPDX-License-Identifier: Apache-2.0
// A snapshot as `outboard capture` writes it ({"facts": ..., "nvml": ...}), or one of its two
// parts: what can be read goes through selection, plan and edit as on the machine that it
// describes.
#include "host/facts_json.h"
#include "pipeline.h"
#include "require.h"

using namespace outboard;
using namespace outboard::fuzz;

static void check_answer(const host::NvmlAnswer& answer) {
  auto value = json::parse(json::write(host::nvml_to_json(answer)), "answer");
  FUZZ_REQUIRE(value);
  auto again = host::nvml_from_json(*value);
  FUZZ_REQUIRE(again && *again == answer, json::write(*value));
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto value = json::parse(text_of(data, size), "input");
  if (!value) return 0;
  const json::Value* facts_part = value->find("facts");
  const json::Value* nvml_part = value->find("nvml");
  auto facts = host::facts_from_json(facts_part ? *facts_part : *value);
  auto nvml = host::nvml_from_json(nvml_part ? *nvml_part : *value);
  if (nvml) {
    check_answer(*nvml);
  } else {
    require_readable(nvml.error());
  }
  if (!facts) {
    require_readable(facts.error());
    return 0;
  }
  check_pipeline(*facts, nvml && nvml_part ? &*nvml : nullptr, {});
  return 0;
}
