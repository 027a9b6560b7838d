// SPDX-License-Identifier: Apache-2.0
#include "render/describe.h"

#include <algorithm>

#include "base/text.h"

namespace outboard::render {

static json::Value origin_json(const plan::Origin& origin) {
  json::Value value;
  value.set("rule", origin.rule);
  value.set("fact", origin.fact);
  return value;
}

static std::string octal(uint32_t mode) {
  std::string digits;
  for (int shift = 6; shift >= 0; shift -= 3)
    digits += static_cast<char>('0' + ((mode >> shift) & 7));
  return "0" + digits;
}

std::string plan_text(const plan::Plan& plan) {
  struct Line {
    std::string kind, what, why;
  };
  std::vector<Line> lines;
  auto why = [](const plan::Origin& origin) { return cat(origin.rule, "; ", origin.fact); };
  for (const plan::PlannedNode& node : plan.nodes) {
    lines.push_back(
        {"device",
         cat(node.path, " (", node.major, ":", node.minor, node.exists ? "" : ", to be made", ")"),
         why(node.origin)});
  }
  for (const plan::PlannedMount& mount : plan.mounts) {
    lines.push_back({mount.socket ? "socket" : "mount", mount.target,
                     cat(why(mount.origin), " (from ", mount.source, ")")});
  }
  for (const plan::PlannedCacheEntry& entry : plan.cache) {
    lines.push_back({"cache", cat(entry.soname, entry.elf_class == 32 ? " (32 bit)" : ""),
                     cat("ld.so.cache entry for ", entry.path)});
  }
  for (const plan::PlannedVariable& variable : plan.environment)
    lines.push_back({"env", cat(variable.name, "=", variable.value), why(variable.origin)});
  for (const plan::PlannedFile& file : plan.files)
    lines.push_back({"file", file.target, why(file.origin)});
  for (uint32_t group : plan.groups)
    lines.push_back({"group", cat(group), "the mode of a device node needs it"});
  for (const std::string& link : plan.char_links) {
    lines.push_back({"host", cat("/dev/char/", link),
                     "made on the host: systemd drops device rules without it at daemon-reload"});
  }
  for (const std::string& note : plan.notes) lines.push_back({"note", note, ""});
  size_t width = 0;
  for (const Line& line : lines) {
    if (!line.why.empty()) width = std::max(width, line.what.size());
  }
  std::string out =
      plan.simulated ? "simulated machine: no real GPU is behind these devices\n" : "";
  for (const Line& line : lines) {
    out += cat(line.kind, std::string(8 - std::min<size_t>(line.kind.size(), 7), ' '),
               printable(line.what, 400));
    if (!line.why.empty())
      out += cat(std::string(width - line.what.size() + 2, ' '), printable(line.why, 600));
    out += '\n';
  }
  return out;
}

json::Value plan_json(const plan::Plan& plan) {
  json::Value root;
  root.set("simulated", plan.simulated);
  for (const char* name :
       {"nodes", "mounts", "cache", "environment", "files", "groups", "charLinks", "notes"})
    root.set(name, json::Value::array());
  for (const plan::PlannedNode& node : plan.nodes) {
    json::Value& entry = root.at("nodes").push(json::Value::object());
    entry.set("path", node.path);
    entry.set("hostPath", node.host_path);
    entry.set("major", node.major);
    entry.set("minor", node.minor);
    entry.set("mode", octal(node.mode));
    entry.set("uid", node.uid);
    entry.set("gid", node.gid);
    entry.set("exists", node.exists);
    entry.set("origin", origin_json(node.origin));
  }
  for (const plan::PlannedMount& mount : plan.mounts) {
    json::Value& entry = root.at("mounts").push(json::Value::object());
    entry.set("source", mount.source);
    entry.set("target", mount.target);
    entry.set("socket", mount.socket);
    entry.set("origin", origin_json(mount.origin));
  }
  for (const plan::PlannedCacheEntry& entry : plan.cache) {
    json::Value& value = root.at("cache").push(json::Value::object());
    value.set("soname", entry.soname);
    value.set("path", entry.path);
    value.set("elfClass", entry.elf_class);
  }
  for (const plan::PlannedVariable& variable : plan.environment) {
    json::Value& value = root.at("environment").push(json::Value::object());
    value.set("name", variable.name);
    value.set("value", variable.value);
    value.set("origin", origin_json(variable.origin));
  }
  for (const plan::PlannedFile& file : plan.files) {
    json::Value& value = root.at("files").push(json::Value::object());
    value.set("target", file.target);
    value.set("content", file.content);
    value.set("origin", origin_json(file.origin));
  }
  if (plan.compat) {
    json::Value& value = root.at("compat");
    value.set("directory", plan.compat->directory);
    value.set("version", plan.compat->version);
    value.set("sonames", json::Value::array(plan.compat->sonames));
  }
  for (uint32_t group : plan.groups) root.at("groups").push(group);
  for (const std::string& link : plan.char_links) root.at("charLinks").push(link);
  for (const std::string& note : plan.notes) root.at("notes").push(note);
  return root;
}

}  // namespace outboard::render
