// SPDX-License-Identifier: Apache-2.0
// An image's configuration, which whoever made the image wrote: every word of the container's
// command comes from it, in its order, and setting a variable is seen by whoever asks for it.
#include <algorithm>

#include "engine/image_config.h"
#include "require.h"

using namespace outboard;
using namespace outboard::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto value = json::parse(text_of(data, size), "image");
  if (!value) return 0;
  engine::ImageConfig config = engine::image_config_from_json(*value);
  std::vector<std::string> own = engine::container_argv(config, nullptr, {});
  FUZZ_REQUIRE(own.size() == config.entrypoint.size() + config.command.size());
  std::vector<std::string> given = engine::container_argv(config, nullptr, {"a", "b"});
  FUZZ_REQUIRE(given.size() == config.entrypoint.size() + 2 && given.back() == "b");
  std::string nothing;
  FUZZ_REQUIRE(engine::container_argv(config, &nothing, {}).empty());

  std::vector<std::string> environment = config.environment;
  engine::set_variable(environment, "NVIDIA_VISIBLE_DEVICES=void");
  FUZZ_REQUIRE(engine::find_variable(environment, "NVIDIA_VISIBLE_DEVICES") == "void");
  FUZZ_REQUIRE(environment.size() <= config.environment.size() + 1);
  std::vector<std::string> twice = environment;
  engine::set_variable(twice, "NVIDIA_VISIBLE_DEVICES=void");
  FUZZ_REQUIRE(twice == environment);
  return 0;
}
