// SPDX-License-Identifier: Apache-2.0
#include "engine/image_config.h"

#include <doctest/doctest.h>

using namespace outboard;

TEST_CASE("a variable that is set wins over every entry that an image has of it") {
  std::vector<std::string> environment = {"A=1", "NVIDIA_VISIBLE_DEVICES=all", "B=2",
                                          "NVIDIA_VISIBLE_DEVICES=0"};
  engine::set_variable(environment, "NVIDIA_VISIBLE_DEVICES=void");
  CHECK(environment == std::vector<std::string>{"A=1", "NVIDIA_VISIBLE_DEVICES=void", "B=2"});
  engine::set_variable(environment, "C=3");
  CHECK(engine::find_variable(environment, "C") == "3");
}
