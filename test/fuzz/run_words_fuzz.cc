// SPDX-License-Identifier: Apache-2.0
// The words after `outboard run`, one a line: nothing is lost on the way to the engine, and reading
// what was written for the engine gives the same again.
#include "base/text.h"
#include "engine/run_words.h"
#include "require.h"

using namespace outboard;
using namespace outboard::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<Option> kOwn = {{"gpus", 0, "SPEC", "which GPUs", ""},
                                           {"engine", 0, "NAME", "which engine", ""},
                                           {"dry-run", 0, "", "print the command", ""}};
  std::vector<std::string> words = lines_of(text_of(data, size));
  auto split = engine::split_run_words(words, kOwn);
  if (!split) {
    FUZZ_REQUIRE(split.error().code == ErrorCode::kUsage);
    require_readable(split.error());
    return 0;
  }
  FUZZ_REQUIRE(split->arguments.size() <= words.size());
  for (size_t i = 0; i < split->arguments.size(); i++)
    FUZZ_REQUIRE(split->arguments[i] == words[words.size() - split->arguments.size() + i]);
  for (const std::string& own : split->own) FUZZ_REQUIRE(own.rfind("--", 0) == 0, own);

  std::vector<std::string> written = split->own;
  for (const std::string& word : engine::option_words(split->options)) written.push_back(word);
  if (!split->image.empty()) engine::append_image(written, *split);
  auto again = engine::split_run_words(written, kOwn);
  FUZZ_REQUIRE(again, join(written, "\n"));
  FUZZ_REQUIRE(again->own == split->own && again->options == split->options, join(written, "\n"));
  if (!split->image.empty())
    FUZZ_REQUIRE(again->image == split->image && again->arguments == split->arguments,
                 join(written, "\n"));
  return 0;
}
