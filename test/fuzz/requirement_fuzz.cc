// SPDX-License-Identifier: Apache-2.0
// An image's environment, an entry a line: what is read of it is what it says, what is refused is
// refused with a readable text, and answers do not hang on the order of things.
#include <algorithm>

#include "base/text.h"
#include "compat/csv.h"
#include "compat/image_labels.h"
#include "require.h"

using namespace outboard;
using namespace outboard::compat;
using namespace outboard::fuzz;

namespace {

std::string written(const Requirement& requirement) {
  std::string text;
  for (const auto& alternative : requirement.alternatives) {
    std::string clauses;
    for (const Clause& clause : alternative)
      clauses += cat(clauses.empty() ? "" : ",", clause.text());
    text += cat(text.empty() ? "" : " ", clauses);
  }
  return text;
}

void check_requirement(const Requirement& requirement) {
  auto again = parse_requirement(requirement.origin, written(requirement));
  FUZZ_REQUIRE(again, requirement.text, written(requirement));
  FUZZ_REQUIRE(written(*again) == written(requirement), written(*again), written(requirement));

  const Offer full{KnownVersion{"12.2", false}, "535.104.05", "9.0", "Tesla", true};
  Truth answer = holds(requirement, full);
  FUZZ_REQUIRE(answer != Truth::kUnknown, requirement.text);
  FUZZ_REQUIRE(holds(*again, full) == answer, requirement.text);
  Requirement turned = requirement;
  std::reverse(turned.alternatives.begin(), turned.alternatives.end());
  FUZZ_REQUIRE(holds(turned, full) == answer, requirement.text);

  Offer vague = full;
  vague.brand = std::nullopt;
  vague.cuda = KnownVersion{"12.0", true};
  Truth guess = holds(requirement, vague);
  FUZZ_REQUIRE(guess == Truth::kUnknown || guess == answer, requirement.text);
  FUZZ_REQUIRE(!depends_on_brand(requirement, vague) || guess == Truth::kUnknown, requirement.text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = text_of(data, size);
  std::vector<std::string> environment = lines_of(text);
  auto requirements = requirements_of_environment(environment);
  if (!requirements) {
    FUZZ_REQUIRE(requirements.error().code == ErrorCode::kUsage);
    require_readable(requirements.error());
    return 0;
  }
  FUZZ_REQUIRE(!requirements->disabled || requirements->all.empty());
  for (const Requirement& requirement : requirements->all) check_requirement(requirement);
  for (const std::string& note : requirements->notes)
    FUZZ_REQUIRE(note == printable(note, note.size()), note);
  // The text as the value of each label, too.
  std::string value(text.substr(0, text.find('\n')));
  auto labelled = requirements_of_image(environment, {{"com.nvidia.volumes.needed", value},
                                                      {"com.nvidia.cuda.version", value},
                                                      {"com.nvidia.cudnn.version", value}});
  FUZZ_REQUIRE(labelled);
  FUZZ_REQUIRE(labelled->disabled == requirements->disabled);
  size_t more = labelled->all.size() - requirements->all.size();
  FUZZ_REQUIRE(more == 0 || (more == 1 && !labelled->disabled && is_version(value)));
  for (const Requirement& requirement : labelled->all) check_requirement(requirement);
  for (const std::string& note : labelled->notes)
    FUZZ_REQUIRE(note == printable(note, note.size()), note);
  return 0;
}
