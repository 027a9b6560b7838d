// SPDX-License-Identifier: Apache-2.0
// The memo is lines of fields between tabs, not JSON: it is read at every start, and parsing it as
// JSON cost more than all the looking. A path with a tab or a newline in it is never kept.
#include "host/driver_memo.h"

#include <sys/stat.h>

#include <algorithm>
#include <ctime>

#include "base/files.h"
#include "base/text.h"
#include "host/state_file.h"

namespace outboard::host {

namespace {

constexpr const char* kMemoName = "driver-files";
constexpr std::string_view kFirstLine = "outboard driver files 1";
constexpr std::string_view kLastLine = "end";
constexpr size_t kMemoLimit = 4U << 20;
constexpr int64_t kSecond = 1'000'000'000;

using Fields = std::vector<std::string_view>;

int64_t nanoseconds(const struct timespec& time) {
  return int64_t{time.tv_sec} * kSecond + time.tv_nsec;
}

std::string key_line(const Facts& facts) {
  return cat("key\t", facts.roots.driver, "\t", facts.simulated ? "simulated" : "", "\t",
             facts.boot_id.value_or(""), "\t", facts.kernel.value_or(""), "\t",
             facts.module_version.value_or(""));
}

// "seen PATH" for what is missing, else with device, inode, modification and change time.
std::string seen_line(const Root& root, const std::string& path, int64_t* newest) {
  auto status = root.find_status(path);
  if (!status) return cat("seen\t", path);
  int64_t modified = nanoseconds(status->st_mtim), changed = nanoseconds(status->st_ctim);
  if (newest) *newest = std::max({*newest, modified, changed});
  return cat("seen\t", path, "\t", status->st_dev, "\t", status->st_ino, "\t", modified, "\t",
             changed);
}

std::string file_line(const DriverFile& file) {
  return cat("file\t", static_cast<int>(file.kind), "\t", file.elf_class, "\t", file.path, "\t",
             file.name, "\t", file.soname.value_or(""), "\t", file.version.value_or(""), "\t",
             file.found_as.value_or(""));
}

std::optional<std::string> text_or_nothing(std::string_view field) {
  if (field.empty()) return std::nullopt;
  return std::string(field);
}

bool read_file_line(const Fields& fields, Facts& facts) {
  if (fields.size() != 8) return false;
  auto kind = parse_number<int>(fields[1]);
  auto elf_class = parse_number<int>(fields[2]);
  if (!kind || *kind < 0 || *kind > static_cast<int>(FileKind::kSocket) || !elf_class) return false;
  facts.files.push_back({static_cast<FileKind>(*kind), std::string(fields[3]),
                         std::string(fields[4]), text_or_nothing(fields[5]), *elf_class,
                         text_or_nothing(fields[6]), text_or_nothing(fields[7])});
  return true;
}

// One line of a memo, checked against the root or taken into `facts`. False: the memo does not
// hold.
bool take_line(std::string_view line, const Root& root, Facts& facts) {
  Fields fields = split(line, '\t');
  if (fields.empty()) return false;
  if (fields[0] == "seen")
    return fields.size() > 1 && seen_line(root, std::string(fields[1]), nullptr) == line;
  if (fields[0] == "file") return read_file_line(fields, facts);
  if (fields.size() != 2) return false;
  if (fields[0] == "version") {
    facts.library_version = std::string(fields[1]);
  } else if (fields[0] == "directory") {
    facts.driver_library_directories.emplace_back(fields[1]);
  } else {
    return false;
  }
  return true;
}

// What is missing below a missing directory needs no look of its own: the topmost missing one
// stands for all.
std::vector<std::string> to_look_at(const Root& root, const std::vector<std::string>& seen) {
  std::vector<std::string> paths;
  for (std::string path : seen) {
    if (!root.exists(path)) {
      for (std::string parent = directory_of(path); parent.size() > 1 && !root.exists(parent);
           parent = directory_of(path))
        path = parent;
    }
    paths.push_back(std::move(path));
  }
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return paths;
}

}  // namespace

bool recall_driver_files(const std::string& directory, const Root& root, Facts& facts) {
  auto text = read_state(directory, kMemoName, kMemoLimit);
  if (!text) return false;
  auto lines = split(*text, '\n');
  // The last line and the newline after it: a memo that was cut short is none.
  if (lines.size() < 4 || lines[0] != kFirstLine || lines[1] != key_line(facts) ||
      lines[lines.size() - 2] != kLastLine || !lines.back().empty())
    return false;
  Facts found;
  for (size_t i = 2; i + 2 < lines.size(); i++) {
    if (!take_line(lines[i], root, found)) return false;
  }
  facts.library_version = std::move(found.library_version);
  facts.driver_library_directories = std::move(found.driver_library_directories);
  facts.files = std::move(found.files);
  return true;
}

void remember_driver_files(const std::string& directory, const Root& root,
                           const std::vector<std::string>& seen, const Facts& facts) {
  std::vector<std::string> lines = {std::string(kFirstLine), key_line(facts)};
  int64_t newest = 0;
  for (const std::string& path : to_look_at(root, seen))
    lines.push_back(seen_line(root, path, &newest));
  struct timespec now {};
  ::clock_gettime(CLOCK_REALTIME, &now);
  if (newest > nanoseconds(now) - kSecond) return;
  if (facts.library_version) lines.push_back(cat("version\t", *facts.library_version));
  for (const std::string& path : facts.driver_library_directories)
    lines.push_back(cat("directory\t", path));
  for (const DriverFile& file : facts.files) lines.push_back(file_line(file));
  auto odd = [](const std::string& line) {
    size_t tabs = static_cast<size_t>(std::count(line.begin(), line.end(), '\t'));
    return line.find('\n') != std::string::npos || tabs > 7;
  };
  if (std::any_of(lines.begin(), lines.end(), odd)) return;
  lines.emplace_back(kLastLine);
  write_state(directory, kMemoName, join(lines, "\n") + "\n");
}

}  // namespace outboard::host
