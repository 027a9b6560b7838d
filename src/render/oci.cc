// SPDX-License-Identifier: Apache-2.0
// Writing the plan into a specification and taking it out again.
#include "render/oci.h"

#include <algorithm>
#include <set>

#include "base/text.h"

namespace outboard::render {

namespace {

constexpr const char* kHookStages[] = {"prestart", "createRuntime", "createContainer"};

json::Value device_entry(const plan::PlannedNode& node) {
  json::Value entry;
  entry.members().reserve(7);
  entry.set("path", node.path);
  entry.set("type", "c");
  entry.set("major", node.major);
  entry.set("minor", node.minor);
  entry.set("fileMode", node.mode);
  entry.set("uid", node.uid);
  entry.set("gid", node.gid);
  return entry;
}

// "rw" and not "rwm": what is in the container is made by the low-level runtime; nothing in it
// needs mknod.
json::Value allow_rule(json::Value major, json::Value minor) {
  json::Value rule;
  rule.members().reserve(5);
  rule.set("allow", true);
  rule.set("type", "c");
  rule.set("major", std::move(major));
  rule.set("minor", std::move(minor));
  rule.set("access", "rw");
  return rule;
}

json::Value bind_mount(const std::string& source, const std::string& target,
                       std::vector<std::string> options) {
  json::Value entry;
  entry.members().reserve(4);
  entry.set("destination", target);
  entry.set("type", "bind");
  entry.set("source", source);
  entry.set("options", json::Value::array(options));
  return entry;
}

bool has_element(const json::Value& list, std::string_view key, const std::string& value) {
  return std::any_of(list.items().begin(), list.items().end(),
                     [&](const json::Value& item) { return item[key].text() == value; });
}

// Removes the last element that `is_ours`: ours were appended, one of the engine's that looks the
// same stands before it.
template <typename Predicate>
void remove_last(json::Value* list, Predicate is_ours) {
  if (!list) return;
  auto& items = list->items();
  auto found = std::find_if(items.rbegin(), items.rend(), is_ours);
  if (found != items.rend()) items.erase(std::next(found).base());
}

json::Value* find_path(json::Value& value, std::initializer_list<std::string_view> names) {
  json::Value* at = &value;
  for (std::string_view name : names) {
    at = at->find(name);
    if (!at) return nullptr;
  }
  return at;
}

json::Value earlier_record(const json::Value& spec) {
  const std::string& text = spec["annotations"][kEditAnnotation].text();
  if (text.empty()) return {};
  auto record = json::parse(text, kEditAnnotation);
  return record ? std::move(*record) : json::Value();
}

bool remove_hooks(json::Value& spec) {
  json::Value* hooks = spec.find("hooks");
  if (!hooks) return false;
  bool removed = false;
  for (const char* stage : kHookStages) {
    json::Value* list = hooks->find(stage);
    if (!list) continue;
    size_t before = list->items().size();
    std::erase_if(list->items(), [](const json::Value& hook) {
      json::Value one;
      one.at("hooks").at("prestart").push(hook);
      return has_gpu_hook(one);
    });
    removed = removed || list->items().size() != before;
    if (list->items().empty() && before > 0) hooks->remove(stage);
  }
  if (removed && hooks->members().empty()) spec.remove("hooks");
  return removed;
}

// "replaced": where a variable of the specification's own was changed, and how.
void restore_variables(json::Value* variables, const json::Value& record) {
  auto equal = [](const json::Value& wanted) {
    return [&wanted](const json::Value& item) { return item == wanted; };
  };
  for (const json::Value& entry : record["env"].items()) remove_last(variables, equal(entry));
  if (!variables) return;
  auto& items = variables->items();
  for (const json::Value& change : record["replaced"].items()) {
    auto at = static_cast<size_t>(change["at"].as_int().value_or(-1));
    if (at < items.size() && items[at] == change["now"]) items[at] = change["was"];
  }
}

void undo(json::Value& spec, const json::Value& record) {
  auto by_text = [](std::string_view key, const json::Value& wanted) {
    return [key, &wanted](const json::Value& item) { return item[key].text() == wanted.text(); };
  };
  auto equal = [](const json::Value& wanted) {
    return [&wanted](const json::Value& item) { return item == wanted; };
  };
  for (const json::Value& target : record["mounts"].items())
    remove_last(spec.find("mounts"), by_text("destination", target));
  json::Value* devices = find_path(spec, {"linux", "devices"});
  for (const json::Value& path : record["devices"].items())
    remove_last(devices, by_text("path", path));
  json::Value* rules = find_path(spec, {"linux", "resources", "devices"});
  for (const json::Value& numbers : record["rules"].items()) {
    if (numbers.items().size() == 2)
      remove_last(rules, equal(allow_rule(numbers.items()[0], numbers.items()[1])));
  }
  json::Value* groups = find_path(spec, {"process", "user", "additionalGids"});
  for (const json::Value& group : record["groups"].items()) remove_last(groups, equal(group));
  restore_variables(find_path(spec, {"process", "env"}), record);
}

// Adds to the specification and writes down what was added.
class Editor {
 public:
  explicit Editor(json::Value& spec) : spec_(spec) {
    record_ = json::Value::object();
    for (const json::Value& mount : spec["mounts"].items())
      targets_.insert(mount["destination"].text());
  }

  void add_node(const plan::PlannedNode& node, bool as_mount) {
    if (as_mount) {
      add_mount(bind_mount(node.host_path, node.path, {"bind", "rprivate", "nosuid", "noexec"}));
    } else if (json::Value& list = spec_.at("linux").at("devices");
               !has_element(list, "path", node.path)) {
      list.push(device_entry(node));
      record_.at("devices").push(node.path);
    }
    spec_.at("linux").at("resources").at("devices").push(allow_rule(node.major, node.minor));
    json::Value& numbers = record_.at("rules").push(json::Value::array());
    numbers.push(node.major);
    numbers.push(node.minor);
  }

  void add_mount(json::Value mount) {
    const std::string& target = mount["destination"].text();
    if (!targets_.insert(target).second) return;
    record_.at("mounts").push(target);
    spec_.at("mounts").push(std::move(mount));
  }

  void add_group(uint32_t group) {
    json::Value& list = spec_.at("process").at("user").at("additionalGids");
    json::Value value(group);
    if (std::find(list.items().begin(), list.items().end(), value) != list.items().end()) return;
    record_.at("groups").push(value);
    list.push(std::move(value));
  }

  void add_variable(const plan::PlannedVariable& variable) {
    json::Value entry(cat(variable.name, "=", variable.value));
    json::Value& list = spec_.at("process").at("env");
    auto& items = list.items();
    bool found = false;
    for (size_t i = 0; i < items.size(); i++) {
      if (items[i].text().rfind(variable.name + "=", 0) != 0) continue;
      found = true;
      json::Value& change = record_.at("replaced").push(json::Value::object());
      change.set("at", static_cast<int64_t>(i));
      change.set("was", items[i]);
      change.set("now", entry);
      items[i] = entry;
    }
    if (found) return;
    record_.at("env").push(entry);
    list.push(std::move(entry));
  }

  void finish(bool hook, const std::string& bundle) {
    if (hook) record_.set("hook", true);
    if (!record_.members().empty() && !bundle.empty()) record_.set("bundle", bundle);
    if (!record_.members().empty()) {
      spec_.at("annotations").set(kEditAnnotation, json::write(record_));
    } else if (json::Value* annotations = spec_.find("annotations")) {
      annotations->remove(kEditAnnotation);
    }
  }

 private:
  json::Value& spec_;
  json::Value record_;
  std::set<std::string> targets_;  ///< of all mounts
};

}  // namespace

Result<void> check_shape(const json::Value& spec) {
  struct Shape {
    std::vector<std::string_view> path;
    json::Value::Type type;
  };
  using Type = json::Value::Type;
  const Shape shapes[] = {
      {{}, Type::kObject},
      {{"annotations"}, Type::kObject},
      {{"mounts"}, Type::kArray},
      {{"hooks"}, Type::kObject},
      {{"process"}, Type::kObject},
      {{"process", "env"}, Type::kArray},
      {{"process", "user"}, Type::kObject},
      {{"process", "user", "additionalGids"}, Type::kArray},
      {{"linux"}, Type::kObject},
      {{"linux", "devices"}, Type::kArray},
      {{"linux", "resources"}, Type::kObject},
      {{"linux", "resources", "devices"}, Type::kArray},
  };
  for (const Shape& shape : shapes) {
    const json::Value* at = &spec;
    std::string name;
    for (std::string_view part : shape.path) {
      at = &(*at)[part];
      name += cat(name.empty() ? "" : ".", part);
    }
    if (at->type() == shape.type || (at->is_null() && !shape.path.empty())) continue;
    return make_error(ErrorCode::kUsage,
                      cat("config.json: '", name.empty() ? "the document" : name, "' must be ",
                          shape.type == Type::kArray ? "a list" : "an object"));
  }
  return {};
}

void forget_foreign_edit(json::Value& spec, const std::string& bundle) {
  json::Value* annotations = spec.find("annotations");
  if (!annotations || !annotations->find(kEditAnnotation)) return;
  if (earlier_record(spec)["bundle"].text() != bundle) annotations->remove(kEditAnnotation);
}

std::vector<std::string> edited_mounts(const json::Value& spec) {
  return earlier_record(spec)["mounts"].as_strings();
}

std::vector<std::string> environment_before_edit(const json::Value& spec) {
  json::Value variables = spec["process"]["env"];
  restore_variables(&variables, earlier_record(spec));
  return variables.as_strings();
}

void edit_spec(json::Value& spec, const plan::Plan& plan, const EditOptions& options) {
  json::Value earlier = earlier_record(spec);
  undo(spec, earlier);
  bool hook = remove_hooks(spec) || earlier["hook"].as_bool() == true;
  Editor editor(spec);
  for (const plan::PlannedNode& node : plan.nodes) editor.add_node(node, options.nodes_as_mounts);
  for (const plan::PlannedMount& mount : plan.mounts) {
    std::vector<std::string> flags = {"bind", "rprivate", "nosuid", "nodev"};
    flags.emplace_back(mount.socket ? "noexec" : "ro");
    editor.add_mount(bind_mount(mount.source, mount.target, std::move(flags)));
  }
  if (!options.ld_cache_source.empty()) {
    editor.add_mount(bind_mount(options.ld_cache_source, "/etc/ld.so.cache",
                                {"bind", "rprivate", "nosuid", "nodev", "noexec", "ro"}));
  }
  for (size_t i = 0; i < plan.files.size() && i < options.file_sources.size(); i++) {
    editor.add_mount(bind_mount(options.file_sources[i], plan.files[i].target,
                                {"bind", "rprivate", "nosuid", "nodev", "noexec", "ro"}));
  }
  for (uint32_t group : plan.groups) editor.add_group(group);
  for (const plan::PlannedVariable& variable : plan.environment) editor.add_variable(variable);
  editor.finish(hook, options.bundle);
}

}  // namespace outboard::render
