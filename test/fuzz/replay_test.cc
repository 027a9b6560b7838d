// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target on every file of its corpus, as an ordinary test: the seeds, and the inputs
// that once failed.
#include <doctest/doctest.h>

#include "base/files.h"
#include "require.h"

static void run_on(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

TEST_CASE("every file of the corpus " OUTBOARD_CORPUS) {
  auto names = outboard::list_directory(OUTBOARD_CORPUS);
  REQUIRE(names);
  REQUIRE(names->size() >= 3);
  run_on("");
  for (const std::string& name : *names) {
    INFO(name);
    outboard::fuzz::current_input = name;
    auto bytes = outboard::read_file(outboard::join_path(OUTBOARD_CORPUS, name));
    REQUIRE(bytes);
    run_on(*bytes);
  }
}
