// SPDX-License-Identifier: Apache-2.0
// A directory of a test's own, gone when the test ends.
#pragma once

#include <cstdlib>
#include <string>

namespace outboard::test {

struct Scratch {
  std::string path = [] {
    char name[] = "/tmp/outboard-sim-test-XXXXXX";
    return std::string(::mkdtemp(name));
  }();
  Scratch() = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { [[maybe_unused]] int status = std::system(("rm -rf '" + path + "'").c_str()); }
};

}  // namespace outboard::test
