// SPDX-License-Identifier: Apache-2.0
// libFuzzer's own mutations nearly always make JSON that does not parse. This one changes the tree:
// it takes values away, doubles, exchanges and replaces them, and leaves the mutation of single
// texts and numbers to libFuzzer. A line in front of the document (some targets take options there)
// is kept.
#include <algorithm>
#include <random>

#include "base/json.h"
#include "require.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace outboard::fuzz {

namespace {

using json::Value;
using Random = std::minstd_rand;

size_t below(Random& random, size_t limit) {
  return limit == 0 ? 0 : static_cast<size_t>(random()) % limit;
}

void collect(Value& value, std::vector<Value*>& all) {
  all.push_back(&value);
  for (Value& item : value.items()) collect(item, all);
  for (auto& [name, member] : value.members()) collect(member, all);
}

std::string mutated_text(std::string text, Random& random) {
  size_t size = text.size();
  text.resize(size + 1 + below(random, 16));
  text.resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(text.data()), size, text.size()));
  return text;
}

Value odd_value(Random& random) {
  static const Value kOdd[] = {Value(),
                               Value(true),
                               Value(0),
                               Value(-1),
                               Value(UINT64_MAX),
                               Value::number("1e3"),
                               Value::number("18446744073709551616"),
                               Value(""),
                               Value(std::string_view("\0", 1)),
                               Value("\xff"),
                               Value("/"),
                               Value("../.."),
                               Value::array(),
                               Value::object()};
  return kOdd[below(random, std::size(kOdd))];
}

void mutate_leaf(Value& value, Random& random) {
  if (value.is_string()) {
    value = mutated_text(value.text(), random);
  } else if (value.type() == Value::Type::kNumber) {
    value = below(random, 2) == 0 ? Value(static_cast<int64_t>(random()) - 1000000000)
                                  : Value(below(random, 512));
  } else {
    value = odd_value(random);
  }
}

void mutate_list(std::vector<Value>& items, Random& random) {
  size_t at = below(random, items.size());
  switch (below(random, 4)) {
    case 0:
      items.erase(items.begin() + static_cast<std::ptrdiff_t>(at));
      break;
    case 1:
      items.push_back(Value(items[at]));
      break;
    case 2:
      std::swap(items[at], items[below(random, items.size())]);
      break;
    default:
      items.insert(items.begin() + static_cast<std::ptrdiff_t>(at), odd_value(random));
  }
}

void mutate_members(std::vector<json::Member>& members, Random& random) {
  size_t at = below(random, members.size());
  switch (below(random, 4)) {
    case 0:
      members.erase(members.begin() + static_cast<std::ptrdiff_t>(at));
      break;
    case 1:
      members.push_back(json::Member(members[at]));
      break;
    case 2:
      members[at].first = mutated_text(members[at].first, random);
      break;
    default:
      std::swap(members[at].second, members[below(random, members.size())].second);
  }
}

void mutate_tree(Value& root, Random& random) {
  std::vector<Value*> all;
  collect(root, all);
  Value& chosen = *all[below(random, all.size())];
  size_t way = below(random, 8);
  if (way == 0) {
    chosen = Value(*all[below(random, all.size())]);
  } else if (way == 1) {
    chosen = odd_value(random);
  } else if (!chosen.items().empty()) {
    mutate_list(chosen.items(), random);
  } else if (!chosen.members().empty()) {
    mutate_members(chosen.members(), random);
  } else {
    mutate_leaf(chosen, random);
  }
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  Random random(seed);
  if (below(random, 4) == 0) return LLVMFuzzerMutate(data, size, max_size);
  std::string_view text = text_of(data, size);
  std::string_view front;
  if (!text.empty() && text[0] != '{' && text[0] != '[') {
    size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    front = text.substr(0, end);
    text.remove_prefix(end);
  }
  auto tree = json::parse(text, "input");
  if (!tree) return LLVMFuzzerMutate(data, size, max_size);
  for (size_t i = 0; i <= below(random, 4); i++) mutate_tree(*tree, random);
  std::string out(front);
  if (!out.empty() && below(random, 4) == 0) {
    out.back() = ' ';
    out = mutated_text(out, random);
    std::replace(out.begin(), out.end(), '\n', ' ');
    out += '\n';
  }
  out += json::write(*tree);
  if (out.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::copy(out.begin(), out.end(), data);
  return out.size();
}

}  // namespace outboard::fuzz
