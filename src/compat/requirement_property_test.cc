// SPDX-License-Identifier: Apache-2.0
// What must hold of every expression, tried on random ones of the grammar (a fixed seed).
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "base/text.h"
#include "compat/requirement.h"

using namespace outboard;
using namespace outboard::compat;

namespace {

class Random {
 public:
  template <typename T>
  const T& of(const std::vector<T>& list) {
    return list[below(list.size())];
  }
  size_t below(size_t count) {
    return std::uniform_int_distribution<size_t>(0, count - 1)(engine_);
  }
  template <typename T>
  void shuffle(std::vector<T>& list) {
    std::shuffle(list.begin(), list.end(), engine_);
  }

 private:
  std::mt19937 engine_{20240917};
};

const std::vector<std::string> kCuda = {"9.0", "10.2", "11.8", "12.0", "12.2", "12.8", "13.0"};
const std::vector<std::string> kDriver = {"384.81", "470", "535", "535.104.05", "550", "580.65.06"};
const std::vector<std::string> kArch = {"3.5", "7.0", "8.0", "8.9", "9.0", "12.0"};
const std::vector<std::string> kBrand = {"tesla", "geforce", "geforcertx", "unknown", "nvidia"};

std::string random_clause(Random& random) {
  static const std::vector<std::string> kOperators = {"=", "!=", "<", "<=", ">", ">="};
  switch (random.below(4)) {
    case 0:
      return cat("cuda", random.of(kOperators), random.of(kCuda));
    case 1:
      return cat("driver", random.of(kOperators), random.of(kDriver));
    case 2:
      return cat("arch", random.of(kOperators), random.of(kArch));
    default:
      return cat("brand", random.below(2) == 0 ? "=" : "!=", random.of(kBrand));
  }
}

using Alternatives = std::vector<std::vector<std::string>>;

Alternatives random_alternatives(Random& random) {
  Alternatives out(1 + random.below(4));
  for (auto& alternative : out) {
    alternative.resize(1 + random.below(3));
    for (std::string& clause : alternative) clause = random_clause(random);
  }
  return out;
}

Requirement parse(const Alternatives& alternatives) {
  std::vector<std::string> texts;
  for (const auto& alternative : alternatives) texts.push_back(join(alternative, ","));
  auto parsed = parse_requirement("X", join(texts, " "));
  REQUIRE(parsed);
  return *parsed;
}

// All that there is to know.
Offer random_offer(Random& random) {
  Offer offer;
  offer.cuda = KnownVersion{random.of(kCuda), false};
  offer.driver = random.of(kDriver);
  offer.has_gpu = random.below(8) != 0;
  if (offer.has_gpu) {
    offer.arch = random.of(kArch);
    offer.brand = random.of(kBrand);
  }
  return offer;
}

// The same with less known.
Offer vaguer(Random& random, Offer offer) {
  if (random.below(2) == 0) {
    if (random.below(2) == 0) {
      offer.cuda = std::nullopt;
    } else {
      // "this or newer", of something that is not newer than what there is.
      std::vector<std::string> older;
      for (const std::string& one : kCuda) {
        if (compare_padded(one, offer.cuda->text) <= 0) older.push_back(one);
      }
      offer.cuda = KnownVersion{random.of(older), true};
    }
  }
  if (random.below(3) == 0) offer.driver = std::nullopt;
  if (offer.has_gpu && random.below(2) == 0) offer.arch = std::nullopt;
  if (offer.has_gpu && random.below(2) == 0) offer.brand = std::nullopt;
  return offer;
}

}  // namespace

TEST_CASE("what holds of every requirement") {
  Random random;
  size_t unknowns = 0, sure = 0;
  for (int round = 0; round < 4000; round++) {
    Alternatives alternatives = random_alternatives(random);
    Requirement requirement = parse(alternatives);
    Offer offer = random_offer(random);
    Truth answer = holds(requirement, offer);
    INFO(requirement.text);
    // Everything known: there is an answer.
    CHECK(answer != Truth::kUnknown);

    // One more alternative never turns yes into no; one more clause never no into yes.
    Alternatives wider = alternatives;
    wider.push_back({random_clause(random), random_clause(random)});
    CHECK(holds(parse(wider), offer) >= answer);
    Alternatives narrower = alternatives;
    for (auto& alternative : narrower) alternative.push_back(random_clause(random));
    CHECK(holds(parse(narrower), offer) <= answer);

    // Neither the order of alternatives nor that of clauses matters, nor saying something twice.
    Alternatives other = alternatives;
    random.shuffle(other);
    for (auto& alternative : other) random.shuffle(alternative);
    other.push_back(other.front());
    other.back().push_back(other.back().front());
    CHECK(holds(parse(other), offer) == answer);

    // Less knowledge may only make it unknown.
    Offer vague = vaguer(random, offer);
    Truth guess = holds(requirement, vague);
    CHECK((guess == Truth::kUnknown || guess == answer));
    (guess == Truth::kUnknown ? unknowns : sure)++;
    if (depends_on_brand(requirement, vague)) {
      CHECK(guess == Truth::kUnknown);
      CHECK_FALSE(vague.brand);
    }

    // What a clause says of itself is the same clause.
    std::vector<std::string> written;
    for (const auto& alternative : requirement.alternatives) {
      std::vector<std::string> clauses;
      for (const Clause& clause : alternative) clauses.push_back(clause.text());
      written.push_back(join(clauses, ","));
    }
    CHECK(join(written, " ") == requirement.text);
  }
  CHECK(unknowns > 200);
  CHECK(sure > 200);
}

TEST_CASE("a clause and its opposite") {
  Random random;
  const std::vector<std::pair<std::string, std::string>> opposites = {
      {"=", "!="}, {"<", ">="}, {">", "<="}};
  for (int round = 0; round < 500; round++) {
    Offer offer = vaguer(random, random_offer(random));
    const auto& pair = random.of(opposites);
    const std::string &one = pair.first, &other = pair.second;
    std::string value = random.of(kCuda);
    Truth yes = holds(parse({{cat("cuda", one, value)}}), offer);
    Truth no = holds(parse({{cat("cuda", other, value)}}), offer);
    INFO(value, one);
    CHECK((yes == Truth::kUnknown) == (no == Truth::kUnknown));
    if (yes != Truth::kUnknown) CHECK(yes != no);
  }
}
