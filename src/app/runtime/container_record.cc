// SPDX-License-Identifier: Apache-2.0
#include "app/runtime/container_record.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "host/state_file.h"

namespace outboard::runtime {

namespace {

// FNV-1a, 64 bit: short and stable; the id stays readable beside it.
std::string hash_text(const std::string& text) {
  uint64_t hash = 14695981039346656037ULL;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  static const char kHex[] = "0123456789abcdef";
  std::string out;
  for (int shift = 60; shift >= 0; shift -= 4) out += kHex[(hash >> shift) & 15];
  return out;
}

// The characters that runc takes in an id.
std::optional<std::string> file_name(const ContainerKey& key) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";
  if (key.id.empty() || key.id.size() > 200 || key.id.front() == '.' ||
      key.id.find_first_not_of(kPlain) != std::string::npos)
    return std::nullopt;
  return cat(key.id, "-", hash_text(key.runtime_root), ".json");
}

std::string directory(const std::string& state) {
  return join_path(state, "containers");
}

// Both are only ours: in a directory that others may write, ours could be another one tomorrow.
std::optional<UniqueFd> open_records(const std::string& state) {
  if (!host::open_state_directory(state)) return std::nullopt;
  return host::open_state_directory(directory(state));
}

std::optional<ContainerRecord> read_record(int dir, const std::string& name) {
  auto text = host::read_state_at(dir, name, 4U << 20);
  if (!text) return std::nullopt;
  auto document = json::parse(*text, name);
  if (!document) return std::nullopt;
  return ContainerRecord{
      (*document)["root"].text(),
      {(*document)["files"].as_strings(), (*document)["directories"].as_strings()},
      (*document)["cache"].as_strings(),
      (*document)["device"].as_uint().value_or(0),
      (*document)["inode"].as_uint().value_or(0)};
}

// What an earlier create of the same container made and nobody has taken away counts as ours still.
void add_earlier(ContainerRecord& now, std::optional<ContainerRecord> earlier) {
  if (!earlier || earlier->root != now.root) return;
  auto add = [](std::vector<std::string>& list, const std::vector<std::string>& more) {
    for (const std::string& path : more) {
      if (std::find(list.begin(), list.end(), path) == list.end()) list.push_back(path);
    }
  };
  add(earlier->made.files, now.made.files);
  add(earlier->made.directories, now.made.directories);
  now.made = std::move(earlier->made);
}

}  // namespace

bool ContainerRecord::operator==(const ContainerRecord& other) const {
  return root == other.root && made.files == other.made.files &&
         made.directories == other.made.directories && cache_paths == other.cache_paths &&
         device == other.device && inode == other.inode;
}

Result<void> save_record(const std::string& state, const ContainerKey& key,
                         ContainerRecord record) {
  auto name = file_name(key);
  if (!name)
    return make_error(ErrorCode::kUsage,
                      cat("container id '", printable(key.id), "' is no file name"));
  auto dir = open_records(state);
  if (!dir) {
    OB_CHECK(make_directories(state));
    if (auto top = host::open_state_directory(state))
      ::mkdirat(top->get(), file_name_of(directory(state)).c_str(), 0700);
    dir = open_records(state);
  }
  if (!dir) {
    return make_error(ErrorCode::kDenied,
                      cat("state directory '", directory(state),
                          "' can be written by other users, or is behind a symbolic link"),
                      cat("run 'sudo chown root: ", state, " ", directory(state),
                          " && sudo chmod go-w ", state, " ", directory(state), "'"));
  }
  add_earlier(record, read_record(dir->get(), *name));
  json::Value document;
  document.set("root", record.root);
  document.set("device", record.device);
  document.set("inode", record.inode);
  document.set("files", json::Value::array(record.made.files));
  document.set("directories", json::Value::array(record.made.directories));
  document.set("cache", json::Value::array(record.cache_paths));
  return replace_file_at(dir->get(), *name, json::write(document), {.mode = 0600});
}

std::optional<ContainerRecord> load_record(const std::string& state, const ContainerKey& key) {
  auto name = file_name(key);
  if (!name) return std::nullopt;
  auto dir = open_records(state);
  if (!dir) return std::nullopt;
  return read_record(dir->get(), *name);
}

void remove_record(const std::string& state, const ContainerKey& key) {
  auto name = file_name(key);
  auto dir = open_records(state);
  if (!name || !dir) return;
  remove_leftovers(dir->get(), *name);
  ::unlinkat(dir->get(), name->c_str(), 0);
}

}  // namespace outboard::runtime
