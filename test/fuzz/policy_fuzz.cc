// SPDX-License-Identifier: Apache-2.0
// The administrator's policy file: either an error that names file and line, or a policy whose
// values the runtime can take without another look.
#include "app/policy.h"
#include "require.h"

using namespace outboard;
using namespace outboard::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto policy = app::parse_policy(std::string(text_of(data, size)), "config.toml");
  if (!policy) {
    FUZZ_REQUIRE(policy.error().code == ErrorCode::kUsage);
    require_readable(policy.error());
    std::string_view text = policy.error().text;
    FUZZ_REQUIRE(take_until(text, ":") == "config.toml", policy.error().text);
    std::string_view line = take_until(text, ":");
    FUZZ_REQUIRE(!line.empty() && line[0] >= '1' && line[0] <= '9', policy.error().text);
    return 0;
  }
  for (const std::string* path : {&policy->roots.driver, &policy->roots.dev, &policy->roots.proc,
                                  &policy->roots.sys, &policy->state_directory}) {
    FUZZ_REQUIRE(!path->empty() && path->front() == '/', *path);
    FUZZ_REQUIRE(path->find('\0') == std::string::npos, *path);
  }
  for (const std::string* path : {&policy->log, &policy->nvml_helper}) {
    FUZZ_REQUIRE(path->empty() || path->front() == '/', *path);
    FUZZ_REQUIRE(path->find('\0') == std::string::npos, *path);
  }
  FUZZ_REQUIRE(!policy->low_level_runtimes.empty());
  for (const std::string& program : policy->low_level_runtimes)
    FUZZ_REQUIRE(!program.empty() && program.find('\0') == std::string::npos, program);
  FUZZ_REQUIRE(policy->nvml_deadline_ms >= 1 && policy->nvml_deadline_ms <= 3'600'000);
  return 0;
}
