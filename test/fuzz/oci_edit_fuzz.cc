// SPDX-License-Identifier: Apache-2.0
// The edit of an OCI specification. The first line describes one plan, or two with '|' between
// them, in words: n:PATH (device node), m:TARGET (mount), s:TARGET (socket), c:PATH (library in the
// cache), g:GID, v:NAME=VALUE, U (nodes as mounts), L:FILE (cache as mount). The rest is the
// specification.
#include <algorithm>

#include "base/text.h"
#include "oci_schema.h"
#include "render/oci.h"
#include "require.h"

using namespace outboard;
using namespace outboard::fuzz;
using json::Value;

namespace {

struct Edit {
  plan::Plan plan;
  render::EditOptions options;
};

Edit described(std::string_view line) {
  Edit edit;
  edit.options.bundle = "/run/bundle";
  for (std::string_view word : words(line)) {
    if (word == "U") edit.options.nodes_as_mounts = true;
    if (word.size() < 3 || word[1] != ':') continue;
    std::string text(word.substr(2));
    auto number = static_cast<uint32_t>(text.size());
    switch (word[0]) {
      case 'n':
        edit.plan.nodes.push_back({text, "/host" + text, 195, number, 0666, 0, number, true, {}});
        break;
      case 'm':
      case 's':
        edit.plan.mounts.push_back({"/driver/" + text, text, word[0] == 's', {}});
        break;
      case 'c':
        edit.plan.cache.push_back({"libcuda.so.1", text, 64});
        break;
      case 'g':
        edit.plan.groups.push_back(parse_number<uint32_t>(text).value_or(44));
        break;
      case 'v':
        edit.plan.environment.push_back({"OUTBOARD_" + text, "1", {}});
        break;
      case 'L':
        edit.options.ld_cache_source = text;
        break;
      default:
        break;
    }
  }
  return edit;
}

Value edited(Value spec, const Edit& edit) {
  render::edit_spec(spec, edit.plan, edit.options);
  return spec;
}

// The lists that an edit adds to.
const std::vector<std::vector<std::string_view>> kLists = {{"mounts"},
                                                           {"process", "env"},
                                                           {"process", "user", "additionalGids"},
                                                           {"linux", "devices"},
                                                           {"linux", "resources", "devices"}};

bool is_empty(const Value& value) {
  return value.is_null() || ((value.is_array() || value.is_object()) && value.items().empty() &&
                             value.members().empty());
}

// Members in the order of their names, and without empty lists and objects where an edit makes
// them: in this form two specifications that mean the same are equal.
Value canonical(Value spec) {
  for (std::vector<std::string_view> path : kLists) {
    while (!path.empty()) {
      Value* parent = &spec;
      for (size_t i = 0; i + 1 < path.size() && parent; i++) parent = parent->find(path[i]);
      if (parent && parent->find(path.back()) && is_empty(*parent->find(path.back())))
        parent->remove(path.back());
      path.pop_back();
    }
  }
  if (is_empty(spec["annotations"])) spec.remove("annotations");
  auto by_name = [](const json::Member& a, const json::Member& b) { return a.first < b.first; };
  auto sort = [&](auto&& self, Value& value) -> void {
    std::stable_sort(value.members().begin(), value.members().end(), by_name);
    for (auto& [name, member] : value.members()) self(self, member);
    for (Value& item : value.items()) self(self, item);
  };
  sort(sort, spec);
  return spec;
}

// What an edit may not touch.
Value untouched_part(Value spec) {
  for (const auto& path : kLists) {
    Value* parent = &spec;
    for (size_t i = 0; i + 1 < path.size() && parent; i++) parent = parent->find(path[i]);
    if (parent) parent->remove(path.back());
  }
  if (Value* annotations = spec.find("annotations")) annotations->remove(render::kEditAnnotation);
  spec.remove("hooks");
  return canonical(std::move(spec));
}

const Value& list_of(const Value& spec, const std::vector<std::string_view>& path) {
  const Value* at = &spec;
  for (std::string_view name : path) at = &(*at)[name];
  return *at;
}

void require_same(const Value& seen, const Value& expected) {
  FUZZ_REQUIRE(seen == expected, json::write(seen), json::write(expected));
}

void check_kept(const Value& before, const Value& after) {
  require_same(untouched_part(after), untouched_part(before));
  // Without an earlier edit nothing is taken out of the lists, and ours stands behind.
  if (!before["annotations"].find(render::kEditAnnotation)) {
    for (const auto& path : kLists) {
      const auto& old_items = list_of(before, path).items();
      const auto& new_items = list_of(after, path).items();
      FUZZ_REQUIRE(new_items.size() >= old_items.size());
      FUZZ_REQUIRE(std::equal(old_items.begin(), old_items.end(), new_items.begin(),
                              [](const Value& was, const Value& is) {
                                // A variable of the plan takes the place of one of that name.
                                return was == is || (was.text().rfind("OUTBOARD_", 0) == 0 &&
                                                     is.text().rfind("OUTBOARD_", 0) == 0);
                              }));
    }
  }
  if (!before["annotations"].find(render::kEditAnnotation)) {
    FUZZ_REQUIRE(render::environment_before_edit(after) == before["process"]["env"].as_strings());
  }
  // What forbids a device is never taken out, whatever an annotation says.
  for (const Value& rule : list_of(before, kLists.back()).items()) {
    if (rule["allow"].as_bool() == true) continue;
    const auto& rules = list_of(after, kLists.back()).items();
    FUZZ_REQUIRE(std::find(rules.begin(), rules.end(), rule) != rules.end(), json::write(rule));
  }
}

void check_request(const Value& before, const Value& after) {
  for (bool environment : {true, false}) {
    render::RequestPolicy policy{environment, environment};
    auto asked = render::request_of_spec(before, policy);
    auto still = render::request_of_spec(after, policy);
    FUZZ_REQUIRE(asked.has_value() == still.has_value());
    if (asked) FUZZ_REQUIRE(*asked == *still, json::write(after), json::write(before));
  }
}

void check_edit(const Value& before, const Edit& edit) {
  Value after = edited(before, edit);
  FUZZ_REQUIRE(!render::has_gpu_hook(after), json::write(after));
  FUZZ_REQUIRE(json::write(edited(after, edit)) == json::write(after),
               json::write(edited(after, edit)), json::write(after));
  check_kept(before, after);
  check_request(before, after);
  // What the edit says it has mounted is there, and what it was to mount is there.
  auto is_mounted = [&](const std::string& target) {
    const auto& mounts = after["mounts"].items();
    return std::any_of(mounts.begin(), mounts.end(),
                       [&](const Value& mount) { return mount["destination"].text() == target; });
  };
  for (const std::string& target : render::edited_mounts(after))
    FUZZ_REQUIRE(is_mounted(target), target);
  for (const plan::PlannedMount& mount : edit.plan.mounts)
    FUZZ_REQUIRE(is_mounted(mount.target), mount.target);
  // Without a process (only `create` needs one) ours would be half of one.
  if (before.find("process") && !schema_problem(before)) {
    auto problem = schema_problem(after);
    FUZZ_REQUIRE(!problem, problem.value_or(""), json::write(after));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = text_of(data, size);
  std::string_view line = take_until(text, "\n");
  auto parsed = json::parse(text, "config.json");
  if (!parsed) return 0;
  const Value& spec = *parsed;
  (void)render::request_of_spec(spec, {});
  const Edit nothing;
  Value cleaned = edited(spec, nothing);
  FUZZ_REQUIRE(json::write(edited(cleaned, nothing)) == json::write(cleaned));
  if (auto shape = render::check_shape(spec); !shape) {
    require_readable(shape.error());
    return 0;
  }
  // Of an annotation that an image brought nothing is believed: it does not know the bundle.
  const std::string bundle = "/run/bundle-4f1c6e";
  Value own = spec;
  render::forget_foreign_edit(own, bundle);
  const Value* record = own["annotations"].find(render::kEditAnnotation);
  FUZZ_REQUIRE(!record || record->text().find("4f1c6e") != std::string::npos, json::write(own));
  require_same(untouched_part(own), untouched_part(spec));
  Edit first = described(take_until(line, "|"));
  Edit second = described(line);
  check_edit(spec, first);
  check_edit(spec, nothing);
  // After another plan, as after a driver upgrade, the result is as if only the last edit had been.
  Value once = edited(spec, second);
  Value again = edited(edited(spec, first), second);
  require_same(canonical(again), canonical(once));
  require_same(canonical(edited(once, nothing)), canonical(cleaned));
  return 0;
}
